"""What the parts share: rows of the table, requests over a socket as bytes, and pictures."""

import collections
import http.client
import os
import re
import socket
import subprocess
import sys
from dataclasses import dataclass

HOST = "127.0.0.1"
IMAGES = "/api/v1/images/"


@dataclass
class Row:
    what: str
    measured: str
    limit: str
    holds: bool


def say(*what):
    print("==", *what, file=sys.stderr, flush=True)


class Findings:
    """What must not happen, and examples of it."""

    def __init__(self):
        self.counts = collections.Counter()

    def note(self, what, example):
        self.counts[what] += 1
        if self.counts[what] <= 10:
            say(f"FOUND {what}: {example}")

    def row(self, what, *kinds):
        found = sum(self.counts[kind] for kind in kinds)
        return Row(what, str(found), "0", found == 0)


def make_key(scopes, prefixes=None):
    """The secret of a new API key, and its entry for API_KEYS."""
    name = "k" + os.urandom(4).hex()
    arguments = ["key", name, "--scopes", scopes] + (["--prefixes", prefixes] if prefixes else [])
    made = subprocess.run([os.environ["TINTYPE_BIN"], *arguments], env={}, check=True, capture_output=True,
                          text=True).stdout
    return tuple(re.search(rf"{name}:\s+(.+)", made).group(1) for name in ("secret", "entry"))


def picture(number=0):
    """A small JPEG; another number gives other bytes."""
    ppm = b"P6\n16 16\n255\n" + bytes((number * 31 + place * 7) % 256 for place in range(16 * 16 * 3))
    return subprocess.run(["cjpeg", "-quality", "90"], input=ppm, stdout=subprocess.PIPE, check=True).stdout


class Peer:
    """A connection that sends bytes as they are, and is made anew if the server has closed it.

    Each new one comes from another address of 127.0.0.0/8, so that ports do not run out."""

    _addresses = 0

    def __init__(self, port, timeout=30):
        self.port, self.timeout, self.sock = port, timeout, None

    def _connect(self):
        Peer._addresses += 1
        source = f"127.9.{Peer._addresses // 200 % 200 + 1}.{Peer._addresses % 200 + 1}"
        self.sock = socket.create_connection((HOST, self.port), self.timeout, source_address=(source, 0))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        if self.sock:
            self.sock.close()
        self.sock = None

    def ask(self, request, method=b"GET"):
        """Sends the bytes of one request. Returns status, header fields and body; status None if the connection ends
        without an answer."""
        for fresh in (self.sock is None, True):
            if self.sock is None:
                self._connect()
            try:
                self.sock.sendall(request)
                answer = self._read(method)
            except (ConnectionError, http.client.HTTPException):
                answer = None
            if answer is not None:
                return answer
            self.close()
            if fresh:
                return None, {}, b""
            # The server may close an idle connection at any time. That is no answer to this request.
        return None, {}, b""

    def _read(self, method):
        response = http.client.HTTPResponse(self.sock, method=method.decode("latin-1"))
        response.begin()
        body = response.read()
        fields = {name.lower(): value for name, value in response.getheaders()}
        if response.will_close:
            self.close()
        return response.status, fields, body


def request(method, target, fields=(), body=None):
    """The bytes of a request. Everything but `fields` is bytes and is sent as it is."""
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: localhost"]
    lines += [f"{name}: {value}".encode() for name, value in fields]
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")
