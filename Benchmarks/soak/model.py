"""What each path may be answered with. Every write is kept with the moments at which it began and was acknowledged; an
answer is right where the version it shows may have been current within the bound."""

import asyncio
import math
from dataclasses import dataclass, field

# What a later write has replaced is of no interest once so many seconds have passed.
MEMORY = 120


@dataclass(eq=False)
class Version:
    """One state of a picture; known by its entity tag, which is the MD5 of its bytes on SeaweedFS."""

    etag: str
    # As `v=` in a URL names it.
    name: str | None = None
    size: int | None = None
    sha256: str | None = None
    corners: tuple | None = None
    # Bytes, or what makes them; None where they were never fetched whole.
    source: object = None

    @property
    def body(self):
        return self.source.body if hasattr(self.source, "body") else self.source


@dataclass(eq=False)
class Write:
    kind: str
    replica: int | None
    began: float
    # When it was acknowledged: infinite while it is under way, and for ever where its answer was lost.
    ended: float = math.inf
    # None: the path is empty. Of a rotation that is under way the tag is not known.
    etag: str | None = None
    is_open: bool = False
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def describe(self, zero):
        ended = "-" if math.isinf(self.ended) else f"{self.ended - zero:.3f}"
        what = "?" if self.is_open else self.etag or "absent"
        return f"{self.kind} at {self.replica}, {self.began - zero:.3f} to {ended}: {what}"


class Key:
    def __init__(self, path):
        self.path = path
        self.history = [Write("beginning", None, -math.inf, -math.inf)]
        self.history[0].done.set()
        self.versions = {}
        # Entity tag of a rendition: the SHA-256 of its bytes, and its corners.
        self.renditions = {}
        self.under_way = 0
        # Set where the answer to a rotation was lost: what is there then has bytes that nobody here knows.
        self.is_lost = False
        # Taken by what must be alone.
        self.is_taken = False

    # MARK: Writes

    def begin(self, kind, replica, now, etag=None):
        write = Write(kind, replica, now, etag=etag, is_open=kind == "rotate")
        self.history.append(write)
        self.under_way += 1
        return write

    def acknowledge(self, write, now, etag=None):
        write.etag, write.ended, write.is_open = etag, now, False
        self._end(write, now)

    def reject(self, write, now):
        """It has not happened."""
        self.history.remove(write)
        self._end(write, now)

    def lose(self, write, now):
        """It may have happened, or happen still."""
        self.is_lost = self.is_lost or write.is_open
        write.is_open = False
        self._end(write, now)

    def _end(self, write, now):
        write.done.set()
        self.under_way -= 1
        if len(self.history) > 8:
            self._forget(now)

    def _forget(self, now):
        old = now - MEMORY
        last = max((w.began for w in self.history if w.ended < old), default=-math.inf)
        self.history = [w for w in self.history if not w.ended < last]
        kept = {w.etag for w in self.history}
        for etag, version in self.versions.items():
            if etag not in kept and isinstance(version.source, bytes):
                version.source = None
        if len(self.renditions) > 60:
            self.renditions = dict(list(self.renditions.items())[-30:])

    def open_rotations(self, before):
        return [w for w in self.history if w.is_open and w.began <= before]

    # MARK: Judgement

    def age(self, etag, replica, began, ended, bound):
        """None where the version may be shown in answer to a request from `began` to `ended`; else for how many seconds
        it has not been current by then, infinite where it never was."""
        ages = [self._age(write, replica, began, bound) for write in self.history
                if not write.is_open and write.etag == etag and write.began <= ended]
        if None in ages:
            return None
        return min(ages, default=math.inf)

    def _age(self, write, replica, began, bound):
        age = None
        for later in self.history:
            if later.began > write.ended and later.ended < math.inf:
                # The replica that took the write knows of it at once.
                allowed = 0 if later.replica == replica else bound
                if later.ended + allowed < began:
                    age = max(age or 0, began - later.ended)
        return age

    def current(self):
        """The tag of what is there, where nothing is under way and the last writes did not overlap; else False."""
        if self.under_way or self.is_lost or any(w.ended == math.inf for w in self.history):
            return False
        last = max(self.history, key=lambda w: w.began)
        return last.etag if all(w is last or w.ended < last.began for w in self.history) else False

    def before(self, write, now):
        """The tags that a rotation from its begin until now may have found."""
        return {w.etag for w in self.history
                if w is not write and w.etag and self.age(w.etag, write.replica, write.began, now, 0) is None}

    def describe(self, zero):
        return [write.describe(zero) for write in self.history[-12:]]
