"""Peak memory of one rendition in a new process, ours and libvips', minus the memory of the process before it.

    memory.py <render binary> [--pictures FOLDER]
"""

import argparse
import subprocess
import sys

import pictures

OURS = "render\t{path}\t{width}\tjpeg\n"
THEIRS = """
import os, sys
os.environ["VIPS_CONCURRENCY"] = "1"
import pyvips
pyvips.cache_set_max(0)
data = open(sys.argv[1], "rb").read()
def figure(name):
    return int([line for line in open("/proc/self/status") if line.startswith(name)][0].split()[1])
# The memory for loading the library does not count.
pyvips.Image.black(8, 8).cast("uchar").jpegsave_buffer()
open("/proc/self/clear_refs", "w").write("5")
begin = figure("VmRSS")
image = pyvips.Image.thumbnail_buffer(data, int(sys.argv[2]), height=10_000_000, size="down")
if image.hasalpha(): image = image.flatten(background=255)
image.jpegsave_buffer(Q=80, interlace=True, optimize_coding=True, strip=True)
print(figure("VmHWM") - begin)
"""


def ours(binary, path, width):
    process = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdin.write(f"load\t{path}\n")
    process.stdin.flush()
    process.stdout.readline()
    # From here on the peak is measured again.
    with open(f"/proc/{process.pid}/clear_refs", "w") as file:
        file.write("5")
    begin = figure(process.pid, "VmRSS")
    process.stdin.write(OURS.format(path=path, width=width))
    process.stdin.flush()
    process.stdout.readline()
    end = figure(process.pid, "VmHWM")
    process.stdin.close()
    process.wait()
    return end - begin


def figure(process, name):
    with open(f"/proc/{process}/status") as status:
        return int([line for line in status if line.startswith(name)][0].split()[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--pictures", default="/tmp/tintype-pictures")
    arguments = parser.parse_args()
    print("| picture | width | MiB | libvips | holds |\n|---|---|---|---|---|")
    for name, path in pictures.make(arguments.pictures).items():
        for width in [400, 1200]:
            a = ours(arguments.binary, path, width) / 1024
            command = [sys.executable, "-c", THEIRS, path, str(width)]
            b = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) / 1024
            print(f"| {name} | {width} | {a:.1f} | {b:.1f} | {'yes' if a <= b else '**no**'} |", flush=True)


if __name__ == "__main__":
    main()
