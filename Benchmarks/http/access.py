"""What access control costs a hit. Start it with ./Benchmarks/http/access.

wrk requests one rendition of some KB on 64 keep-alive connections, from a server without credentials and from one with
READ_ACCESS=protected: with an API key, with a token (HS256), and with a signed URL; and from one that is open and has
RATE_LIMITS that are never reached ("limited"). The servers run at the same time and are loaded alternately, with the access log on. Each round compares runs that follow each other; the median of the
rounds' ratios counts. Exits 1 if a hit with a credential or a limit reaches less than 0.9 of the rate of an open one, or
a response is not 200."""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import pictures
import servers

GOAL = 0.9
IMAGE = "/api/v1/images/p.jpg"
SECRET = "s" * 32
# More than wrk can ask for: each hit is counted, and none is rejected.
LIMITS = "reads=100000000/1000000000,writes=1000/1000,pixels=1000000000/10000000000"


def command(*arguments, **settings):
    """The output of a command of the binary."""
    return subprocess.run([os.environ["TINTYPE_BIN"], *arguments], env=settings, check=True, capture_output=True,
                          text=True).stdout


def request(port, method, path, body=None, credential=None):
    headers = {"Authorization": f"Bearer {credential}"} if credential else {}
    wanted = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers, method=method)
    with urllib.request.urlopen(wanted, timeout=60) as answer:
        return answer.read()


def load(port, path, credential, seconds):
    """Requests per second."""
    output = subprocess.run(
        ["wrk", "-t", "2", "-c", "64", "-d", f"{seconds}s", "-s", str(Path(__file__).with_name("access.lua")),
         f"http://127.0.0.1:{port}{path}", "--", *([credential] if credential else [])],
        check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output:
        raise RuntimeError(f"{path} was rejected:\n{output}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args()

    made = command("key", "shop", "--scopes", "read write")
    key, entry = (re.search(rf"{name}:\s+(.+)", made).group(1) for name in ("secret", "entry"))
    token = command("token", "--scopes", "read", JWT_HMAC_SECRET=SECRET).strip()
    settings = {
        "API_KEYS": entry, "JWT_HMAC_SECRET": SECRET, "JWT_PREFIXES": "all", "URL_SIGNING_KEYS": f"k1:{SECRET}",
        "READ_ACCESS": "protected",
    }
    picture = pictures.jpeg(300_000, seed=1)
    with tempfile.TemporaryDirectory(prefix="tintype-benchmark-") as folder:
        folders = [Path(folder) / name for name in ("open", "protected", "limited")]
        for one in folders:
            one.mkdir()
        with (servers.tintype(folders[0]) as opened, servers.tintype(folders[1], **settings) as protected,
              servers.tintype(folders[2], RATE_LIMITS=LIMITS) as limited):
            request(opened.port, "PUT", IMAGE, picture)
            request(limited.port, "PUT", IMAGE, picture)
            request(protected.port, "PUT", IMAGE, picture, key)
            body = json.dumps({"path": "p.jpg", "query": "w=300", "expiresIn": 86_400}).encode()
            signed = json.loads(request(protected.port, "POST", "/api/v1/signed-urls", body, key))["url"]
            rendition = IMAGE + "?w=300"
            cases = {
                "open": (opened.port, rendition, None), "API key": (protected.port, rendition, key),
                "token, HS256": (protected.port, rendition, token), "signed URL": (protected.port, signed, None),
                "limited": (limited.port, rendition, None),
            }
            wanted = request(opened.port, "GET", rendition)
            for name, (port, path, credential) in cases.items():
                if request(port, "GET", path, None, credential) != wanted:
                    raise RuntimeError(f"{name}: other bytes")
                load(port, path, credential, 1)
            rates = {name: [] for name in cases}
            for number in range(options.rounds):
                for name in list(cases) if number % 2 else reversed(cases):
                    rates[name].append(load(*cases[name], options.seconds))

    print("| hit | requests/s | of an open hit | goal |\n|---|---|---|---|")
    holds = True
    for name, values in rates.items():
        ratio = statistics.median(one / other for one, other in zip(values, rates["open"]))
        if name != "open":
            holds = holds and ratio >= GOAL
        print(f"| {name} | {statistics.median(values):.0f} | {ratio:.2f} | {'–' if name == 'open' else f'≥ {GOAL}'} |")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
