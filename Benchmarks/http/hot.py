"""Hits a second over HTTP, beside nginx's proxy_cache. Start it with ./Benchmarks/http/hot.

One rendition of about 20 KB and one original of 200 KB, asked for again and again by wrk on 64 kept connections. nginx
stands in front of the same Tintype, has both in its cache, and asks nobody. The servers run at the same time on the same
machine, each with as many workers as there are processors, no access log on either side, and are asked in turn. Exits 1
where a goal is missed or an answer is wrong."""

import argparse
import contextlib
import ctypes.util
import http.client
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pictures
import servers

CONNECTIONS = 64
RENDITION_BYTES, ORIGINAL_BYTES = 20_000, 200_000
# Ours to nginx's: of requests a second what is asked for and what is hoped for, of the 99th percentile what is allowed.
LEAST, GOAL, SLOWEST = 1.0, 1.05, 1.0

# The cache lies in memory, files stay open, and no connection is ended: what an operator can do for hits. tcp_nopush makes
# it a tenth faster or more with renditions, and slower by as much with originals: each has a server of its own.
NGINX = """
daemon off;
master_process on;
{user}
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nodelay on;
    keepalive_requests 1000000000;
    open_file_cache max=1000 inactive=1h;
    open_file_cache_valid 1h;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    proxy_cache_path {cache} keys_zone=pictures:10m inactive=1d use_temp_path=off;
    proxy_cache pictures;
    proxy_cache_valid 200 1d;
    proxy_ignore_headers Cache-Control Vary;
    server {{
        listen 127.0.0.1:{ports[0]} reuseport backlog=1024;
        tcp_nopush on;
        location / {{ proxy_pass http://127.0.0.1:{origin}; }}
    }}
    server {{
        listen 127.0.0.1:{ports[1]} reuseport backlog=1024;
        tcp_nopush off;
        location / {{ proxy_pass http://127.0.0.1:{origin}; }}
    }}
}}
"""


@dataclass
class Run:
    rate: float
    # In milliseconds.
    p99: float
    # Of the server's processes for one hit, in microseconds.
    cpu: float


@dataclass
class Side:
    # By what is asked for.
    ports: dict
    pids: list

    def cpu(self):
        """Seconds that its processes have had of the processors."""
        ticks = 0
        for pid in self.pids:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def fetch(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
        return body
    finally:
        connection.close()


def put(port, path, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("PUT", path, body)
        answer = connection.getresponse()
        if answer.status not in (200, 201):
            raise RuntimeError(f"the upload was answered {answer.status}: {answer.read()[:300]}")
    finally:
        connection.close()


def rendition(port, path):
    """The URL of the rendition whose size is nearest to what is wanted."""
    low, high = 16, 1_024
    while low < high:
        middle = (low + high) // 2
        if len(fetch(port, f"{path}?w={middle}")) < RENDITION_BYTES:
            low = middle + 1
        else:
            high = middle
    return f"{path}?w={low}"


@contextlib.contextmanager
def nginx(folder, origin, workers):
    ports = [servers.free_port(), servers.free_port()]
    config = Path(folder) / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="tintype-nginx-", dir=shared if shared.is_dir() else folder) as cache:
        config.write_text(
            NGINX.format(folder=folder, cache=cache, ports=ports, origin=origin, workers=workers, user=user))
        with servers.process(["/usr/sbin/nginx", "-c", str(config)], Path(folder) / "nginx.out") as child:
            deadline = time.monotonic() + 30
            while servers.status(ports[0], "/") is None:
                if child.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"nginx did not start: {(Path(folder) / 'nginx.out').read_text()}")
                time.sleep(0.05)
            children = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
            # The others look after the cache, and one of them ends after a minute.
            served = [pid for pid in children if "worker process" in Path(f"/proc/{pid}/cmdline").read_text()]
            yield Side({"rendition": ports[0], "original": ports[1]}, served)


def wrk(side, what, path, seconds):
    command = [
        "wrk", "--latency", "-t", "2", "-c", str(CONNECTIONS), "-d", f"{seconds}s",
        f"http://127.0.0.1:{side.ports[what]}{path}",
    ]
    before = side.cpu()
    text = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", text)
    unit = {"us": 1e-3, "ms": 1, "s": 1e3}[p99[2]]
    hits = int(re.search(r"(\d+) requests in", text)[1])
    return Run(float(rate[1]), float(p99[1]) * unit, (side.cpu() - before) / hits * 1e6)


def jemalloc():
    """Debian's library, by its name for the dynamic linker."""
    name = ctypes.util.find_library("jemalloc")
    if name is None:
        raise RuntimeError("no jemalloc here: install libjemalloc2")
    return name


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each run")
    parser.add_argument("--without", action="append", default=[], metavar="NAME", help="leave out a server")
    options = parser.parse_args()
    workers = os.cpu_count()
    runs = {}
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tintype-benchmark-"))
        os.chmod(folder, 0o755)
        pictures_of = {"original": pictures.jpeg(ORIGINAL_BYTES, 1), "source": pictures.jpeg(2_000_000, 2)}
        sides = {}
        for name, settings in {"Tintype": {}, "Tintype with jemalloc": {"LD_PRELOAD": jemalloc()}}.items():
            own = Path(folder) / name.replace(" ", "-")
            own.mkdir()
            server = stack.enter_context(servers.tintype(own, LOG_LEVEL="warning", **settings))
            sides[name] = Side({"rendition": server.port, "original": server.port}, [server.pid])
            for picture, body in pictures_of.items():
                put(server.port, f"/api/v1/images/{picture}.jpg", body)
        origin = sides["Tintype"].ports["original"]
        sides["nginx"] = stack.enter_context(nginx(folder, origin, workers))
        paths = {
            "rendition": rendition(origin, "/api/v1/images/source.jpg"),
            "original": "/api/v1/images/original.jpg",
        }
        sides = {name: side for name, side in sides.items() if name not in options.without}
        sizes = {}
        for what, path in paths.items():
            bodies = {name: fetch(side.ports[what], path) for name, side in sides.items()}
            if len(set(bodies.values())) != 1:
                raise RuntimeError(f"the servers send different bytes for {path}")
            sizes[what] = len(next(iter(bodies.values())))
        for number in range(options.rounds + 1):
            for what, path in paths.items():
                for name, side in sides.items():
                    # The first round warms all of them up.
                    run = wrk(side, what, path, options.seconds if number else 1)
                    if number:
                        runs.setdefault((what, name), []).append(run)
                        print(
                            f"{what}, {name}: {run.rate:.0f} a second, p99 {run.p99:.2f} ms, {run.cpu:.1f} us of CPU",
                            file=sys.stderr, flush=True)
    print(f"{CONNECTIONS} connections, {workers} workers each, {options.rounds} rounds of {options.seconds} s\n")
    print("| what | server | hits a second | of nginx | p99 in ms | of nginx | CPU of a hit in µs | holds |")
    print("|---|---|---|---|---|---|---|---|")
    holds = True
    for (what, name), found in runs.items():
        rate, p99, cpu = (statistics.median(getattr(run, key) for run in found) for key in ("rate", "p99", "cpu"))
        row = f"| {what}, {sizes[what]:,} bytes | {name} | {rate:,.0f} |"
        if name == "nginx" or (what, "nginx") not in runs:
            print(f"{row} | {p99:.2f} | | {cpu:.1f} | |")
            continue
        theirs = runs[what, "nginx"]
        faster = rate / statistics.median(run.rate for run in theirs)
        slower = p99 / statistics.median(run.p99 for run in theirs)
        verdict = "**no**"
        if faster >= LEAST and slower <= SLOWEST:
            verdict = "yes" if faster >= GOAL else f"at least {LEAST}, not {GOAL}"
        # What is shipped decides; the other allocator is there to be seen.
        holds = holds and (name != "Tintype" or verdict != "**no**")
        print(f"{row} {faster:.2f} | {p99:.2f} | {slower:.2f} | {cpu:.1f} | {verdict} |")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
