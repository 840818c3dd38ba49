"""The reads of the soak. Each sends one request to one replica and has the response checked."""

import json
import random
import re
from urllib.parse import quote

WIDTHS = (64, 160, 320)
ACCEPTS = (None, None, "image/webp,*/*", "image/avif,image/webp,*/*")
IMAGES, METADATA = "/api/v1/images", "/api/v1/metadata"
CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)$")


def image(key, query=""):
    return f"{IMAGES}/{quote(key.path)}{'?' + query if query else ''}"


class Reads:
    def __init__(self, checker, shards):
        self.checker = checker
        # Keys by the folder in which they are listed.
        self.shards = shards

    async def _get(self, what, key, replica, query="", headers=None, method="GET"):
        return await self.checker.read(what, key, replica, image(key, query), headers, method)

    async def _is_absent(self, key, answer, bound=None):
        """Checks a 404, or records that the status is unexpected."""
        if answer.status == 404:
            await self.checker.judge(key, answer, None, bound)
        else:
            self.checker.report("unexpected status", answer, key)

    async def original(self, key, replica):
        answer = await self._get("original", key, replica)
        if answer is None:
            return None
        if answer.status == 200:
            return await self.checker.whole(key, answer)
        return await self._is_absent(key, answer)

    async def asking_the_store(self, key, replica):
        """The present version in the store: a version that this replica does not know forces a request to the store.
        Returns the tag of the response, and the version if it could be checked."""
        answer = await self._get("original, unknown v=", key, replica, "v=none")
        if answer is None:
            return None, None
        if answer.status == 200:
            return answer.headers.get("ETag"), await self.checker.whole(key, answer, bound=0)
        await self._is_absent(key, answer, bound=0)
        return None, None

    async def conditional(self, key, replica):
        known = _recent(key)
        if known is None:
            return await self.original(key, replica)
        answer = await self._get("original, If-None-Match", key, replica, headers={"If-None-Match": known.etag})
        if answer is None:
            return
        if answer.status == 304:
            if answer.headers.get("ETag") != known.etag or answer.body:
                self.checker.report("wrong 304", answer, key)
            await self.checker.judge(key, answer, known.etag)
        elif answer.status == 200:
            if answer.headers.get("ETag") == known.etag:
                self.checker.report("200 where 304 was due", answer, key)
            await self.checker.whole(key, answer)
        else:
            await self._is_absent(key, answer)

    async def head(self, key, replica):
        answer = await self._get("original, HEAD", key, replica, method="HEAD")
        if answer is None:
            return
        if answer.status == 200:
            etag = answer.headers.get("ETag")
            if await self.checker.judge(key, answer, etag) and etag in key.versions:
                self.checker.describes(key, answer, key.versions[etag])
        else:
            await self._is_absent(key, answer)

    async def part(self, key, replica):
        first = random.randrange(8000)
        wanted = random.choice((f"{first}-{first + random.randrange(6000)}", f"{first}-", f"-{first + 1}", "9999999-"))
        headers = {"Range": f"bytes={wanted}"}
        known = _recent(key)
        if known is not None and random.random() < 0.3:
            headers["If-Range"] = known.etag
        answer = await self._get("original, Range", key, replica, headers=headers)
        if answer is None:
            return
        etag = answer.headers.get("ETag")
        if answer.status == 200:
            if headers.get("If-Range") in (None, etag):
                self.checker.report("200 where 206 was due", answer, key)
            await self.checker.whole(key, answer)
        elif answer.status == 206:
            if headers.get("If-Range", etag) != etag:
                self.checker.report("206 where 200 was due", answer, key)
            if await self.checker.judge(key, answer, etag):
                self._check_part(key, answer, wanted)
        elif answer.status == 416:
            if wanted != "9999999-":
                self.checker.report("416 for a range that is there", answer, key)
        else:
            await self._is_absent(key, answer)

    def _check_part(self, key, answer, wanted):
        version = key.versions.get(answer.headers.get("ETag"))
        found = CONTENT_RANGE.match(answer.headers.get("Content-Range", ""))
        if version is None or version.body is None:
            self.checker.counts["parts of versions whose bytes are not known"] += 1
            return
        size = len(version.body)
        start, _, end = wanted.partition("-")
        expected = (size - int(end), size) if not start else (int(start), min(int(end or size) + 1, size))
        if found is None or (int(found[1]), int(found[2]) + 1, int(found[3])) != (*expected, size):
            self.checker.report("wrong Content-Range", answer, key, wanted=wanted, size=size)
        elif answer.body != version.body[slice(*expected)]:
            self.checker.report("wrong bytes", answer, key, detail=f"of the range {wanted}")
        else:
            self.checker.counts["parts checked"] += 1

    async def versioned(self, key, replica):
        """By the URL from the metadata: either this exact version as immutable, or the present version without that."""
        known = _recent(key, deep=3)
        if known is None or known.name is None:
            return await self.original(key, replica)
        width = random.choice((None, None, *WIDTHS))
        query = f"v={known.name}" + (f"&w={width}&format=jpeg" if width else "")
        answer = await self._get("rendition, v=" if width else "original, v=", key, replica, query)
        if answer is None:
            return
        is_for_good = "immutable" in answer.headers.get("Cache-Control", "")
        if answer.status != 200:
            return await self._is_absent(key, answer, bound=0)
        if width:
            await self.checker.rendition(key, answer, width, None if is_for_good else 0)
            corners = key.renditions.get(answer.headers.get("ETag"), (None, None))[1]
            if is_for_good and known.corners is not None and corners is not None and corners != known.corners:
                self.checker.report("another version kept for good", answer, key, asked=known.etag)
            return
        is_asked = answer.headers.get("ETag") == known.etag
        if is_for_good != is_asked:
            self.checker.report("wrong lifetime of a version", answer, key, asked=known.etag)
        await self.checker.whole(key, answer, None if is_asked else 0)

    async def rendition(self, key, replica):
        width, accept = random.choice(WIDTHS), random.choice(ACCEPTS)
        headers = {"Accept": accept} if accept else {}
        seen = random.choice(list(key.renditions)) if key.renditions and random.random() < 0.2 else None
        if seen:
            headers["If-None-Match"] = seen
        answer = await self._get("rendition", key, replica, f"w={width}", headers)
        if answer is None:
            return
        if answer.headers.get("Vary") != "Accept":
            self.checker.report("no Vary", answer, key)
        if answer.status == 200:
            await self.checker.rendition(key, answer, width)
        elif answer.status == 304 and seen and answer.headers.get("ETag") == seen:
            await self.checker.shows(key, answer, key.renditions[seen][1])
        else:
            await self._is_absent(key, answer)

    async def metadata(self, key, replica):
        answer = await self.checker.read("metadata", key, replica, f"{METADATA}/{quote(key.path)}")
        if answer is None:
            return
        if answer.status != 200:
            return await self._is_absent(key, answer)
        document = json.loads(answer.body)
        etag = document["etag"]
        if answer.headers.get("ETag") != etag or document["path"] != key.path:
            self.checker.report("wrong metadata", answer, key, document=document)
        if await self.checker.judge(key, answer, etag) and etag in key.versions:
            version = key.versions[etag]
            version.name = version.name or document["version"]
            if version.size not in (None, document["bytes"]) or version.name != document["version"]:
                self.checker.report("wrong metadata", answer, key, document=document)

    async def listing(self, _, replica):
        """A whole folder: every image that existed all the time is listed once, with the version that it had."""
        folder = random.choice(list(self.shards))
        limit = random.choice((1000, 1000, 64))
        cursor, items, first = "", [], None
        while cursor is not None:
            query = f"prefix={quote(folder)}&limit={limit}" + (f"&cursor={quote(cursor)}" if cursor else "")
            answer = await self.checker.ask("listing", replica, "GET", f"{IMAGES}?{query}")
            if answer.status != 200:
                return self.checker.report("unexpected status", answer)
            page = json.loads(answer.body)
            items += page["items"]
            cursor, first = page["cursor"], first or answer
        answer.began = first.began
        found = {item["path"]: item["etag"] for item in items}
        if len(found) != len(items) or not found.keys() <= self.shards[folder].keys():
            self.checker.report("wrong listing", answer, detail="a path twice, or one that is not ours")
        for path, key in self.shards[folder].items():
            # From the store itself, so there is no bound.
            await self.checker.judge(key, answer, found.get(path), bound=0)


def _recent(key, deep=2):
    """One of the last versions of this path."""
    etags = [write.etag for write in key.history[-deep:] if write.etag]
    return key.versions[random.choice(etags)] if etags else None
