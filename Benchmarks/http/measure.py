"""Memory and speed of Tintype over HTTP. Start it with ./Benchmarks/http/run; prints a Markdown table.

Exits 1 if a limit is exceeded or a response is wrong. The limits are those of docs/benchmarks.md."""

import argparse
import asyncio
import platform
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass

import crowd
import pictures
import servers
from direct import Client, DirectClient

MB = 1_000_000
MIB = 1 << 20
# A new process tests for some seconds in the background what the store supports.
PROBE_SECONDS = 12


@dataclass
class Row:
    what: str
    measured: str
    limit: str
    holds: bool


def say(text):
    print(text, file=sys.stderr, flush=True)


def memory(value, limit):
    return f"{value / MIB:.0f} MiB", f"< {limit} MiB", value < limit * MIB


def uploads(options, folder, weed):
    """Concurrent uploads of 20 MB, some of which stall; then slow downloads of the stored files."""
    clients, stalled = options.clients, options.clients * 3 // 20
    picture = pictures.jpeg(20 * MB, seed=1)

    def path(number):
        return f"/api/v1/images/crowd/{number}.jpg"

    with servers.tintype(folder, weed) as server:
        say(f"{clients} uploads of 20 MB at once, {stalled} of them stall")
        began = time.monotonic()
        outcomes = asyncio.run(crowd.together([
            crowd.upload(server.port, path(number), picture, stall_after=5 * MB if number < stalled else None)
            for number in range(clients)
        ]))
        seconds = time.monotonic() - began
        peak = server.peak
        absent = [
            servers.status(server.port, path(number).replace("/images/", "/metadata/")) for number in range(stalled)
        ]
    cut, good = outcomes[:stalled], outcomes[stalled:]
    cut_ok = sum(outcome.status == 408 for outcome in cut)
    good_ok = sum(outcome.status == 201 for outcome in good)
    longest = max((outcome.seconds for outcome in cut), default=0)
    for number, outcome in enumerate(outcomes):
        if outcome.status != (408 if number < stalled else 201):
            say(f"  client {number}: status {outcome.status} after {outcome.seconds:.1f} s")
    yield Row(f"peak RSS, {clients} uploads of 20 MB at once, {stalled} stalled", *memory(peak, 512))
    yield Row(f"of them stored, in {seconds:.0f} s", f"{good_ok} of {len(good)}", "all", good_ok == len(good))
    yield Row(
        f"stalled clients cut with 408 (the last {longest:.0f} s after its last byte), nothing of them stored",
        f"{cut_ok} of {stalled}", "all", cut_ok == stalled and absent == [404] * stalled)

    stored = [number for number in range(clients) if outcomes[number].status == 201]
    if not stored:
        return
    with servers.tintype(folder, weed) as server:
        say(f"{clients} slow downloads of 20 MB at once")
        outcomes = asyncio.run(crowd.together([
            crowd.slow_download(server.port, path(stored[number % len(stored)]), picture, 1 * MB)
            for number in range(clients)
        ]))
        peak = server.peak
    good_ok = sum(outcome.status == 200 and outcome.matches for outcome in outcomes)
    yield Row(f"peak RSS, {clients} downloads of 20 MB at once, 1 MB/s each", *memory(peak, 512))
    yield Row("of them whole, byte for byte", f"{good_ok} of {clients}", "all", good_ok == clients)


def idle(options, folder, weed):
    say("idle memory")
    for name, port in (("local files", None), ("S3", weed)):
        with servers.tintype(folder, port) as server:
            time.sleep(5)
            resident = server.resident
        yield Row(f"RSS, idle on {name}", *memory(resident, 48))


def start(options, folder, weed):
    say("time from start to ready")
    for name, port, limit in (("local files", None, 0.5), ("S3", weed, 3.0)):
        seconds = []
        for _ in range(options.starts):
            with servers.tintype(folder, port) as server:
                seconds.append(server.seconds_to_ready)
        median = statistics.median(seconds)
        yield Row(f"start to ready on {name}, median of {len(seconds)}", f"{median * 1000:.0f} ms",
                  f"< {limit * 1000:.0f} ms", median < limit)


def interleaved(count, through, straight):
    """Both measurements alternately; the order changes each time. Returns the medians."""
    sides = {"through": [], "straight": []}
    runs = [("through", through), ("straight", straight)]
    for number in range(count):
        for name, run in runs if number % 2 else reversed(runs):
            sides[name].append(run(number))
    return statistics.median(sides["through"]), statistics.median(sides["straight"])


def ratios(options, folder, weed):
    small, large = pictures.jpeg(1 * MB, seed=2), pictures.jpeg(50 * MB, seed=3)
    direct = DirectClient(weed)
    with servers.tintype(folder, weed) as server:
        time.sleep(PROBE_SECONDS)
        client = Client(server.port)
        bodies = [pictures.variant(small, number) for number in range(options.small)]
        for number in range(5):
            client.request("PUT", f"warm/{number}.jpg", small)
            direct.request("PUT", f"warm-direct/{number}.jpg", small)

        say("1 MB uploads")
        through, straight = interleaved(
            options.small,
            lambda number: client.request("PUT", f"small/{number}.jpg", bodies[number])[0],
            lambda number: direct.request("PUT", f"direct/{number}.jpg", bodies[number])[0])
        yield Row(
            f"1 MB PUT, {through * 1000:.1f} ms through Tintype, {straight * 1000:.1f} ms straight",
            f"{through / straight:.2f} times", "≤ 1.30 times", through / straight <= 1.3)

        say("50 MB uploads")
        through, straight = interleaved(
            options.large,
            lambda number: client.request("PUT", f"large/{number}.jpg", large)[0],
            lambda number: direct.request("PUT", f"large-direct/{number}.jpg", large)[0])
        yield Row(
            f"50 MB PUT, {50 / through:.0f} MB/s through Tintype, {50 / straight:.0f} MB/s straight",
            f"{straight / through:.2f} of direct", "≥ 0.80 of direct", straight / through >= 0.8)
        client.close()

    # A new process, so that its cache is empty. Every key is requested once.
    with servers.tintype(folder, weed) as server:
        say("1 MB downloads, none of them cached")
        time.sleep(PROBE_SECONDS)
        client = Client(server.port)
        for number in range(5):
            client.request("GET", f"warm/{number}.jpg")

        def get(side, number):
            seconds, content = side.request("GET", f"small/{number}.jpg")
            if content != bodies[number]:
                raise RuntimeError(f"small/{number}.jpg came back with other bytes")
            return seconds

        through, straight = interleaved(
            options.small, lambda number: get(client, number), lambda number: get(direct, number))
        client.close()
    direct.close()
    yield Row(
        f"1 MB GET, uncached, {through * 1000:.1f} ms through Tintype, {straight * 1000:.1f} ms straight",
        f"{through / straight:.2f} times", "≤ 1.30 times", through / straight <= 1.3)


PARTS = {"start": start, "idle": idle, "ratios": ratios, "uploads": uploads}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="this part only; may be repeated")
    parser.add_argument("--quick", action="store_true", help="fewer runs: to try the script, not to publish")
    options = parser.parse_args()
    options.clients, options.small, options.large, options.starts = (20, 20, 2, 2) if options.quick else (200, 200, 10, 5)

    rows = []
    with tempfile.TemporaryDirectory(prefix="tintype-benchmark-") as folder, servers.seaweed(folder) as weed:
        for name in options.only or PARTS:
            rows += PARTS[name](options, folder, weed)

    print(f"{platform.machine()}, Linux {platform.release()}, SeaweedFS on the same machine\n")
    print("| what | measured | limit | holds |\n|---|---|---|---|")
    for row in rows:
        print(f"| {row.what} | {row.measured} | {row.limit} | {'yes' if row.holds else '**no**'} |")
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
