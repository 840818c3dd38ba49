"""Paths that try to leave the store's folder, its bucket, or the prefix of a key.

What a target means is worked out by payloads.key_of, which is written from the documents. Nothing may be touched but
what that names: on local files, strace tells every path that the server names to the kernel, and the files around the
root are compared; over S3, a proxy notes every request to the store."""

import collections
import hashlib
import os
import re
import time
import unicodedata
from pathlib import Path
from urllib.parse import unquote_to_bytes

import payloads
import servers
import tracer
from common import IMAGES, Findings, Peer, Row, make_key, picture, request, say
from recorder import Recorder

METHODS = (b"GET", b"PUT", b"DELETE")
SCOPES = "read write delete"
BOX, OTHER = "box/", "other/secret.jpg"
# Answers to a target that names nothing; 408 and 5xx are never right.
REFUSALS = {400, 403, 404, 405, 414, 431}
# They name no image, and whoever may read everything may list everything.
LISTINGS = {b"/api/v1/images", b"/api/v1/images?"}
# A file without a name gets its name through its descriptor (open(2), O_TMPFILE).
LINKED = re.compile(rb"/proc/self/fd/\d+")
# libdispatch looks at the state of its own threads.
THREAD = re.compile(rb"/proc/\d+/stat")
# How the server's own objects of one image begin.
DERIVED = b".tintype/derived/"


def digest(path):
    return hashlib.sha256(path).hexdigest().encode()


def tree(folder, but=None):
    """Every file under a folder with its hash, and every name."""
    found = {}
    for at, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if but is None or Path(at) / name != but]
        for name in folders:
            found[os.path.join(at, name)] = "folder"
        for name in files:
            with open(os.path.join(at, name), "rb") as file:
                found[os.path.join(at, name)] = hashlib.sha256(file.read()).hexdigest()
    return found


def may_be_reserved(key):
    """The server takes more names for its own than key_of: those that some file system would."""
    for segment in key.decode().split("/"):
        folded = "".join(character for character in unicodedata.normalize("NFKC", segment).casefold()
                         if unicodedata.category(character) not in ("Cf", "Mn"))
        if folded.startswith(".tintype"):
            return True
    return False


class Attack:
    """Sends every payload with every method under one key, and judges the answers."""

    def __init__(self, port, secret, bound, found):
        self.port, self.secret, self.bound, self.found = port, secret, bound, found
        self.touchable = set()
        self.statuses = collections.Counter()
        self.body = picture(3)

    def run(self, targets):
        peer = Peer(self.port)
        for target in targets:
            key = payloads.key_of(target)
            allowed = key is not None and (not self.bound or key.startswith(BOX.encode()))
            if allowed:
                self.touchable.add(key)
            for method in METHODS:
                fields = [("Authorization", f"Bearer {self.secret}")]
                sent = request(method, target, fields, self.body if method == b"PUT" else None)
                try:
                    status, _, _ = peer.ask(sent, method)
                except OSError as error:
                    peer.close()
                    self.found.note("unanswered", f"{method} {payloads.show(target)}: {error}")
                    continue
                self.statuses[status] += 1
                self.judge(method, target, key, allowed, status)
        peer.close()

    def list(self, texts):
        """Listings whose prefix is the payload, in the box and without it. 200 only for what the key covers."""
        peer = Peer(self.port)
        for text in texts:
            for start in (b"", BOX.encode()):
                prefix = start + text.replace(b"&", b"%26").replace(b"#", b"%23").replace(b"+", b"%2B")
                target = b"/api/v1/images?delimiter=/&limit=5&prefix=" + prefix
                try:
                    status, _, body = peer.ask(request(b"GET", target, [("Authorization", f"Bearer {self.secret}")]))
                except OSError as error:
                    peer.close()
                    self.found.note("unanswered", f"GET {payloads.show(target)}: {error}")
                    continue
                self.statuses[status] += 1
                what = f"GET {payloads.show(target)[:300]}: {status}"
                if status is None or status >= 500:
                    self.found.note("5xx", what)
                elif self.bound and status == 200 and not unquote_to_bytes(prefix).startswith(BOX.encode()):
                    self.found.note("wrong status", what)
                elif b"canary" in body or (self.bound and OTHER.encode() in body):
                    self.found.note("touched", f"{what}: {body[:200]}")
        peer.close()

    def judge(self, method, target, key, allowed, status):
        what = f"{method.decode()} {payloads.show(target)[:300]}: {status}"
        if status is None or status >= 500:
            self.found.note("5xx", what)
        elif status == 400 and payloads.is_malformed(target):
            pass
        elif allowed:
            if status not in (200, 201, 204, 404, 409) and not may_be_reserved(key):
                self.found.note("wrong status", f"{what}, although it names {key!r}")
        elif status not in REFUSALS and not (target in LISTINGS and not self.bound and method == b"GET"):
            self.found.note("wrong status", f"{what}, although it names nothing permitted")


def target_list(texts):
    return [target for text in texts for target in payloads.targets(text)] + list(payloads.strange_targets())


def plant(server, secret):
    """Two images: one inside the prefix of the bound key, and one outside it."""
    peer = Peer(server.port)
    for number, name in enumerate((OTHER, BOX + "own.jpg", "train/x.jpg")):
        for method, body in ((b"PUT", picture(number)), (b"GET", None)):
            status, _, _ = peer.ask(
                request(method, (IMAGES + name).encode(), [("Authorization", f"Bearer {secret}")], body), method)
            if status not in (200, 201):
                raise RuntimeError(f"{method} {name}: {status}")
    peer.ask(request(b"DELETE", b"/api/v1/images/train/x.jpg", [("Authorization", f"Bearer {secret}")]), b"DELETE")
    peer.close()


def local(folder, targets, texts, found, short):
    """Yields a row for each key."""
    jail = folder / "jail"
    root = jail / "files"
    root.mkdir(parents=True)
    for name in ("canary.txt", "canary/secret.jpg", "etc/passwd", "other/secret.jpg", "windows/win.ini"):
        for place in (folder / "around", jail):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(picture(99) if name.endswith("jpg") else b"canary")
    traced = tracer.is_possible()
    trace = folder / "trace"
    (free, free_entry), (bound, bound_entry) = make_key(SCOPES), make_key(SCOPES, BOX)
    settings = {
        "LOCAL_STORAGE_PATH": str(root), "API_KEYS": f"{free_entry},{bound_entry}", "RATE_LIMITS": "failures=off", "READ_ACCESS": "protected",
        "ACCESS_LOG": "off", "TRACED_BINARY": os.environ["TINTYPE_BIN"],
    }
    binary = tracer.wrapper(folder, trace) if traced else None
    with servers.tintype(folder, binary=binary, **settings) as server:
        plant(server, free)
        # What the server does for itself: key files, pressure, limits.
        time.sleep(2)
        usual = {path for _, path in tracer.paths(trace.read_bytes().splitlines())} if traced else set()
        for name, secret in (("a key for everything", free), (f"a key for {BOX}", bound)):
            plant(server, free)
            # The trees: outside the root, and for the bound key everything but its prefix.
            before = tree(folder / "around") | tree(jail, but=root)
            inside = tree(root / "other")
            start = os.path.getsize(trace) if traced else 0
            attack = Attack(server.port, secret, secret == bound, found)
            attack.run(targets)
            if tree(folder / "around") | tree(jail, but=root) != before:
                found.note("touched", f"{name}: the files around the root have changed")
            if secret == bound and tree(root / "other") != inside:
                found.note("touched", f"{name}: files outside the prefix have changed")
            yield Row(f"local files, {name}: targets × {len(METHODS)} methods", f"{len(targets)}: {shown(attack)}",
                      "no 5xx", True)
            if not traced:
                continue
            time.sleep(1)
            with open(trace, "rb") as file:
                file.seek(start)
                lines = file.read().splitlines()
            count = 0
            for call, path in tracer.paths(lines):
                count += 1
                if call == "linkat" and LINKED.fullmatch(path):
                    continue
                if not may_touch(path, os.fsencode(root), attack.touchable, usual):
                    found.note("touched", f"{name}: {call} {path!r}")
            yield Row(f"local files, {name}: paths in strace", str(count), "> 0, none elsewhere", count > 0)
            start = os.path.getsize(trace)
            listing = Attack(server.port, secret, secret == bound, found)
            listing.list(texts)
            time.sleep(1)
            with open(trace, "rb") as file:
                file.seek(start)
                lines = file.read().splitlines()
            place = os.fsencode(root) + (b"/" + BOX[:-1].encode() if secret == bound else b"")
            for call, path in tracer.paths(lines):
                inside = path == place or path.startswith(place + b"/")
                if not inside and not may_touch(path, os.fsencode(root), set(), usual):
                    found.note("touched", f"{name}, listing: {call} {path!r}")
            yield Row(f"local files, {name}: listings, {len(lines)} calls in strace", shown(listing), "none elsewhere", True)
    if not traced:
        yield Row("local files: strace", "not permitted here; files around the root compared", "–", True)


def shown(attack):
    return ", ".join(f"{count} × {status}" for status, count in sorted(attack.statuses.items(), key=str))


def may_touch(path, root, touchable, usual):
    if path in usual or path == root or THREAD.fullmatch(path):
        return True
    if not path.startswith(root + b"/"):
        return False
    key = path[len(root) + 1:]
    if key.startswith(DERIVED):
        return derived_of(key, touchable)
    # Locks and new files have names of the server's own making.
    if key == b".tintype" or key.startswith((b".tintype/tmp", b".tintype/locks")):
        return True
    return key in touchable or any(other.startswith(key + b"/") for other in touchable)


def derived_of(key, touchable):
    parts = key[len(DERIVED):].split(b"/")
    if len(parts) < 2 or not parts[1]:
        return True
    digests = _digests.setdefault((id(touchable), len(touchable)), {digest(one) for one in touchable})
    return parts[1] in digests


_digests = {}


def s3(folder, targets, texts, found, short):
    with servers.seaweed(folder) as weed, Recorder(servers.free_port(), weed) as recorder:
        (free, free_entry), (bound, bound_entry) = make_key(SCOPES), make_key(SCOPES, BOX)
        settings = {"API_KEYS": f"{free_entry},{bound_entry}", "RATE_LIMITS": "failures=off", "READ_ACCESS": "protected", "ACCESS_LOG": "off"}
        with servers.tintype(folder, recorder.port, **settings) as server:
            for name, secret in (("a key for everything", free), (f"a key for {BOX}", bound))[1 if short else 0:]:
                plant(server, free)
                time.sleep(3)
                recorder.take()
                attack = Attack(server.port, secret, secret == bound, found)
                attack.run(targets)
                # Removals of derived objects go on for a moment.
                time.sleep(2)
                notes = recorder.take()
                # Whoever may read everything may list everything.
                listable = attack.touchable | (set() if secret == bound else {b""})
                for note in notes:
                    judge_note(note, listable, f"SeaweedFS, {name}", found)
                yield Row(f"SeaweedFS, {name}: targets × {len(METHODS)} methods", f"{len(targets)}: {shown(attack)}",
                          "no 5xx", True)
                yield Row(f"SeaweedFS, {name}: requests to the store", str(len(notes)), "> 0, none elsewhere",
                          len(notes) > 0)
                listing = Attack(server.port, secret, secret == bound, found)
                listing.list(texts)
                notes = recorder.take()
                for note in notes:
                    # For up to half a minute after the start, the server finds out what the store honours.
                    if note.path.startswith(f"/{servers.BUCKET}/.tintype/probe".encode()):
                        continue
                    if note.path not in (f"/{servers.BUCKET}".encode(), f"/{servers.BUCKET}/".encode()) or note.prefix is None:
                        found.note("touched", f"SeaweedFS, {name}, listing: {note.method} {note.target}")
                    elif secret == bound and not note.prefix.startswith(BOX.encode()):
                        found.note("touched", f"SeaweedFS, {name}, listing: {note.method} {note.target}")
                yield Row(f"SeaweedFS, {name}: listings, {len(notes)} requests to the store", shown(listing), "none elsewhere",
                          True)
        for failure in recorder.failures:
            found.note("touched", f"a request to the store could not be read: {failure}")


def judge_note(note, touchable, where, found):
    bucket = f"/{servers.BUCKET}".encode()
    path = note.path
    if note.copy_source:
        found.note("touched", f"{where}: a copy of {note.copy_source}")
    if path in (bucket, bucket + b"/"):
        prefix = note.prefix
        if prefix is not None and not prefix.startswith(b".tintype/") and prefix not in touchable:
            found.note("touched", f"{where}: {note.method} {note.target}")
        elif prefix is None and note.method not in ("HEAD", "GET", "POST"):
            found.note("touched", f"{where}: {note.method} {note.target}")
        return
    key = path[len(bucket) + 1:]
    if not path.startswith(bucket + b"/") or b".." in key.split(b"/") or b"" in key.split(b"/"):
        found.note("touched", f"{where}: {note.method} {note.target}")
    elif key.startswith(b".tintype/"):
        if key.startswith(DERIVED) and not derived_of(key, touchable):
            found.note("touched", f"{where}: {note.method} {note.target}")
    elif key not in touchable:
        found.note("touched", f"{where}: {note.method} {note.target}")


def run(folder, short):
    found = Findings()
    corpus = payloads.corpus(250 if short else 5_200)
    targets = target_list(corpus)
    # Of them for listings: a listing asks more of a store than a read.
    texts = corpus[::5]
    distinct = len(set(targets))
    yield Row("distinct payloads", f"{distinct:,}", "≥ 5,000 (short: 250)", distinct >= (250 if short else 5_000))
    for name, part in (("local", local), ("s3", s3)):
        say(f"traversal: {name}")
        place = folder / name
        place.mkdir()
        yield from part(place, targets, texts, found, short)
    yield found.row("touched outside the root or the prefix", "touched")
    yield found.row("5xx, or no answer", "5xx", "unanswered")
    yield found.row("another status than the rules give", "wrong status")
