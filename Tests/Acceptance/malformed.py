"""Requests that are no requests: valid ones with a few bytes changed, on the raw port. The seed is fixed."""

import collections
import concurrent.futures
import contextlib
import os
import random
import re
import socket
import time
from pathlib import Path

import servers
from common import HOST, Findings, Peer, Row, make_key, picture, request, say

MIB = 1 << 20
# Of the answers above 499, only these may follow from what a client sends.
MAY_BE_5XX = {501, 505}
MOST_MEMORY = 48 * MIB
MOST_DESCRIPTORS = 8


def seeds(secret, image):
    """Valid requests of every kind."""
    key = f"Authorization: Bearer {secret}\r\n".encode()
    host = b"Host: localhost\r\n"
    form = (b"--x\r\nContent-Disposition: form-data; name=\"prefix\"\r\n\r\nm/\r\n--x\r\nContent-Disposition: form-data; "
            b"name=\"f\"; filename=\"f.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n" + image + b"\r\n--x--\r\n")
    document = b'{"path":"m/a.jpg","query":"w=16","expiresIn":60}'
    chunks = b"%x;a=b\r\n%s\r\n0\r\nTrailer: x\r\n\r\n" % (len(image), image)
    path = b"/api/v1/images/m/a.jpg"
    yield b"GET " + path + b" HTTP/1.1\r\n" + host + b"\r\n"
    yield b"GET " + path + b"?w=16&format=png HTTP/1.1\r\n" + host + b"Accept: image/avif,*/*;q=0.5\r\n" + key + b"\r\n"
    yield b"GET " + path + b" HTTP/1.1\r\n" + host + b"Range: bytes=0-9\r\nIf-Range: \"x\"\r\n\r\n"
    yield b"HEAD " + path + b" HTTP/1.1\r\n" + host + b"If-None-Match: \"x\", W/\"y\"\r\n\r\n"
    yield b"GET " + path + b" HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    yield b"GET http://localhost" + path + b" HTTP/1.1\r\n" + host + b"\r\n"
    yield b"PUT " + path + b" HTTP/1.1\r\n" + host + key + b"Content-Length: %d\r\n\r\n" % len(image) + image
    yield (b"PUT " + path + b" HTTP/1.1\r\n" + host + key + b"Transfer-Encoding: chunked\r\nTrailer: x\r\n\r\n" + chunks)
    yield (b"PUT " + path + b" HTTP/1.1\r\n" + host + key + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(image)
           + image)
    yield (b"POST /api/v1/images HTTP/1.1\r\n" + host + key + b"Content-Type: multipart/form-data; boundary=x\r\n"
           b"Content-Length: %d\r\n\r\n" % len(form) + form)
    yield (b"POST /api/v1/signed-urls HTTP/1.1\r\n" + host + key + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
           % len(document) + document)
    yield (b"POST " + path + b"/rotate?degrees=90 HTTP/1.1\r\n" + host + key + b"If-Match: \"x\"\r\nContent-Length: 0\r\n\r\n")
    yield b"DELETE " + path + b" HTTP/1.1\r\n" + host + key + b"If-Match: *\r\n\r\n"
    yield b"GET /api/v1/images?prefix=m/&delimiter=/&limit=5 HTTP/1.1\r\n" + host + key + b"\r\n"
    yield b"OPTIONS * HTTP/1.1\r\n" + host + b"\r\n"
    yield (b"GET " + path + b" HTTP/1.1\r\n" + host + b"\r\n") * 3
    yield b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield b"GET /api/v1/access HTTP/1.1\r\n" + host + key + b"X-API-Key: x\r\n\r\n"


INSERTED = [
    b"\0", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\n\n", b" ", b"\t", b"\x0b", b"\x7f", b"\xff", b"\xc3\xa9", b":", b"%", b"%00", b"%zz",
    b"\r\n ", b"\r\n\t", b"Host: b\r\n", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: xchunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding:\x0bchunked\r\n",
    b"Content-Length: 0\r\n", b"Content-Length: 5, 5\r\n", b"Content-Length: -1\r\n", b"Content-Length: +5\r\n",
    b"Content-Length: 0x5\r\n", b"Content-Length: 18446744073709551616\r\n", b"Content-Length: 9223372036854775807\r\n",
    b"Connection: close, keep-alive\r\n", b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n", b"Expect: 100-continue\r\n", b"Expect: 200-ok\r\n", b"TE: trailers\r\n",
    b"Range: bytes=0-18446744073709551616\r\n", b"Range: bytes=" + b"0-0," * 900 + b"\r\n", b"Authorization: Bearer\r\n",
    b"X" * 5_000 + b": y\r\n", b"X: " + b"y" * 70_000 + b"\r\n", b"A: b\r\n" * 300, b"ffffffffffffffff\r\n", b"0\r\n\r\n", b"-1\r\n", b"5;" + b"e" * 20_000,
]
REPLACED = [
    (b"HTTP/1.1", b"HTTP/1.2"), (b"HTTP/1.1", b"HTTP/9.9"), (b"HTTP/1.1", b"HTTP/0.9"), (b"HTTP/1.1", b"http/1.1"), (b"HTTP/1.1", b"HTTP/1"),
    (b"HTTP/1.1", b"HTTP/2.0"), (b"HTTP/1.1", b"HTTP/1.11"), (b" HTTP/1.1", b""), (b" HTTP/1.1", b"  HTTP/1.1"), (b"\r\n", b"\n"), (b"\r\n", b"\r"),
    (b": ", b":"), (b": ", b" : "), (b"Host", b"host"), (b"localhost", b""), (b"localhost", b"a, b"), (b"localhost", b"a b"), (b"GET", b"get"),
    (b"GET", b"G\xc3\x89T"), (b"GET", b"TRACE"), (b"GET", b"CONNECT"), (b"PUT", b"PATCH"), (b"POST", b"PROPFIND"), (b"GET ", b"GET"), (b"/", b"\\"), (b"/", b"//"),
    (b"GET", b"X" * 9_000), (b"/api", b"/" + b"a" * 70_000), (b"?", b"?" + b"a=b&" * 5_000), (b"chunked", b"Chunked"), (b"chunked", b"chunked, chunked"),
    (b"boundary=x", b"boundary="), (b"boundary=x", b"boundary=" + b"b" * 300), (b"form-data", b"form-data; name=a; name=b"), (b"expiresIn", b"expiresIn\\u0000"),
    (b'"path"', b"[" * 3_000), (b"60", b"1e400"), (b"60", b"-60"),
]


def mutate(valid, draw):
    """One to three changes of a valid request."""
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        kind, at = draw.randrange(8), draw.randrange(len(valid) + 1)
        head = valid.find(b"\r\n\r\n") + 4
        if kind in (0, 1):
            at = draw.randrange(max(head, 1)) if draw.random() < 0.8 else at
            valid = valid[:at] + draw.choice(INSERTED) + valid[at:]
        elif kind == 2:
            # At the start of a line, where a field belongs.
            lines = [place + 2 for place in range(head - 3) if valid[place:place + 2] == b"\r\n"] or [0]
            at = draw.choice(lines)
            valid = valid[:at] + draw.choice(INSERTED) + valid[at:]
        elif kind == 3:
            old, new = draw.choice(REPLACED)
            valid = valid.replace(old, new, draw.choice((1, 1, 5)))
        elif kind == 4:
            end = min(len(valid), at + draw.choice((1, 1, 2, 8, 60)))
            valid = valid[:at] + valid[end:]
        elif kind == 5 and valid:
            at = min(at, len(valid) - 1)
            valid = valid[:at] + bytes([valid[at] ^ (1 << draw.randrange(8))]) + valid[at + 1:]
        elif kind == 6:
            valid = valid[:at]
        else:
            valid = valid[:at] + draw.randbytes(draw.choice((1, 4, 40))) + valid[at:]
        if not valid:
            valid = b"\r\n"
    return valid


def send(port, data, number):
    """What came back until the connection ended; None if it did not end."""
    with socket.create_connection((HOST, port), 20, source_address=(f"127.8.{number // 200 % 200 + 1}.{number % 200 + 1}", 0)) as sock:
        received = b""
        try:
            sock.sendall(data)
            sock.settimeout(0.3)
            with contextlib.suppress(TimeoutError):
                while some := sock.recv(1 << 16):
                    received += some
                return received
            # Nothing more comes: no more will be sent either, and what is unfinished stays unfinished.
            sock.settimeout(20)
            sock.shutdown(socket.SHUT_WR)
            while some := sock.recv(1 << 16):
                received += some
        except ConnectionError:
            pass
        except TimeoutError:
            return None
        return received


_STATUS = re.compile(rb"(?:^|\r\n|\})HTTP/1\.[01] (\d{3}) ")


def descriptors(server):
    return len(os.listdir(f"/proc/{server.pid}/fd"))


def settle(server, before):
    """How many descriptors there are more than before, after the connections have ended: the server reads on for up to
    five seconds after an early answer."""
    deadline = time.monotonic() + 20
    while (more := descriptors(server) - before) > MOST_DESCRIPTORS and time.monotonic() < deadline:
        time.sleep(0.2)
    return more


def run(folder, short):
    count, warm = (300, 100) if short else (2_000, 300)
    found, statuses = Findings(), collections.Counter()
    secret, entry = make_key("read write delete")
    image = picture(1)
    requests = list(seeds(secret, image))
    draw = random.Random(20_261_129)
    with servers.tintype(folder, API_KEYS=entry, RATE_LIMITS="failures=off", URL_SIGNING_KEYS="k1:" + "s" * 32) as server:
        check = Peer(server.port)
        check.ask(request(b"PUT", b"/api/v1/images/canary.jpg", [("Authorization", f"Bearer {secret}")], image), b"PUT")
        # Unchanged, each of them is understood: what the mutations start from is what it should be.
        valid = [send(server.port, one, number) for number, one in enumerate(requests)]
        refused = [one[:14].decode() for one, answer in zip(requests, valid)
                   if not answer or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 5"))]
        malformed = []
        while len(malformed) < warm + count:
            mutated = mutate(draw.choice(requests), draw)
            if mutated not in malformed and mutated not in requests:
                malformed.append(mutated)

        def attack(number):
            what = f"number {number}: {malformed[number][:300]!r}"
            try:
                answer = send(server.port, malformed[number], number)
            except OSError as error:
                return found.note("unreachable", f"{what}: {error}")
            if answer is None:
                return found.note("hanging", what)
            answers = list(map(int, _STATUS.findall(answer)))
            for status in answers:
                if status >= 500 and status not in MAY_BE_5XX:
                    found.note("5xx", f"{status} after {what}")
            statuses[answers[0] if answers else "none"] += 1
            # Another connection: what one client sends is nobody else's concern.
            peer = Peer(server.port)
            status, _, body = peer.ask(request(b"GET", b"/api/v1/images/canary.jpg"))
            peer.close()
            if status != 200 or body != image:
                found.note("next request", f"{status} after {what}")

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(attack, range(warm)))
            memory, opened = server.resident, descriptors(server)
            list(pool.map(attack, range(warm, warm + count)))
        more = settle(server, opened)
        grown = server.resident - memory
        alive = Path(f"/proc/{server.pid}").exists()
    yield Row("malformed requests", ", ".join(f"{n} × {status}" for status, n in sorted(statuses.items(), key=str)),
              f"{warm + count} sent", sum(statuses.values()) == warm + count)
    yield Row("refused of the unchanged requests", ", ".join(repr(one) for one in refused), "PRI",
              len(refused) == 1)
    yield found.row("5xx other than 501 and 505", "5xx")
    yield found.row("without an end of the connection after 20 s", "hanging")
    yield found.row("the next request of another client went wrong", "next request", "unreachable")
    yield Row("the process lives", "yes" if alive else "no", "yes", alive)
    yield Row("memory grown by", f"{grown / MIB:.0f} MiB", f"≤ {MOST_MEMORY // MIB} MiB", grown <= MOST_MEMORY)
    yield Row("descriptors grown by", str(more), f"≤ {MOST_DESCRIPTORS}", more <= MOST_DESCRIPTORS)
