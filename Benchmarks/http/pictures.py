"""JPEG files of an exact size that are valid to their end and differ for every seed."""

import random
import subprocess

# A comment segment: marker and length are 4 bytes, the length counts itself, so one holds at most 65,533.
_OVERHEAD = 4
_MOST = 65_533


def jpeg(size, seed):
    """A JPEG of exactly `size` bytes. Most of it is coded noise, so that a program that reads its markers has real
    work. Comment segments after SOI, at least one, fill up the rest."""
    side = 256
    probe = len(_encode(side, side, seed))
    # Noise has the same bit rate everywhere. Two per cent below the goal leave room for the comment.
    rows = max(8, int((size * 0.98) / probe * side * side) // 2048)
    coded = _encode(2048, rows, seed) if size > 2 * probe else _small(size, seed)
    missing = size - len(coded)
    if missing < _OVERHEAD:
        raise ValueError(f"a picture of {len(coded)} bytes cannot be brought to {size}")
    return coded[:2] + _comments(missing) + coded[2:]


def _small(size, seed):
    """A square that leaves room for the comment, if there is one."""
    sides = (side for side in (64, 32, 16) if len(_encode(side, side, seed)) <= size - _OVERHEAD)
    side = next(sides, 8)
    return _encode(side, side, seed)


def _encode(width, height, seed):
    pixels = random.Random(seed).randbytes(width * height * 3)
    ppm = b"P6\n%d %d\n255\n" % (width, height) + pixels
    return subprocess.run(["cjpeg", "-quality", "95"], input=ppm, stdout=subprocess.PIPE, check=True).stdout


def _comments(size):
    """Comment segments of exactly `size` bytes together."""
    parts = []
    while size:
        take = min(size, _MOST + _OVERHEAD)
        # Either nothing is left for the next one, or enough for its own marker and length.
        if 0 < size - take < _OVERHEAD:
            take -= _OVERHEAD
        parts.append(b"\xff\xfe" + (take - 2).to_bytes(2, "big") + b"." * (take - _OVERHEAD))
        size -= take
    return b"".join(parts)


def variant(picture, number):
    """The same picture with another text in its first comment: other bytes, without a second encoding."""
    mark = b"%016d" % number
    start = 2 + _OVERHEAD
    return picture[:start] + mark + picture[start + len(mark):]
