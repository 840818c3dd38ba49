"""Resident memory and speed under several allocators. Start it with ./Benchmarks/http/allocators.

There is one server for each allocator. All use one SeaweedFS, each with its own bucket. They are loaded alternately,
round by round and with the same requests, while the others are idle. Then all are idle for a minute. The load is the
hardest one for memory: renditions in many sizes of photos of up to 9 megapixels, between reads of originals and
uploads. After each round wrk reads one rendition from the cache for some seconds."""

import argparse
import http.client
import io
import os
import queue
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from PIL import Image

import servers

WALLPAPER = "/usr/share/backgrounds/mate/abstract/Elephants_5640x3172.jpg"
MIB = 1 << 20
REST_SECONDS = 60
# The loader finds libraries by name, on every architecture.
JEMALLOC = {"LD_PRELOAD": "libjemalloc.so.2"}
ALLOCATORS = {
    "glibc": {},
    "glibc, thresholds": {
        "GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=4194304:glibc.malloc.trim_threshold=8388608"},
    "glibc, two arenas": {
        "GLIBC_TUNABLES":
            "glibc.malloc.arena_max=2:glibc.malloc.mmap_threshold=4194304:glibc.malloc.trim_threshold=8388608"},
    "glibc, two arenas, trim at 128 KiB": {
        "GLIBC_TUNABLES": "glibc.malloc.arena_max=2:glibc.malloc.trim_threshold=131072"},
    "jemalloc": JEMALLOC,
    "jemalloc, background thread": JEMALLOC | {"MALLOC_CONF": "background_thread:true"},
    "jemalloc, background thread, decay 2 s": JEMALLOC | {
        "MALLOC_CONF": "background_thread:true,dirty_decay_ms:2000,muzzy_decay_ms:0"},
}


def photos():
    """The uploaded files: JPEG, PNG and WebP of several sizes."""
    wallpaper = Image.open(WALLPAPER)
    recipes = [
        ((4000, 2250), "JPEG", {"quality": 88}), ((3200, 1800), "JPEG", {"quality": 90}),
        ((2400, 1350), "JPEG", {"quality": 85, "progressive": True}), ((1920, 1080), "JPEG", {"quality": 85}),
        ((1600, 900), "WEBP", {"quality": 80, "method": 2}), ((1280, 720), "PNG", {"compress_level": 3}),
        ((800, 450), "JPEG", {"quality": 80}),
    ]
    bodies = []
    for size, format, options in recipes:
        output = io.BytesIO()
        wallpaper.resize(size, Image.Resampling.BICUBIC).save(output, format, **options)
        bodies.append(output.getvalue())
    return bodies


class Side:
    """The server with one allocator."""

    def __init__(self, server, bodies):
        self.server, self.bodies = server, bodies
        self.resident, self.samples, self.seconds, self.cpu, self.hit_cpu, self.hit_rates = [], [], [], [], [], []

    def _step(self, generator):
        """One request of the mix: method, path, body."""
        kind = generator.random()
        number = generator.randrange(len(self.bodies))
        if kind < 0.55:
            width, quality = generator.randrange(48, 1600), generator.randrange(50, 90)
            format = generator.choice(("jpeg", "jpeg", "webp", "png" if width < 600 else "jpeg", "avif"))
            if format == "avif":
                width = width % 400 + 48
            # A combination of width and quality almost never repeats, so no cache can answer.
            return "GET", f"photo-{number}?w={width}&q={quality}&format={format}", None
        if kind < 0.85:
            return "GET", f"photo-{number}", None
        return "PUT", f"uploads/{generator.randrange(200)}", self.bodies[number]

    def ask(self, connection, method, path, body):
        connection.request(method, f"/api/v1/images/{path}", body)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:200]!r}")

    def fill(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        for number, body in enumerate(self.bodies):
            self.ask(connection, "PUT", f"photo-{number}", body)
        connection.close()

    def load(self, requests, clients, seed):
        generator, steps, stop = random.Random(seed), queue.SimpleQueue(), threading.Event()
        for _ in range(requests):
            steps.put(self._step(generator))
        samples, used, began = [], self._cpu_seconds(), time.monotonic()

        def client(_):
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=120)
            try:
                while True:
                    self.ask(connection, *steps.get_nowait())
            except queue.Empty:
                pass
            finally:
                connection.close()

        def watch():
            while not stop.wait(0.1):
                samples.append(self.server.resident)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            with ThreadPoolExecutor(clients) as pool:
                # An error in a client is raised here.
                list(pool.map(client, range(clients)))
        finally:
            stop.set()
            watcher.join()
        self.seconds.append(time.monotonic() - began)
        self.cpu.append((self._cpu_seconds() - used) / requests)
        self.resident.append(statistics.median(samples))
        self.samples += samples

    def hit(self, seconds):
        """Reads of one small rendition from the cache, by 32 connections."""
        used = self._cpu_seconds()
        url = f"http://127.0.0.1:{self.server.port}/api/v1/images/photo-1?w=300&format=jpeg"
        text = subprocess.run(
            ["wrk", "-t1", "-c32", f"-d{seconds}s", url], capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in text:
            raise RuntimeError(text)
        requests = int(re.search(r"(\d+) requests in", text)[1])
        self.hit_cpu.append((self._cpu_seconds() - used) / requests)
        self.hit_rates.append(float(re.search(r"Requests/sec:\s*([\d.]+)", text)[1]))

    def _cpu_seconds(self):
        """User and system time of the process, in seconds."""
        fields = Path(f"/proc/{self.server.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--requests", type=int, default=2000, help="of each round and allocator")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--hits", type=int, default=4, help="seconds of reads from the cache after each round")
    parser.add_argument("--only", action="append", choices=ALLOCATORS, help="may be repeated")
    options = parser.parse_args()
    bodies = photos()
    with (tempfile.TemporaryDirectory(prefix="tintype-benchmark-") as folder, servers.seaweed(folder) as weed,
          ExitStack() as stack):
        sides = {}
        for number, name in enumerate(options.only or ALLOCATORS):
            own = Path(folder) / str(number)
            own.mkdir()
            server = stack.enter_context(servers.tintype(
                own, weed, S3_BUCKET_NAME=f"images-{number}", CACHE_MEMORY_BYTES=str(64 * MIB), LOG_LEVEL="warning",
                **ALLOCATORS[name]))
            sides[name] = Side(server, bodies)
            sides[name].fill()
        # A new process tests its store in the background. Wait until this has ended.
        time.sleep(12)
        for index in range(options.rounds):
            names = list(sides)[index % len(sides):] + list(sides)[:index % len(sides)]
            for name in names:
                side = sides[name]
                side.load(options.requests, options.clients, index)
                side.hit(options.hits)
                print(f"round {index}, {name}: {options.requests / side.seconds[-1]:.1f}/s, "
                      f"{side.cpu[-1] * 1000:.1f} ms, {side.resident[-1] / MIB:.0f} MiB; hits "
                      f"{side.hit_rates[-1]:.0f}/s, {side.hit_cpu[-1] * 1e6:.1f} us", file=sys.stderr, flush=True)
        time.sleep(REST_SECONDS)
        print(f"{options.rounds} rounds of {options.requests} requests each, {options.clients} clients, in turn\n")
        print("| allocator | RSS in the first round | in the last one | in all of them | peak | after a minute's rest "
              "| CPU of a request | of a hit | hits a second |\n|---|---|---|---|---|---|---|---|---|")
        for name, side in sides.items():
            memory = (side.resident[0], side.resident[-1], statistics.median(side.samples), side.server.peak,
                      side.server.resident)
            print(f"| {name} | " + " | ".join(f"{bytes / MIB:.0f} MiB" for bytes in memory)
                  + f" | {statistics.median(side.cpu) * 1000:.1f} ms | {statistics.median(side.hit_cpu) * 1e6:.1f} µs "
                  f"| {statistics.median(side.hit_rates):.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
