"""Attacks a server, part by part, and prints a table. Start it with scripts/acceptance."""

import argparse
import importlib
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Benchmarks" / "http"))

# Each part is a module with a function run(folder, short), which yields rows.
PARTS = {"traversal": "traversal", "malformed": "malformed", "schemathesis": "contract", "slow": "slow"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer of everything: for CI")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one of {', '.join(PARTS)}; all without names")
    options = parser.parse_args()
    for name in options.parts:
        if name not in PARTS:
            parser.error(f"no part {name}; the parts are {', '.join(PARTS)}")

    print("| part | what | measured | limit | holds |\n|---|---|---|---|---|", flush=True)
    holds = True
    for name in options.parts or PARTS:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix=f"tintype-{name}-") as folder:
            for row in importlib.import_module(PARTS[name]).run(Path(folder), options.short):
                holds = holds and row.holds
                print(f"| {name} | {row.what} | {row.measured} | {row.limit} | {'yes' if row.holds else '**no**'} |",
                      flush=True)
        print(f"== {name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
