"""How long a rendition takes that was never requested before, over HTTP and from SeaweedFS, compared with libvips,
which has the original in memory and only decodes, scales and encodes. Start it with ./Benchmarks/http/cold.

One server makes renditions from the original. Another one has stored an intermediate with the first rendition, if that
pays. Every width is requested once. The servers and libvips take turns; medians of wall time. SSIM is computed from
PNGs, because two JPEGs or WebPs of almost the same pixels differ by the losses of each encoding. Exits 1 if a goal is
missed, a response is wrong, or the two ways do not give the same picture."""

import argparse
import http.client
import os
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pyvips

import servers

# Modules of both folders have the same names.
sys.path.insert(0, str(Path(__file__).parent.parent / "imaging"))
import pictures  # noqa: E402
from quality import pixels, ssim  # noqa: E402

pyvips.cache_set_max(0)

QUALITY = 80
# With an intermediate: how many times the speed of libvips, or None if it does not pay. Without: the ratio to libvips'
# time.
GOALS = {"Elephants, progressive": (15, 1.15), "phone 12 MP": (None, 1.15)}
SSIM_GOAL = 0.985
SSIM_WIDTHS = (150, 301, 400, 700, 1000)


class Server:
    """One server and one keep-alive connection to it."""

    def __init__(self, tintype):
        self.tintype = tintype
        self.connection = http.client.HTTPConnection("127.0.0.1", tintype.port, timeout=60)

    def ask(self, method, path, body=None, expected=200):
        self.connection.request(method, path, body)
        answer = self.connection.getresponse()
        got = answer.read()
        if answer.status != expected:
            raise RuntimeError(f"{method} {path}: {answer.status} {got[:300]!r}")
        return got

    def render(self, name, width, format="jpeg"):
        """Milliseconds, and the file."""
        began = time.perf_counter()
        got = self.ask("GET", f"/api/v1/images/{name}?w={width}&format={format}&q={QUALITY}")
        return (time.perf_counter() - began) * 1000, got

    def metric(self, name):
        connection = http.client.HTTPConnection("127.0.0.1", self.tintype.ops, timeout=10)
        connection.request("GET", "/metrics")
        found = re.search(rf"^{name} (\S+)$", connection.getresponse().read().decode(), re.MULTILINE)
        connection.close()
        return float(found.group(1)) if found else 0


def vips(data, width):
    began = time.perf_counter()
    image = pyvips.Image.thumbnail_buffer(data, width, height=10_000_000, size="down")
    image.write_to_buffer(".jpg", Q=QUALITY, interlace=True, optimize_coding=True, strip=True)
    return (time.perf_counter() - began) * 1000


def similarity(one, other):
    a, b = (pyvips.Image.new_from_buffer(file, "") for file in (one, other))
    if (a.width, a.height) != (b.width, b.height):
        raise RuntimeError(f"{a.width}x{a.height} with an intermediate, {b.width}x{b.height} without")
    return ssim(pixels(a), pixels(b))


def leave_intermediate(server, name):
    before = server.metric("tintype_intermediates_rendered_total")
    server.render(name, 64)
    deadline = time.monotonic() + 60
    while server.metric("tintype_intermediates_rendered_total") == before:
        if time.monotonic() > deadline:
            raise RuntimeError("no intermediate was made")
        time.sleep(0.1)
    # The intermediate is written in the background.
    time.sleep(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--pictures", default=os.path.join(tempfile.gettempdir(), "tintype-pictures"))
    options = parser.parse_args()
    known = pictures.make(options.pictures)
    print("| picture | libvips, ms | without an intermediate | times libvips' time | goal | with an intermediate | times libvips' "
          "speed | goal | least SSIM of the two | holds |\n|---|---|---|---|---|---|---|---|---|---|")
    holds = True
    with tempfile.TemporaryDirectory(prefix="tintype-benchmark-") as folder, servers.seaweed(folder) as weed:
        with servers.tintype(folder, weed, INTERMEDIATE_SIDE="0") as one, servers.tintype(folder, weed) as two:
            direct, intermediate = Server(one), Server(two)
            for name, (faster, slower) in GOALS.items():
                data = open(known[name], "rb").read()
                for server, path in ((direct, "direct.jpg"), (intermediate, "intermediate.jpg")):
                    server.ask("PUT", f"/api/v1/images/{path}", data, expected=201)
                if faster:
                    leave_intermediate(intermediate, "intermediate.jpg")
                times = {"vips": [], "direct": [], "intermediate": []}
                # The first round is a warm-up.
                for number in range(options.rounds + 1):
                    width = 301 + 7 * number
                    a, _ = direct.render("direct.jpg", width)
                    b, _ = intermediate.render("intermediate.jpg", width)
                    c = vips(data, width)
                    if number > 0:
                        times["direct"].append(a), times["intermediate"].append(b), times["vips"].append(c)
                least = min(
                    similarity(direct.render("direct.jpg", width, "png")[1], intermediate.render("intermediate.jpg", width, "png")[1])
                    for width in SSIM_WIDTHS)
                for server, path in ((direct, "direct.jpg"), (intermediate, "intermediate.jpg")):
                    server.ask("DELETE", f"/api/v1/images/{path}", expected=204)
                a, b, c = (statistics.median(times[side]) for side in ("direct", "intermediate", "vips"))
                good = a <= slower * c and (not faster or b * faster <= c) and least >= SSIM_GOAL
                holds = holds and good
                print(f"| {name} | {c:.0f} | {a:.0f} | {a / c:.2f} | ≤ {slower} | {b:.1f} | {c / b:.1f} | {f'≥ {faster}' if faster else 'none'} "
                      f"| {least:.4f} | {'yes' if good else '**no**'} |", flush=True)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
