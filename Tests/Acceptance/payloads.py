"""Targets that try to leave a folder, and what a correct server understands by them."""

import random
import re
from urllib.parse import quote_from_bytes

# What stands for a dot, a slash, or ends a name early somewhere.
DOTS = [
    "..", "%2e%2e", "%2E%2E", ".%2e", "%2e.", "%252e%252e", "%25%32%65%25%32%65", "%c0%ae%c0%ae", "%c0%2e%c0%2e",
    "%e0%80%ae%e0%80%ae", "%f0%80%80%ae%f0%80%80%ae", "%f8%80%80%80%ae%f8%80%80%80%ae", "%u002e%u002e", "%uff0e%uff0e",
    "0x2e0x2e", "%ef%bc%8e%ef%bc%8e", "%e2%80%a5", "%e2%80%a4%e2%80%a4", "%ef%b9%92%ef%b9%92", "..;", "..;x=y", ". .",
    "%20..", "..%20", "..%00", "%00..", "..%0d%0a", "..%09", "...", "....", ".", "%2e", "%252e", "..%ff", "..%c0",
    "..%e2%80%8b", "..%cc%81", "%2e%2e%2e", "\\..", "..\\", "..%5c", "..%01", "..%7f", "..%c2%85", "%fe%80%80%80%80%80%ae",
]
SLASHES = [
    "/", "%2f", "%2F", "%252f", "%25%32%66", "%5c", "%5C", "%255c", "\\", "%c0%af", "%c1%9c", "%e0%80%af",
    "%f0%80%80%af", "%u2215", "%u2216", "%uEFC8", "%e2%88%95", "%ef%bc%8f", "%ef%bc%bc", "%e2%81%84", "//", "/./", "%2f%2f",
    "/%2f", "\\/", "/\\", "%5c%2f", ";/", "/;/", "%3b/", "?/", "%3f/", "#/", "%23/", "%00/", "/%00", "%0a/", "0x2f", "%2f/",
]
GOALS = [
    "etc/passwd", "canary.txt", "canary/secret.jpg", "other/secret.jpg", ".tintype/tmp/x", "windows/win.ini", "proc/self/environ",
]
WINDOWS = [
    "C:", "C:/", "C:%5c", "c:%2f", "%5c%5c127.0.0.1%5cc$%5c", "//127.0.0.1/c$/", "%5c%5c?%5cC:%5c", "%5c%5c.%5c", "\\\\?\\",
    "file:", "file:///", "file:%2f%2f%2f", "CON", "NUL", "aux.jpg", "COM1", "LPT1.jpg", "name::$DATA", "name:stream",
    "PROGRA~1", "a.jpg.", "a.jpg%20", "a.jpg::$INDEX_ALLOCATION",
]
OWN = [
    ".tintype", ".tintype/", ".tintype/tmp", ".tintype/locks/x", ".tintype/derived/00/x", "%2etintype/tmp", ".%74intype/tmp/x",
    ".tintype%2ftmp", ".TINTYPE/tmp", ".tintype2", ".tintype.jpg", "a/.tintype", "a/.tintype/b", "box/.tintype/x",
    "box%2f.tintype%2fx", ".tintype%00", "%252etintype/x", ".tintype%20/x", "%c0%aetintype/x", ".tintype%ef%bc%8fx",
    ".ti%6etype-probe", ".tintype/probe/x", ".tintype/probed/x", "%e2%80%8b.tintype/x",
]
START = ["", "box/", "box%2f", "box/a/", "a/b/c/", "box/.", "./", "/", "%2f", "%00", "box", "box;/", "box%00/", "~", "~root/"]


def corpus(count, seed=11):
    """So many distinct texts that follow /api/v1/images/ in a target. The first are lists; the others combine them."""
    found = {}

    def add(text):
        found.setdefault(text.encode("latin-1"))

    for text in OWN + WINDOWS:
        for start in START[:4]:
            add(start + text)
            add(start + text + "/x.jpg")
    for dots in DOTS:
        for slash in SLASHES:
            add(f"box/{dots}{slash}other/secret.jpg")
    for dots in DOTS:
        for depth in (1, 3, 12):
            add(f"{dots}/" * depth + "canary.txt")
    add("%2e" * 300)
    add("../" * 300)
    add("a/" * 500 + "../x")
    add("%2f" * 400)
    draw = random.Random(seed)
    while len(found) < count:
        depth = draw.choice([1, 1, 2, 2, 3, 4, 6, 8])
        steps = "".join(draw.choice(DOTS) + draw.choice(SLASHES) for _ in range(depth))
        text = draw.choice(START) + steps + draw.choice(GOALS)
        kind = draw.random()
        if kind < 0.15:
            text = text.replace("%", "%25")
        elif kind < 0.25:
            text += draw.choice(["%00.jpg", "%00", "?x=../../x", ";.jpg", "%20", "/", "/.", "/..", "%0d%0aX-Injected:%201", "/rotate"])
        elif kind < 0.35:
            place = draw.randrange(len(text))
            text = text[:place] + draw.choice(["%%", "%", "%g0", "\x80", "\xff", "%7f", "%08", "+", "%2"]) + text[place:]
        add(text)
    texts = list(found)
    if len(texts) > count:
        # The short form takes from every list.
        draw.shuffle(texts)
        texts = texts[:count]
    return texts


def targets(text):
    """The target of a payload, and some that put it elsewhere: in front of the API, or in a whole URL."""
    yield b"/api/v1/images/" + text


def strange_targets():
    """Targets that are not of the form /api/v1/images/…; none of them may reach a stored byte."""
    for text in ("../images/other/secret.jpg", "%2e%2e/images/other/secret.jpg", "..%2fmetadata/other/secret.jpg",
                 "metadata/../images/other/secret.jpg", "images;/other/secret.jpg", "images%2fother/secret.jpg",
                 "IMAGES/other/secret.jpg", "images//other/secret.jpg", "/images/other/secret.jpg", "images\\other\\secret.jpg",
                 "./images/other/secret.jpg", "images/./other/secret.jpg", "images/other/./secret.jpg"):
        yield f"/api/v1/{text}".encode()
    for scheme in ("http", "https", "file", "ftp", "gopher"):
        for host in ("localhost", "127.0.0.1", "evil.example", ""):
            for text in ("/api/v1/images/box/../other/secret.jpg", "/api/v1/images/%2e%2e/canary.txt", "/etc/passwd", "/../canary.txt"):
                yield f"{scheme}://{host}{text}".encode()
    yield from (b"*", b"//evil.example/api/v1/images/x", b"/../../../etc/passwd", b"/%2e%2e/%2e%2e/etc/passwd", b"\\etc\\passwd",
                b"etc/passwd", b"localhost:80", b"?", b"/?../../etc/passwd", b"/api/v1/images", b"/api/v1/images/")


_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")


def key_of(target):
    """The key that a target names by the rules of docs/http.md; None if it names none. It is written from the rules, and
    shares nothing with the server."""
    scheme = re.match(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*", target)
    if scheme:
        target = target[scheme.end():]
    path = target.split(b"?", 1)[0]
    if not path.startswith(b"/api/v1/images/"):
        return None
    raw = path[len(b"/api/v1/images/"):]
    if re.search(rb"%(?![0-9A-Fa-f]{2})", raw):
        return None
    key = _ESCAPE.sub(lambda match: bytes([int(match.group(1), 16)]), raw)
    try:
        text = key.decode("utf-8", "strict")
    except UnicodeDecodeError:
        return None
    if not 1 <= len(key) <= 1024 or b"\\" in key:
        return None
    if any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text):
        return None
    for segment in key.split(b"/"):
        if segment in (b"", b".", b"..") or len(segment) > 255 or segment.startswith(b".tintype"):
            return None
    return key


def is_malformed(target):
    """Whether a server may refuse the request line, whatever the target names: it has bytes that no target may have
    (RFC 9112, section 3.2)."""
    return any(byte <= 0x20 or byte >= 0x7F or byte == 0x23 for byte in target)


def show(target):
    return quote_from_bytes(target, safe="/%.\\;?#:&=~+,$*!'()@[]{}<>\"^`| ")
