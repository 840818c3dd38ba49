"""The total processor time for several sizes of each of many photos, compared with libvips, which has the original in
memory and only decodes, scales and encodes. Start it with ./Benchmarks/http/sizes.

Every photo is stored under as many paths as there are measurements, and the first 1, 2, 4 or 6 sizes of each path are
requested, so that the server remembers nothing of it. The time of the whole server process counts: requests, files, the
intermediate and stored objects. Servers and libvips take turns; medians over the photos. Exits 1 if a goal is
missed."""

import argparse
import http.client
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import pyvips

import servers

# Modules of both folders have the same names.
sys.path.insert(0, str(Path(__file__).parent.parent / "imaging"))
import pictures  # noqa: E402

pyvips.cache_set_max(0)
pyvips.concurrency_set(1)

QUALITY = 80
# A list, a phone's page, a thumbnail, a tablet's page, a card, a large screen: as pages request them.
WIDTHS = (640, 1080, 160, 320, 480, 1280)
COUNTS = (1, 2, 4, 6)
# Ratio to libvips' time.
GOAL = 0.85
# For four sizes.
OWN_GOALS = {("Elephants, progressive", 4): 0.35}
# Intermediates and renditions are stored in the background, after the response.
SETTLED = 0.02


def cpu(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") * 1000


class Server:
    def __init__(self, tintype):
        self.pid = tintype.pid
        self.connection = http.client.HTTPConnection("127.0.0.1", tintype.port, timeout=120)

    def ask(self, method, path, body=None, expected=200):
        self.connection.request(method, f"/api/v1/images/{path}", body)
        answer = self.connection.getresponse()
        got = answer.read()
        if answer.status != expected:
            raise RuntimeError(f"{method} {path}: {answer.status} {got[:300]!r}")

    def settled(self):
        """Processor time in milliseconds, after it has stopped growing."""
        before = cpu(self.pid)
        while True:
            time.sleep(10 * SETTLED)
            after = cpu(self.pid)
            if after - before <= 1000 * SETTLED:
                return after
            before = after

    def sizes(self, data, name, count, photos):
        """Milliseconds for each photo."""
        paths = [f"{name}-{count}-{number}" for number in range(photos)]
        for path in paths:
            self.ask("PUT", path, data, expected=201)
        before = self.settled()
        for path in paths:
            for width in WIDTHS[:count]:
                self.ask("GET", f"{path}?w={width}&format=jpeg&q={QUALITY}")
        spent = self.settled() - before
        for path in paths:
            self.ask("DELETE", path, expected=204)
        return spent / photos


def vips(data, count, photos):
    before = time.process_time()
    for _ in range(photos):
        for width in WIDTHS[:count]:
            image = pyvips.Image.thumbnail_buffer(data, width, height=10_000_000, size="down")
            image.write_to_buffer(".jpg", Q=QUALITY, interlace=True, optimize_coding=True, strip=True)
    return (time.process_time() - before) * 1000 / photos


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--photos", type=int, default=10, help="of each kind in a round")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="a part of a picture's name")
    parser.add_argument("--pictures", default=os.path.join(tempfile.gettempdir(), "tintype-pictures"))
    parser.add_argument("--beside", metavar="FILE", help="another binary, measured as before")
    options = parser.parse_args()
    known = pictures.make_opaque(options.pictures)
    kinds = {"Tintype": {}, "without intermediates": {"INTERMEDIATE_SIDE": "0"}}
    if options.beside:
        kinds["before"] = {"binary": options.beside}
    print(f"| picture | sizes | libvips, ms | {' | '.join(kinds)} | times libvips' time | goal | holds |")
    print(f"|---|---|---|{'---|' * (len(kinds) + 3)}", flush=True)
    holds = True
    with ExitStack() as stack:
        running = {}
        for name, settings in kinds.items():
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tintype-benchmark-"))
            running[name] = Server(stack.enter_context(servers.tintype(folder, **settings)))
        for picture, path in known.items():
            if options.only and not any(part in picture for part in options.only):
                continue
            data = open(path, "rb").read()
            for count in COUNTS:
                times = {name: [] for name in ["libvips", *kinds]}
                # The first round is a warm-up.
                for number in range(options.rounds + 1):
                    photos = 1 if number == 0 else options.photos
                    for name, server in running.items():
                        times[name].append(server.sizes(data, f"{number}", count, photos))
                    times["libvips"].append(vips(data, count, photos))
                spent = {name: statistics.median(values[1:]) for name, values in times.items()}
                ratio = spent["Tintype"] / spent["libvips"]
                goal = OWN_GOALS.get((picture, count), GOAL)
                holds = holds and ratio <= goal
                ours = " | ".join(f"{spent[name]:.0f}" for name in kinds)
                print(f"| {picture} | {count} | {spent['libvips']:.0f} | {ours} | {ratio:.2f} | ≤ {goal} "
                      f"| {'yes' if ratio <= goal else '**no**'} |", flush=True)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
