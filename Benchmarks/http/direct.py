"""A keep-alive client for both ways, through Tintype and directly to SeaweedFS.

The signature of a direct request, including the SHA-256 of the body, is computed before the clock starts. So Tintype is
compared with the store alone."""

import hashlib
import http.client
import socket
import time

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from servers import ACCESS_KEY, BUCKET, SECRET_KEY


class Client:
    def __init__(self, port):
        self.port = port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def prepare(self, method, key, body):
        """Path and header fields of the request."""
        return f"/api/v1/images/{key}", {}

    def request(self, method, key, body=None):
        """Seconds from the first byte sent to the last byte of the response, and the body of the response."""
        path, headers = self.prepare(method, key, body)
        began = time.perf_counter()
        self.connection.request(method, path, body=body, headers=headers)
        answer = self.connection.getresponse()
        content = answer.read()
        seconds = time.perf_counter() - began
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path} on port {self.port}: {answer.status} {content[:300]!r}")
        return seconds, content

    def close(self):
        self.connection.close()


class DirectClient(Client):
    def prepare(self, method, key, body):
        path = f"/{BUCKET}/{key}"
        request = AWSRequest(method, f"http://127.0.0.1:{self.port}{path}", data=body)
        request.context["payload_signing_enabled"] = True
        if body is not None:
            request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(body).hexdigest()
        S3SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", "us-east-1").add_auth(request)
        return path, {"Content-Type": "image/jpeg", **dict(request.headers.items())}
