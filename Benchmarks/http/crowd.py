"""Many clients at the same time, on one event loop, with one copy of each body for all of them."""

import asyncio
import time
from dataclasses import dataclass

CHUNK = 64 * 1024


@dataclass
class Outcome:
    """How one client's request ended."""
    status: int | None
    seconds: float
    matches: bool = True


async def _head(reader):
    """Status and header fields of a response; None if the server closed without one."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None, {}
    lines = raw.decode("latin-1").split("\r\n")
    fields = dict(line.lower().split(":", 1) for line in lines[1:] if ":" in line)
    return int(lines[0].split()[1]), {name: value.strip() for name, value in fields.items()}


async def upload(port, path, body, stall_after=None):
    """A PUT. With `stall_after` the client sends this many bytes and then nothing. Its seconds count from there."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    try:
        writer.write(
            f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/jpeg\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode())
        view = memoryview(body)[: stall_after or len(body)]
        try:
            for start in range(0, len(view), CHUNK):
                writer.write(view[start:start + CHUNK])
                await writer.drain()
        except ConnectionError:
            pass  # an early response may still be there to be read
        if stall_after:
            began = time.monotonic()
        status, _ = await _head(reader)
        return Outcome(status, time.monotonic() - began)
    finally:
        writer.close()


async def slow_download(port, path, expected, bytes_per_second):
    """A GET that takes no more than this many bytes per second. The body is compared byte for byte."""
    # A small buffer, so that the slow reads reach the server and are not hidden in this process.
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=CHUNK)
    began = time.monotonic()
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        status, fields = await _head(reader)
        length = int(fields.get("content-length", "-1"))
        offset, matches = 0, length == len(expected)
        while offset < length:
            chunk = await reader.read(CHUNK)
            if not chunk:
                break
            matches = matches and expected[offset:offset + len(chunk)] == chunk
            offset += len(chunk)
            ahead = offset / bytes_per_second - (time.monotonic() - began)
            if ahead > 0:
                await asyncio.sleep(ahead)
        return Outcome(status, time.monotonic() - began, matches and offset == len(expected))
    finally:
        writer.close()


async def together(requests):
    return await asyncio.gather(*requests)
