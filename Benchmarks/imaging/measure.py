"""CPU time per rendition, from memory to memory, alternately with libvips in the same run.

    measure.py <render binary> [--runs N] [--only TEXT] [--width W] [--format F]

Prints a Markdown table with a line per picture, width and format: our median, libvips' median, and how many times its
speed ours is; the time of the distribution's codecs alone, and how many times that ours is; and whether the goal holds.
The goal is never to be slower than libvips, and to have 1.3 times its speed or to stay within 15 % of the bare codecs.
On the phone photo as a JPEG of 400 it is 1.4.
libvips runs with one thread and without its operation cache, by pyvips. Both sides use the same encoder settings:
quality 80, JPEG progressive with optimised tables and chroma halved, WebP method 4, PNG level 6, AVIF speed 8.
"""

import argparse
import os
import statistics
import subprocess
import time

os.environ["VIPS_CONCURRENCY"] = "1"
import pyvips  # noqa: E402

import pictures  # noqa: E402

pyvips.cache_set_max(0)

OPTIONS = {
    "jpeg": (".jpg", dict(Q=80, interlace=True, optimize_coding=True, strip=True)),
    "jpeg-plain": (".jpg", dict(Q=80, strip=True)),
    "webp": (".webp", dict(Q=80, effort=4, strip=True)),
    "png": (".png", dict(compression=6, strip=True)),
    # The levels of libaom that match our quality of 80 and our speed of 8.
    "avif": (".avif", dict(Q=65, effort=1, strip=True)),
}


class Ours:
    def __init__(self, binary):
        self.process = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def render(self, path, width, format):
        self.process.stdin.write(f"render\t{path}\t{width}\t{format}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if len(answer) != 2:
            raise SystemExit(f"no answer for {path}")
        return int(answer[0]) / 1e6

    def bare(self, path, width, format):
        """The libraries alone: decoding at the same scale, and encoding."""
        self.process.stdin.write(f"bare\t{path}\t{width}\t{format}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline().split()[0]) / 1e6

    def save(self, path):
        self.process.stdin.write(f"save\t{path}\n")
        self.process.stdin.flush()
        self.process.stdout.readline()


def vips(data, width, format):
    """The work of a service: load from memory by `thumbnail`, save to memory. CPU milliseconds."""
    suffix, options = OPTIONS[format]
    begin = time.process_time()
    image = pyvips.Image.thumbnail_buffer(data, width, height=10_000_000, size="down")
    if "jpeg" in format and image.hasalpha():
        image = image.flatten(background=255)
    image.write_to_buffer(suffix, **options)
    return (time.process_time() - begin) * 1000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--pictures", default="/tmp/tintype-pictures")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--width", type=int, action="append")
    parser.add_argument("--format", action="append")
    arguments = parser.parse_args()
    ours = Ours(arguments.binary)
    print(f"libvips {pyvips.version(0)}.{pyvips.version(1)}.{pyvips.version(2)}\n")
    print("| picture | width | format | ms | libvips | times its speed | bare codecs | times theirs | holds |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, path in pictures.make(arguments.pictures).items():
        if arguments.only not in name:
            continue
        data = open(path, "rb").read()
        for width in arguments.width or [400, 1200]:
            for format in arguments.format or ["jpeg", "webp", "png", "avif"]:
                kind = format.split("-")[0]
                # Alternately. The first run warms up caches and allocators on both sides.
                runs = [
                    (ours.render(path, width, kind), vips(data, width, format), ours.bare(path, width, kind))
                    for _ in range(arguments.runs + 1)
                ][1:]
                a, b, bare = (statistics.median(times) for times in zip(*runs))
                goal = 1.4 if (name, width, format) == ("phone 12 MP", 400, "jpeg") else 1.3
                near = goal == 1.3 and b >= a and a <= 1.15 * bare
                reached = "yes" if b >= goal * a or near else "**no**"
                print(
                    f"| {name} | {width} | {format} | {a:.1f} | {b:.1f} | {b / a:.2f} | {bare:.1f} | {a / bare:.2f} "
                    f"| {reached} |", flush=True)


if __name__ == "__main__":
    main()
