"""Sends requests to the replicas and compares each response with the model. Errors are recorded at once and do not end
the run."""

import asyncio
import collections
import hashlib
import json
import math
import sys
import time
from dataclasses import dataclass

import aiohttp
from yarl import URL

import coded
from model import Version


@dataclass
class Answer:
    status: int
    headers: object
    body: bytes
    began: float
    ended: float
    replica: int
    request: str


class Cut(Exception):
    """No complete response came."""


class Checker:
    def __init__(self, ports, bound, errors):
        self.ports = ports
        self.bound = bound
        self.file = errors
        self.zero = time.monotonic()
        self.counts = collections.Counter()
        self.errors = collections.Counter()
        self.seconds = collections.defaultdict(list)
        self.session = None

    async def __aenter__(self):
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=10), auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=60), skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"))
        return self

    async def __aexit__(self, *_):
        await self.session.close()

    # MARK: Errors

    def report(self, kind, answer, key=None, **details):
        self.errors[kind] += 1
        line = {"at": round(time.monotonic() - self.zero, 3), "kind": kind, **details}
        if answer is not None:
            line |= {
                "request": answer.request, "replica": answer.replica, "status": answer.status,
                "began": round(answer.began - self.zero, 3), "ended": round(answer.ended - self.zero, 3),
                "headers": {name: answer.headers.get(name) for name in (
                    "ETag", "Cache-Control", "Cache-Status", "Content-Type", "Content-Range", "X-Request-Id")
                    if name in answer.headers},
            }
            if answer.status >= 400:
                line["body"] = answer.body[:300].decode("utf-8", "replace")
        if key is not None:
            line["history"] = key.describe(self.zero)
        text = json.dumps(line)
        self.file.write(text + "\n")
        self.file.flush()
        if self.errors[kind] <= 5:
            print("ERROR " + text, file=sys.stderr, flush=True)

    # MARK: Requests

    async def ask(self, what, replica, method, path, headers=None, body=None):
        url = URL(f"http://127.0.0.1:{self.ports[replica]}{path}", encoded=True)
        request = f"{method} {path} {headers or ''}"
        began = time.monotonic()
        self.counts[what] += 1
        try:
            async with self.session.request(
                    method, url, headers=headers, data=body, allow_redirects=False) as response:
                content = await response.read()
                answer = Answer(
                    response.status, response.headers, content, began, time.monotonic(), replica, request)
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
            answer = Answer(0, {}, b"", began, time.monotonic(), replica, request)
            raise Cut(f"{type(error).__name__}: {error}", answer) from error
        self.seconds[what].append(answer.ended - began)
        self.counts[f"status {answer.status}"] += 1
        if answer.status >= 500:
            self.report("5xx", answer)
        return answer

    async def read(self, what, key, replica, path, headers=None, method="GET"):
        """The response to a read; None if the read rightly failed because the image was being replaced."""
        try:
            answer = await self.ask(what, replica, method, path, headers)
        except Cut as cut:
            broken = cut.args[1]
            if self._is_disturbed(key, broken):
                self.counts["reads cut off by a write"] += 1
            else:
                self.report("cut off", broken, key, error=cut.args[0])
            return None
        if answer.status >= 500:
            return None
        if answer.status == 409:
            if self._is_disturbed(key, answer):
                self.counts["reads rejected beside a write (409)"] += 1
            else:
                self.report("409 without a write", answer, key)
            return None
        return answer

    def _is_disturbed(self, key, answer):
        """Whether a write was running during this read, or so shortly before that the replica did not know of it."""
        return any(w.began <= answer.ended and w.ended + self.bound >= answer.began for w in key.history)

    # MARK: Checks

    async def settle(self, key, answer):
        """Waits for the responses to rotates that may have made the content of this response."""
        for rotation in key.open_rotations(answer.ended):
            await rotation.done.wait()

    async def judge(self, key, answer, etag, bound=None):
        """Whether this version (None: no image) may have been the content of the path."""
        self.counts["versions judged"] += 1
        bound = self.bound if bound is None else bound
        age = key.age(etag, answer.replica, answer.began, answer.ended, bound)
        if age is None:
            return True
        await self.settle(key, answer)
        age = key.age(etag, answer.replica, answer.began, answer.ended, bound)
        if age is None or key.is_lost:
            return True
        if age < math.inf or etag in key.versions:
            self.report("stale", answer, key, version=etag, seconds=None if age == math.inf else round(age, 3))
        else:
            self.report("unknown version", answer, key, version=etag)
        return False

    async def whole(self, key, answer, bound=None):
        """A complete original: bytes, tag, type and version."""
        etag, body = answer.headers.get("ETag", ""), answer.body
        if not await self.judge(key, answer, etag, bound):
            return None
        version = key.versions.get(etag)
        if version is None:
            return None
        self.counts["bodies checked"] += 1
        digest = hashlib.sha256(body).hexdigest()
        if version.sha256 is None:
            # Made by a rotate: its tag is the MD5 of the stored bytes.
            if f'"{hashlib.md5(body).hexdigest()}"' != etag:
                self.report("wrong bytes", answer, key, detail="not those of its tag")
                return None
            version.sha256, version.size, version.source = digest, len(body), body
        elif digest != version.sha256:
            self.report("wrong bytes", answer, key, detail=f"{len(body)} bytes of {digest}")
            return None
        self.describes(key, answer, version)
        return version

    def describes(self, key, answer, version):
        """Length and type, as in the head of the response."""
        length, type = answer.headers.get("Content-Length"), answer.headers.get("Content-Type")
        if version.size is not None and length != str(version.size):
            self.report("wrong length", answer, key, expected=version.size, found=length)
        if hasattr(version.source, "base") and type != coded.MEDIA_TYPES[version.source.base.format]:
            self.report("wrong type", answer, key, found=type)

    async def rendition(self, key, answer, width, bound=None):
        """A complete rendition: it decodes, has the width, and its corners are those of a version that is allowed. One
        tag stands for one sequence of bytes, whichever replica made it."""
        etag = answer.headers.get("ETag", "")
        digest = hashlib.sha256(answer.body).digest()
        self.counts["renditions checked"] += 1
        try:
            format, found, _, corners = coded.read(answer.body)
        except Exception as error:  # noqa: BLE001: whatever Pillow throws
            self.report("broken rendition", answer, key, error=repr(error))
            return
        if coded.MEDIA_TYPES.get(format) != answer.headers.get("Content-Type") or found > width:
            self.report("wrong rendition", answer, key, detail=f"{format}, {found} wide")
        known = key.renditions.setdefault(etag, (digest, corners))
        if known[0] != digest:
            self.report("one tag, two renditions", answer, key)
        await self.shows(key, answer, corners, bound)

    async def shows(self, key, answer, corners, bound=None):
        """Whether a version with these corners is allowed."""
        bound = self.bound if bound is None else bound
        for attempt in range(2):
            found = [etag for etag, version in key.versions.items() if version.corners in (corners, None)]
            ages = [key.age(etag, answer.replica, answer.began, answer.ended, bound) for etag in found]
            if None in ages or key.is_lost:
                return
            if attempt == 0:
                await self.settle(key, answer)
        if found:
            self.report("stale", answer, key, corners=corners, seconds=round(min(ages), 3), versions=found)
        else:
            self.report("wrong pixels", answer, key, corners=corners)

    def learn(self, key, etag, picture=None, **known):
        """A version that a write is known to make."""
        version = key.versions.get(etag)
        if version is None:
            version = key.versions[etag] = Version(etag, **known)
        if picture is not None:
            version.source = picture
        return version
