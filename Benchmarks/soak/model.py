"""The allowed responses for each path. Every write is stored with the times at which it began and was acknowledged. A
response is right if the version that it shows may have been current within the bound."""

import asyncio
import math
from dataclasses import dataclass, field

# Versions that a later write has replaced are dropped after this many seconds.
MEMORY = 120


@dataclass(eq=False)
class Version:
    """One state of an image, identified by its entity tag, which is the MD5 of its bytes on SeaweedFS."""

    etag: str
    # As in `v=` of a URL.
    name: str | None = None
    size: int | None = None
    sha256: str | None = None
    corners: tuple | None = None
    # The bytes, or the source that makes them; None if they were never fetched completely.
    source: object = None

    @property
    def body(self):
        return self.source.body if hasattr(self.source, "body") else self.source


@dataclass(eq=False)
class Write:
    kind: str
    replica: int | None
    began: float
    # When it was acknowledged: infinite while it is running, and forever if its response was lost.
    ended: float = math.inf
    # None: the path is empty. The tag of a rotate that is still running is unknown.
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
        # By the entity tag of a rendition: the SHA-256 of its bytes, and its corners.
        self.renditions = {}
        self.under_way = 0
        # Set if the response to a rotate was lost. The bytes at the path are then unknown.
        self.is_lost = False
        # Set by a step that needs the path for itself.
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
        """The write did not happen."""
        self.history.remove(write)
        self._end(write, now)

    def lose(self, write, now):
        """The write may have happened, or may still happen."""
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

    # MARK: Checks

    def age(self, etag, replica, began, ended, bound):
        """None if the version is allowed in response to a request from `began` to `ended`. Otherwise for how many
        seconds it has not been current by then; infinite if it never was."""
        ages = [self._age(write, replica, began, bound) for write in self.history
                if not write.is_open and write.etag == etag and write.began <= ended]
        if None in ages:
            return None
        return min(ages, default=math.inf)

    def _age(self, write, replica, began, bound):
        age = None
        for later in self.history:
            if later.began > write.ended and later.ended < math.inf:
                # The replica that took the write knows it at once.
                allowed = 0 if later.replica == replica else bound
                if later.ended + allowed < began:
                    age = max(age or 0, began - later.ended)
        return age

    def current(self):
        """The tag of the present version, if no write is running and the last writes did not overlap; otherwise
        False."""
        if self.under_way or self.is_lost or any(w.ended == math.inf for w in self.history):
            return False
        last = max(self.history, key=lambda w: w.began)
        return last.etag if all(w is last or w.ended < last.began for w in self.history) else False

    def before(self, write, now):
        """The tags that a rotate may have found, from its begin until now."""
        return {w.etag for w in self.history
                if w is not write and w.etag and self.age(w.etag, write.replica, write.began, now, 0) is None}

    def describe(self, zero):
        return [write.describe(zero) for write in self.history[-12:]]
