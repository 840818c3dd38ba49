"""The memory that greedy and slow clients can make the server hold. Start it with ./Benchmarks/http/greedy.

All of this at the same time, from many addresses, so that no client's share is the limit: the cache is full; readers
take some KiB per second of renditions that the cache cannot hold, of originals that stream past it, and of listings;
uploads are slow; renditions are made; connections send requests ahead, or a head without an end; and connections do
nothing. The peak of the resident memory must stay below the formula of docs/operate.md, hits of another client must be
served, and every rejection must be a documented one. Exits 1 if one of these fails."""

import argparse
import asyncio
import collections
import contextlib
import itertools
import re
import socket
import sys
import tempfile
from pathlib import Path

import pictures
import servers

MIB = 1 << 20
BUDGETS = {"CACHE_MEMORY_BYTES": 64, "UPLOAD_MEMORY_BYTES": 96, "RENDER_MEMORY_BYTES": 192, "ANSWER_MEMORY_BYTES": 96}
# As in docs/operate.md.
CONNECTION_BYTES, REST_BYTES = 64 << 10, 256 * MIB
ALLOWED = {200, 201, 206, 408, 503}


def addresses():
    """Addresses of this machine: all of 127.0.0.0/8 are."""
    for number in itertools.count():
        yield f"127.0.{1 + number // 250 % 250}.{1 + number % 250}"


class Crowd:
    def __init__(self, port, seconds):
        self.port, self.end = port, asyncio.get_running_loop().time() + seconds
        self.statuses = collections.defaultdict(collections.Counter)
        self.addresses = addresses()

    def is_over(self):
        return asyncio.get_running_loop().time() > self.end

    async def connect(self, address=None):
        # A small buffer, set before the connection is made; otherwise the kernel takes megabytes in place of the
        # client.
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.bind((address or next(self.addresses), 0))
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        return await asyncio.open_connection(sock=sock, limit=8192)

    async def read_slowly(self, kind, path, rate):
        """Sends a request and takes this many bytes per second until the end. Then repeats."""
        while not self.is_over():
            status = "broken"
            try:
                reader, writer = await self.connect()
                writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
                head = await asyncio.wait_for(reader.readuntil(b"\r\n"), 120)
                status = int(head.split()[1])
                while status == 200 and not self.is_over() and await reader.read(max(1, rate // 2)):
                    await asyncio.sleep(0.5)
                writer.transport.abort()
            except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
                pass
            self.statuses[kind][status] += 1
            await asyncio.sleep(0.5)

    async def upload_slowly(self, number, file, rate):
        """Sends most of the file at once, so that it holds memory; then some bytes per second."""
        while not self.is_over():
            status = "broken"
            try:
                reader, writer = await self.connect()
                head = f"PUT /api/v1/images/up/{number}.jpg HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(file)}\r\n\r\n"
                writer.write(head.encode() + file[:6 * MIB])
                answer = asyncio.ensure_future(reader.readuntil(b"\r\n"))
                rest = 6 * MIB
                while not answer.done() and not self.is_over():
                    await asyncio.sleep(0.5)
                    writer.write(file[rest:rest + rate // 2])
                    rest += rate // 2
                if answer.done():
                    status = int(answer.result().split()[1])
                answer.cancel()
                writer.transport.abort()
            except (OSError, asyncio.IncompleteReadError):
                pass
            if status != "broken" or not self.is_over():
                self.statuses["uploads"][status] += 1
            await asyncio.sleep(0.5)

    async def idle(self):
        try:
            _, writer = await self.connect()
            while not self.is_over():
                await asyncio.sleep(1)
            writer.transport.abort()
        except OSError:
            self.statuses["idle connections"]["broken"] += 1

    async def send_only(self, kind, data):
        """Sends as much as the server takes, and reads nothing. Every ten seconds on a new connection."""
        while not self.is_over():
            try:
                _, writer = await self.connect()
                writer.write(data)
                # The server closes the connection at some time. A new one is opened shortly before or after that.
                for _ in range(20):
                    if not self.is_over():
                        await asyncio.sleep(0.5)
                writer.transport.abort()
            except OSError:
                self.statuses[kind]["broken"] += 1
            await asyncio.sleep(0.5)

    async def hit(self, path):
        """Another client that requests an image in memory."""
        while not self.is_over():
            try:
                status = (await ask(self.port, "GET", path, address="127.9.9.9"))[0]
            except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
                status = "broken"
            self.statuses["hits of another client"][status] += 1
            await asyncio.sleep(0.1)


async def ask(port, method, path, body=b"", address="127.0.0.1"):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    answer = await asyncio.wait_for(reader.read(), 120)
    writer.close()
    return int(answer.split(b" ", 2)[1]), answer


async def run(server, options):
    noise = pictures.jpeg(300_000, 1)
    original = pictures.jpeg(9 * MIB, 2)
    for path, file in [("noise.jpg", noise), ("original.jpg", original)]:
        status, answer = await ask(server.port, "PUT", f"/api/v1/images/{path}", file)
        if status != 201:
            raise RuntimeError(f"the upload was answered {status}: {answer[:300]}")
    # The cache: as many originals as it holds, and half as many more.
    kept = pictures.jpeg(3 * MIB, 3)
    for number in range(BUDGETS["CACHE_MEMORY_BYTES"] // 2):
        path = f"/api/v1/images/{'long-name-' * 20}{number}.jpg"
        await ask(server.port, "PUT", path, pictures.variant(kept, number))
        await ask(server.port, "GET", path)
    small = pictures.jpeg(5_000, 4)
    for number in range(options.listed):
        await ask(server.port, "PUT", f"/api/v1/images/list/{'%C3%A9' * 100}{number}.jpg", small)
    hit = "/api/v1/images/noise.jpg?w=200&format=jpeg"
    await ask(server.port, "GET", hit)

    crowd = Crowd(server.port, options.seconds)
    rendition = "/api/v1/images/noise.jpg?w={}&h={}&fit=fill&format=png"
    tasks = [crowd.idle() for _ in range(options.idle)]
    tasks += [crowd.hit(hit)]
    tasks += [crowd.read_slowly("readers of large renditions", rendition.format(options.side, options.side - number), 2_000)
              for number in range(options.renditions)]
    tasks += [crowd.read_slowly("readers of streamed originals", "/api/v1/images/original.jpg", 2_000)
              for _ in range(options.originals)]
    tasks += [crowd.read_slowly("readers of listings", "/api/v1/images?prefix=list/", 2_000) for _ in range(options.listings)]
    ahead = b"GET /api/v1/images/original.jpg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 2_000
    tasks += [crowd.send_only("requests sent ahead", ahead) for _ in range(options.ahead)]
    endless = b"GET /api/v1/images/noise.jpg HTTP/1.1\r\nHost: 127.0.0.1" + (b"\r\nX-Long: " + b"a" * 8_000) * 8
    tasks += [crowd.send_only("heads without an end", endless) for _ in range(options.heads)]
    tasks += [crowd.upload_slowly(number, original, 2_000) for number in range(options.uploads)]
    await asyncio.gather(*tasks)
    return crowd.statuses


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=90)
    parser.add_argument("--side", type=int, default=3000, help="of large renditions, in pixels")
    parser.add_argument("--renditions", type=int, default=20)
    parser.add_argument("--originals", type=int, default=600)
    parser.add_argument("--listings", type=int, default=100)
    parser.add_argument("--listed", type=int, default=300)
    parser.add_argument("--uploads", type=int, default=60)
    parser.add_argument("--idle", type=int, default=2000)
    parser.add_argument("--ahead", type=int, default=1000, help="connections that send requests ahead")
    parser.add_argument("--heads", type=int, default=1000, help="connections whose head of 64,000 bytes does not end")
    parser.add_argument("--s3", action="store_true", help="on SeaweedFS instead of local files")
    options = parser.parse_args()
    connections = sum([options.idle, options.renditions, options.originals, options.listings, options.uploads,
                       options.ahead, options.heads, 1])
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tintype-benchmark-"))
        settings = {name: str(value * MIB) for name, value in BUDGETS.items()}
        s3_port = stack.enter_context(servers.seaweed(folder)) if options.s3 else None
        with servers.tintype(folder, s3_port, LOG_LEVEL="warning", **settings) as server:
            start = server.resident
            statuses = asyncio.run(run(server, options))
            peak = server.peak
        log = (Path(folder) / "tintype.log").read_text(errors="replace")
    limit = (BUDGETS["CACHE_MEMORY_BYTES"] + BUDGETS["UPLOAD_MEMORY_BYTES"] + BUDGETS["ANSWER_MEMORY_BYTES"]) * MIB
    limit += BUDGETS["RENDER_MEMORY_BYTES"] * MIB * 5 // 4 + connections * CONNECTION_BYTES + REST_BYTES
    odd = {kind: {status: count for status, count in counts.items() if status not in ALLOWED}
           for kind, counts in statuses.items()}
    # Slow readers and uploads are cut in the middle, but hits never are.
    odd = {kind: counts for kind, counts in odd.items() if set(counts) - {"broken"} or kind.startswith("hits") and counts}
    rejected = {status: count for status, count in statuses["hits of another client"].items() if status != 200}
    errors = len(re.findall(r'"level":"error"| error ', log))
    rows = [
        ("resident at the start", f"{start / MIB:.0f} MiB", "", True),
        (f"peak, of {connections} connections", f"{peak / MIB:.0f} MiB", f"≤ {limit / MIB:.0f} MiB", peak <= limit),
        ("hits of another client that were not answered", sum(rejected.values()), "0", not rejected),
        ("answers of another kind than those documented", str(odd or 0), "0", not odd),
        ("errors in the log", errors, "0", errors == 0),
    ]
    for kind, counts in sorted(statuses.items()):
        print(f"{kind}: " + ", ".join(f"{count} x {status}" for status, count in counts.items()), file=sys.stderr)
    print("| what | measured | goal | holds |\n|---|---|---|---|")
    for what, value, goal, holds in rows:
        print(f"| {what} | {value} | {goal} | {'' if not goal else 'yes' if holds else '**no**'} |")
    return 0 if all(row[3] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
