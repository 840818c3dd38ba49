"""The writes of the soak. Each is recorded in the model when it begins and when it has been acknowledged."""

import asyncio
import hashlib
import itertools
import json
import random
import time

import coded
from checks import Cut
from reads import image

# The share of writes whose result all replicas check, at once and after the bound.
FOLLOWED = 0.1


class Writes:
    def __init__(self, checker, reads, bank):
        self.checker = checker
        self.reads = reads
        self.bank = bank
        self.serials = itertools.count(1)

    def picture(self, key):
        """A picture with colours that none of the last versions of this path has."""
        recent = {frozenset(key.versions[w.etag].corners or ()) for w in key.history[-4:] if w.etag in key.versions}
        while True:
            base = random.choice(self.bank)
            if frozenset(base.corners) not in recent:
                return coded.Picture(base, next(self.serials))

    async def _send(self, what, key, write, method, path, **options):
        """The response; None if it was lost, or if the write was rejected because of another one."""
        try:
            answer = await self.checker.ask(what, write.replica, method, path, **options)
        except Cut as cut:
            key.lose(write, time.monotonic())
            self.checker.report("cut off", cut.args[1], key, error=cut.args[0])
            return None
        if answer.status >= 500:
            key.lose(write, answer.ended)
            return None
        if answer.status == 409:
            if not self._is_crowded(key, write):
                self.checker.report("409 without another write", answer, key)
            self.checker.counts["writes rejected beside another one (409)"] += 1
            key.reject(write, answer.ended)
            return None
        return answer

    @staticmethod
    def _is_crowded(key, write):
        return any(w is not write and w.ended >= write.began for w in key.history)

    async def put(self, key, replica, condition=None, what="put"):
        """The status, after it is settled."""
        picture = self.picture(key)
        body = picture.body
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        version = self.checker.learn(
            key, etag, picture, size=len(body), sha256=hashlib.sha256(body).hexdigest(), corners=picture.base.corners)
        before = key.current()
        write = key.begin(what, replica, time.monotonic(), etag)
        answer = await self._send(
            what, key, write, "PUT", image(key), body=body, headers=None if condition is None else {
                "If-Match" if condition else "If-None-Match": condition or "*"})
        if answer is None:
            return None
        is_alone = before is not False and not self._is_crowded(key, write)
        if answer.status == 412 and condition is not None:
            if is_alone and (before == condition if condition else before is None):
                self.checker.report("412 where the condition held", answer, key, condition=condition, before=before)
            key.reject(write, answer.ended)
            return 412
        if answer.status not in (200, 201):
            self.checker.report("unexpected status", answer, key)
            key.lose(write, answer.ended)
            return answer.status
        document = json.loads(answer.body)
        if document["etag"] != etag or document["bytes"] != len(body):
            self.checker.report("wrong metadata", answer, key, document=document, expected=etag)
        if is_alone and ((answer.status == 201) != (before is None) or (condition and condition != before)):
            self.checker.report("wrong status", answer, key, before=before, condition=condition)
        version.name = document["version"]
        key.acknowledge(write, answer.ended, etag)
        await self.follow(key, write)
        return answer.status

    async def rotate(self, key, replica, change=None, what="rotate"):
        change = change or random.choice((
            {"degrees": 90}, {"degrees": 180}, {"degrees": 270}, {"flip": "horizontal"},
            {"degrees": 90, "flip": "vertical"}))
        write = key.begin("rotate", replica, time.monotonic())
        answer = await self._send(
            what, key, write, "POST", image(key) + "/rotate", body=json.dumps(change).encode(),
            headers={"Content-Type": "application/json"})
        if answer is None:
            return None
        if answer.status == 404:
            key.reject(write, answer.ended)
            await self.checker.judge(key, answer, None)
            return 404
        if answer.status != 200:
            self.checker.report("unexpected status", answer, key)
            key.lose(write, answer.ended)
            return answer.status
        document = json.loads(answer.body)
        etag = document["etag"]
        version = self.checker.learn(key, etag, size=document["bytes"])
        version.name = document["version"]
        key.acknowledge(write, answer.ended, etag)
        before = {key.versions[tag].corners for tag in key.before(write, answer.ended)}
        is_known = None not in before and not key.open_rotations(answer.ended)
        await self._fetch(key, write, version, None if not is_known else {
            coded.rotated(corners, change.get("degrees", 0), change.get("flip")) for corners in before})
        await self.follow(key, write)
        return 200

    async def _fetch(self, key, write, version, expected):
        """The bytes of a rotate, by its version, and whether they show one of the images that it may have found,
        rotated."""
        answer = await self.checker.read(
            "original, v=", key, write.replica, image(key, f"v={version.name}"))
        if answer is None or answer.status != 200 or answer.headers.get("ETag") != version.etag:
            # Replaced again. Otherwise the response is checked like any other.
            if answer is not None and answer.status == 200:
                await self.checker.whole(key, answer, bound=0)
            elif answer is not None:
                await self.checker.judge(key, answer, None, bound=0)
            return
        if await self.checker.whole(key, answer) is None:
            return
        corners = coded.read(answer.body)[3]
        if (expected is not None and corners not in expected) or version.corners not in (None, corners):
            self.checker.report("wrong rotation", answer, key, corners=corners, expected=sorted(expected or ()))
        version.corners = corners
        self.checker.counts["rotations checked"] += 1

    async def delete(self, key, replica):
        before = key.current()
        write = key.begin("delete", replica, time.monotonic())
        answer = await self._send("delete", key, write, "DELETE", image(key))
        if answer is None:
            return
        if answer.status == 404:
            key.reject(write, answer.ended)
            await self.checker.judge(key, answer, None)
        elif answer.status == 204:
            if before is None and not self._is_crowded(key, write):
                self.checker.report("wrong status", answer, key)
            key.acknowledge(write, answer.ended, None)
            await self.follow(key, write)
        else:
            self.checker.report("unexpected status", answer, key)
            key.lose(write, answer.ended)

    async def follow(self, key, write):
        """Reads the result of some writes at once on all replicas, and again after the bound."""
        if random.random() >= FOLLOWED or write.kind == "fill":
            return
        replicas = range(len(self.checker.ports))
        await asyncio.gather(*(self.reads.original(key, replica) for replica in replicas))
        await asyncio.sleep(max(0, write.ended + self.checker.bound + 0.001 - time.monotonic()))
        await asyncio.gather(*(
            read(key, replica) for replica in replicas for read in (self.reads.original, self.reads.rendition)))

    # MARK: Several writers at once

    async def race(self, key, _):
        """Three concurrent writers of one path, one at each replica, and no others: nothing may be lost."""
        if key.is_taken or key.under_way or key.is_lost:
            return
        key.is_taken = True
        try:
            before = key.current()
            if before is None:
                await self._race_creates(key)
            elif before is not False and random.random() < 0.5 and key.versions[before].corners:
                await self._race_rotations(key, key.versions[before].corners)
            else:
                await self._race_puts(key)
        finally:
            key.is_taken = False

    async def _race_creates(self, key):
        replicas = range(len(self.checker.ports))
        statuses = await asyncio.gather(*(self.put(key, replica, "", "put, racing") for replica in replicas))
        if sorted(status or 0 for status in statuses) != [201, 412, 412] and None not in statuses:
            self.checker.report("create-only lost", None, key, statuses=statuses)

    async def _race_rotations(self, key, corners):
        degrees = [random.choice((90, 180, 270)) for _ in self.checker.ports]
        statuses = await asyncio.gather(*(
            self.rotate(key, replica, {"degrees": angle}, "rotate, racing") for replica, angle in enumerate(degrees)))
        if any(status is None for status in statuses):
            return
        replica = random.randrange(len(self.checker.ports))
        etag, version = await self.reads.asking_the_store(key, replica)
        if version is None or version.body is None:
            return
        found = coded.read(version.body)[3]
        if found != coded.rotated(corners, sum(degrees) % 360):
            self.checker.report(
                "a rotation was lost", None, key, degrees=degrees, before=corners, after=found, etag=etag)
        self.checker.counts["races of rotations checked"] += 1

    async def _race_puts(self, key):
        replicas = range(len(self.checker.ports))
        await asyncio.gather(*(self.put(key, replica, what="put, racing") for replica in replicas))
        if key.is_lost:
            return
        # The winner is unknown, but all replicas must agree on it.
        await asyncio.sleep(self.checker.bound + 0.1)
        found = await asyncio.gather(*(self.reads.original(key, replica) for replica in replicas))
        if None not in found and len({version.etag for version in found}) > 1:
            self.checker.report("replicas disagree", None, key, found=[version.etag for version in found])
        self.checker.counts["races of uploads checked"] += 1
