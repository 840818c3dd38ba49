"""Half an hour of mixed reads and writes through three replicas. Start it with ./Benchmarks/soak/run.

Prints a line per minute on standard error, and the result in Markdown. Exits 1 if a criterion does not hold. Each error
is one line of JSON in the file of --errors."""

import argparse
import asyncio
import bisect
import itertools
import platform
import random
import sys
import tempfile
import time

import cluster
import coded
from checks import Checker
from model import Key
from reads import Reads
from writes import Writes

REPLICAS = 3
SHARD = 200
SAMPLE_SECONDS = 10
MIB = 1 << 20
# The most requests that run at the same time. Above that the client waits, so that requests do not pile up.
CROWD = 300

READS = {
    "original": 24, "conditional": 10, "head": 5, "part": 8, "versioned": 9, "rendition": 24, "metadata": 6,
    "listing": 1,
}
WRITES = {"put": 5, "rotate": 4, "delete": 1.2, "race": 0.4}
STALE = ("stale",)
WRONG = (
    "wrong bytes", "wrong pixels", "unknown version", "broken rendition", "one tag, two renditions", "wrong rotation",
    "a rotation was lost",
)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=150, help="steps a second, most of them one request")
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--cache", type=int, default=64, help="CACHE_MEMORY_BYTES of each replica, in MiB")
    parser.add_argument("--bound", type=float, default=5, help="CACHE_REVALIDATE_SECONDS")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--errors", default=f"{tempfile.gettempdir()}/tintype-soak-errors.jsonl",
                        help="where each error is written down")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the replicas")
    return parser.parse_args()


class Soak:
    def __init__(self, options, replicas, checker):
        self.options, self.replicas, self.checker = options, replicas, checker
        folders = [f"soak/{number:03}/" for number in range(max(1, options.keys // SHARD))]
        # Also names that need care on their way.
        names = ("photo {}.jpg", "фото-{}", "a+b&c={}%.png", "{}")
        self.keys, shards = [], {folder: {} for folder in folders}
        for number in range(options.keys):
            folder = folders[number % len(folders)]
            key = Key(folder + names[number % 7 % 4].format(number))
            shards[folder][key.path] = key
            self.keys.append(key)
        self.reads = Reads(checker, shards)
        self.writes = Writes(checker, self.reads, coded.bank(options.seed))
        self.popular = self.keys[:]
        random.shuffle(self.popular)
        self.zipf = list(itertools.accumulate(1 / rank ** 0.9 for rank in range(1, len(self.keys) + 1)))
        self.flat = list(itertools.accumulate(1 / rank ** 0.5 for rank in range(1, len(self.keys) + 1)))
        self.running = set()
        self.lag = 0.0

    def pick(self, weights):
        return self.popular[bisect.bisect(weights, random.random() * weights[-1])]

    # MARK: Load

    async def fill(self):
        """Nineteen of twenty keys get an image."""
        keys = iter([key for number, key in enumerate(self.keys) if number % 20])
        began = time.monotonic()

        async def one(number):
            for key in keys:
                await self.writes.put(key, number % REPLICAS, what="fill")

        await asyncio.gather(*(one(number) for number in range(12)))
        seconds = time.monotonic() - began
        say(f"{self.checker.counts['fill']} pictures stored in {seconds:.0f} s")

    async def one(self):
        if random.random() * 100 < sum(WRITES.values()):
            kind = random.choices(list(WRITES), WRITES.values())[0]
            key = self.pick(self.flat)
            if key.is_taken:
                return
            replica = random.randrange(REPLICAS)
            if kind == "put":
                # Sometimes only for the present version, or only if the path is empty.
                condition = random.choice((key.current() or None, "")) if random.random() < 0.2 else None
                await self.writes.put(key, replica, condition)
            else:
                await getattr(self.writes, kind)(key, replica)
        else:
            kind = random.choices(list(READS), READS.values())[0]
            await getattr(self.reads, kind)(self.pick(self.zipf), random.randrange(REPLICAS))

    async def load(self, until):
        due = time.monotonic()
        while due < until:
            due += random.expovariate(self.options.rate)
            await asyncio.sleep(max(0, due - time.monotonic()))
            while len(self.running) >= CROWD:
                self.checker.counts["waits for a crowd of requests"] += 1
                await asyncio.wait(self.running, return_when=asyncio.FIRST_COMPLETED)
                due = time.monotonic()
            task = asyncio.create_task(self.one())
            self.running.add(task)
            task.add_done_callback(self._end)
        while self.running:
            await asyncio.wait(self.running)

    def _end(self, task):
        self.running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            error = task.exception()
            place = error.__traceback__
            while place.tb_next:
                place = place.tb_next
            where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}"
            self.checker.report("client", None, error=repr(error), line=where)

    # MARK: Watching

    async def watch_lag(self):
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.02)
            self.lag = max(self.lag, time.monotonic() - before - 0.02)

    async def watch_memory(self):
        while True:
            for replica in self.replicas:
                replica.sample()
            await asyncio.sleep(SAMPLE_SECONDS)

    async def watch_minutes(self):
        answers, requests = self.answers(), 0
        for minute in itertools.count(1):
            await asyncio.sleep(60)
            now, latest = time.monotonic(), await asyncio.to_thread(self.answers)
            new = {name: latest[name] - answers[name] for name in latest}
            answers = latest
            done = sum(self.checker.counts[f"status {status}"] for status in range(600))
            rate, requests = (done - requests) / 60, done
            memory = " ".join(f"{replica.resident(now - 60, now) / MIB:.0f}" for replica in self.replicas)
            say(f"minute {minute}: {rate:.0f} requests/s, hits {percent(new)}, RSS {memory} MiB, cache "
                f"{self.used():.0f} MiB, {self.latency()}, errors {sum(self.checker.errors.values())}, "
                f"client late by {self.lag * 1000:.0f} ms at most")
            self.lag = 0.0

    def answers(self):
        totals = {}
        for result in ("hit", "miss", "revalidated", "stale"):
            totals[result] = sum(
                cluster.total(replica.metrics(), "tintype_cache_answers_total", f'result="{result}"')
                for replica in self.replicas)
        return totals

    def used(self):
        return sum(cluster.total(replica.metrics(), "tintype_cache_used_bytes") for replica in self.replicas) / MIB

    def latency(self):
        """The latency of the responses since the last call."""
        seconds = sorted(value for values in self.checker.seconds.values() for value in values)
        self.checker.seconds.clear()
        if not seconds:
            return "no answer"
        return f"p50 {seconds[len(seconds) // 2] * 1000:.1f} ms, p99 {seconds[len(seconds) * 99 // 100] * 1000:.0f} ms"


def say(text):
    print(text, file=sys.stderr, flush=True)


def percent(answers):
    everything = sum(answers.values())
    if not everything:
        return "none"
    hits, asked = (100 * answers[kind] / everything for kind in ("hit", "revalidated"))
    return f"{hits:.0f} % (+ {asked:.0f} % revalidated)"


async def run(options, replicas, errors):
    async with Checker([replica.server.port for replica in replicas], options.bound, errors) as checker:
        soak = Soak(options, replicas, checker)
        await soak.fill()
        checker.seconds.clear()
        checker.counts.clear()
        answers, began = soak.answers(), time.monotonic()
        watching = [asyncio.create_task(watch) for watch in (
            soak.watch_lag(), soak.watch_memory(), soak.watch_minutes())]
        end = began + options.minutes * 60
        await soak.load(end)
        for task in watching:
            task.cancel()
        if failed := [task for task in watching if not task.cancelled() and task.done()]:
            raise failed[0].exception()
        latest = soak.answers()
        return checker, began, end, {name: latest[name] - answers[name] for name in latest}


def table(options, replicas, checker, began, end, answers):
    """The rows of the table: what, measured, limit, whether it holds."""
    # Minute 10, or the middle of a short run.
    reference = began + min(10, options.minutes / 2) * 60
    rows = []
    for number, replica in enumerate(replicas):
        first, last = replica.resident(reference - 60, reference), replica.resident(end - 60, end)
        change = last / first - 1
        rows.append((
            f"replica {number}: resident memory in minute {(reference - began) / 60:.0f} and in the last one",
            f"{first / MIB:.0f} and {last / MIB:.0f} MiB, {change * 100:+.1f} %", "± 10 %", abs(change) <= 0.1))
    errors, counts = checker.errors, checker.counts
    stale, wrong = (sum(errors[kind] for kind in kinds) for kinds in (STALE, WRONG))
    server = sum(cluster.total(replica.metrics(), "tintype_http_requests_total", 'status="5') for replica in replicas)
    others = {kind: count for kind, count in errors.items() if kind not in (*STALE, *WRONG, "5xx")}
    rows += [
        (f"reads of a version older than the bound, of {counts['versions judged']} that were judged",
         str(stale), "0", stale == 0),
        (f"wrong bodies, of {counts['bodies checked']} whole, {counts['parts checked']} in part, "
         f"{counts['renditions checked']} renditions", str(wrong), "0", wrong == 0),
        ("answers with 5xx, by the client and by the replicas", f"{errors['5xx']} and {server:.0f}", "0",
         errors["5xx"] == 0 and server == 0),
        ("other errors", ", ".join(f"{count} {kind}" for kind, count in others.items()) or "0", "0", not others),
        ("reads that the caches answered", percent(answers), "", True),
    ]
    return rows


def main():
    chosen = options()
    random.seed(chosen.seed)
    settings = {
        "CACHE_MEMORY_BYTES": str(chosen.cache * MIB), "CACHE_REVALIDATE_SECONDS": f"{chosen.bound:.0f}",
        "LOG_LEVEL": "warning", **dict(text.split("=", 1) for text in chosen.set),
    }
    with (tempfile.TemporaryDirectory(prefix="tintype-soak-") as folder, open(chosen.errors, "w") as errors,
          cluster.started(folder, REPLICAS, **settings) as replicas):
        result = asyncio.run(run(chosen, replicas, errors))
        rows = table(chosen, replicas, *result)
    counts = result[0].counts
    print(f"{platform.machine()}, Linux {platform.release()}, SeaweedFS on the same machine; {chosen.minutes:g} min, "
          f"{chosen.keys} keys, {chosen.rate:g} steps a second, {chosen.cache} MiB of cache\n")
    print("| what | measured | limit | holds |\n|---|---|---|---|")
    for what, measured, limit, holds in rows:
        print(f"| {what} | {measured} | {limit} | {('yes' if holds else '**no**') if limit else ''} |")
    print("\n" + ", ".join(f"{counts[name]} {name}" for name in sorted(counts)))
    return 0 if all(row[3] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
