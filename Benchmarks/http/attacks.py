"""The effect of one greedy client on the others. Start it with ./Benchmarks/http/attacks.

Another client with a different address requests hits and, ten times a second, a rendition of a photo of 10 megapixels
that was never requested before: first alone, then during each attack. Attackers and clients share the processors with
the server. The attackers get only the remaining processor time (SCHED_IDLE), because in a real network they would be on
other machines. Local files or, with --s3, SeaweedFS; default settings, with the access log. Exits 1 if hits take longer
than 5 ms and twice their calm time, or renditions take twice their calm time."""

import argparse
import contextlib
import http.client
import itertools
import multiprocessing
import os
import resource
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pictures
import servers

HOST, VICTIM, ATTACKER = "127.0.0.1", "127.0.0.2", "127.0.0.3"
KEYS = 1_000
RENDITION_PAUSE = 0.1


def connect(port, source, timeout=60):
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout, source_address=(source, 0))
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def ask(connection, method, path, body=None):
    connection.request(method, path, body, {"Host": "localhost"})
    answer = connection.getresponse()
    return answer.status, answer.read()


# Each attack runs in its own processes until it is killed.

def listing(port, _):
    connection = connect(port, ATTACKER)
    while True:
        ask(connection, "GET", "/api/v1/images?limit=1000")


def large_outputs(port, number):
    connection = connect(port, ATTACKER)
    for side in itertools.count():
        ask(connection, "GET", f"/api/v1/images/tiny.jpg?w={3000 + side % 1000}&h={3000 + number}&fit=fill&format=png")


def slow_readers(port, _):
    socks = []
    for number in range(20):
        sock = socket.create_connection((HOST, port), source_address=(ATTACKER, 0))
        path = f"/api/v1/images/tiny.jpg?w=8192&h={8191 - number}&fit=fill&format=png"
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        socks.append(sock)
    while True:
        time.sleep(1)


def trickling_uploads(port, _):
    socks = []
    for number in range(18):
        sock = socket.create_connection((HOST, port), source_address=(ATTACKER, 0))
        sock.sendall(
            f"PUT /api/v1/images/trickle{number}.jpg HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n".encode())
        socks.append(sock)
    while True:
        for sock in socks:
            try:
                sock.sendall(b"\xff")
            except OSError:
                pass
        time.sleep(2)


def odd_avifs(port, _):
    connection = connect(port, ATTACKER)
    body = avif(590_000)
    while True:
        try:
            ask(connection, "PUT", "/api/v1/images/odd.avif", body)
        except (OSError, http.client.HTTPException):
            connection = connect(port, ATTACKER)


def idle_connections(port, _):
    socks = []
    while True:
        try:
            socks.append(socket.create_connection((HOST, port), source_address=(ATTACKER, 0), timeout=1))
        except OSError:
            time.sleep(0.5)


def pipelined_heads(port, _):
    socks = []
    head = b"GET /api/v1/images/original.jpg HTTP/1.1\r\nHost: a\r\n\r\n"
    for _ in range(300):
        sock = socket.create_connection((HOST, port), source_address=(ATTACKER, 0))
        sock.setblocking(False)
        try:
            sock.send(head + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 2_500)
        except OSError:
            pass
        socks.append(sock)
    while True:
        time.sleep(1)


ATTACKS = {
    "a client that lists, over and over": (listing, 1), "100 of them": (listing, 100),
    "30 large outputs of a tiny picture at once": (large_outputs, 30),
    "20 readers that do not take their large renditions": (slow_readers, 1),
    "18 uploads of a byte every two seconds": (trickling_uploads, 1),
    "AVIFs of 590,000 references": (odd_avifs, 2),
    "as many idle connections as can be had": (idle_connections, 1),
    "300 connections of pipelined heads, nothing read": (pipelined_heads, 1),
}


def box(name, payload):
    return (8 + len(payload)).to_bytes(4, "big") + name + payload


def avif(references):
    """The boxes of an AVIF without a picture, with this many references in many boxes."""
    each = 1_000
    one = box(b"dimg", (1).to_bytes(2, "big") + each.to_bytes(2, "big") + bytes(2 * each))
    iref = box(b"iref", bytes(4) + one) * (references // each)
    handler = box(b"hdlr", bytes(8) + b"pict" + bytes(13))
    meta = box(b"meta", bytes(4) + handler + box(b"pitm", bytes(4) + b"\0\1") + iref)
    return box(b"ftyp", b"avif\0\0\0\0avifmif1") + meta


def start(attack, port, number):
    # They get only the remaining processor time. At the lowest niceness, a hundred of them would still get more time
    # than the codec threads of the server, which run at 10.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    attack(port, number)


def hits(port, until, results):
    connection = connect(port, VICTIM)
    times = []
    while time.time() < until:
        began = time.perf_counter()
        status, _ = ask(connection, "GET", "/api/v1/images/original.jpg")
        times.append((time.perf_counter() - began) * 1000 if status == 200 else 1e6)
        time.sleep(0.001)
    results.put(("hits", times))


def renditions(port, until, first, results):
    connection = connect(port, VICTIM)
    times = []
    for number in itertools.count(first):
        if time.time() >= until:
            break
        began = time.perf_counter()
        path = f"/api/v1/images/photo.jpg?w={300 + number // 400}&h={300 + number % 400}&fit=cover&format=jpeg"
        status, _ = ask(connection, "GET", path)
        times.append((time.perf_counter() - began) * 1000 if status == 200 else 1e6)
        time.sleep(RENDITION_PAUSE)
    results.put(("renditions", times))


def measure(port, seconds, first):
    """The 99th percentile of hits and the median of renditions, in milliseconds. Rejections count as endless."""
    results = multiprocessing.Queue()
    until = time.time() + seconds
    clients = [
        multiprocessing.Process(target=hits, args=(port, until, results)),
        multiprocessing.Process(target=renditions, args=(port, until, first, results)),
    ]
    for client in clients:
        client.start()
    found = dict(results.get(timeout=seconds + 120) for _ in clients)
    for client in clients:
        client.join()
    return statistics.quantiles(found["hits"], n=100)[98], statistics.median(found["renditions"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10, help="of each measurement")
    parser.add_argument("--only", action="append", default=[], metavar="WHAT", help="a part of an attack's name")
    parser.add_argument("--photo", required=True, help="a JPEG of 10 megapixels")
    parser.add_argument("--beside", metavar="FILE", help="another binary instead of TINTYPE_BIN")
    parser.add_argument("--s3", action="store_true", help="on SeaweedFS instead of local files")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print("| attack | hits, p99 in ms: calm | beside it | new renditions, median in ms: calm | beside it | resident, MiB "
          "| holds |\n|---|---|---|---|---|---|---|", flush=True)
    holds, first = True, 0
    photo = Path(options.photo).read_bytes()
    for name, (attack, processes) in ATTACKS.items():
        if options.only and not any(part in name for part in options.only):
            continue
        # A separate server for each attack, so that nothing of the previous one is left.
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tintype-benchmark-"))
            s3_port = stack.enter_context(servers.seaweed(folder)) if options.s3 else None
            server = stack.enter_context(servers.tintype(folder, s3_port, options.beside))
            connection = connect(server.port, HOST)
            for key, body in [
                ("photo.jpg", photo), ("original.jpg", pictures.jpeg(20_000, 1)), ("tiny.jpg", pictures.jpeg(2_048, 2)),
            ]:
                ask(connection, "PUT", f"/api/v1/images/{key}", body)
            if attack is listing:
                tiny = pictures.jpeg(2_048, 3)
                for number in range(KEYS):
                    ask(connection, "PUT", f"/api/v1/images/many/{number}.jpg", tiny)
            measure(server.port, 2, first)
            calm = measure(server.port, options.seconds, first + 1_000)
            running = [
                multiprocessing.Process(target=start, args=(attack, server.port, number), daemon=True)
                for number in range(processes)
            ]
            for process in running:
                process.start()
            time.sleep(2)
            beside = measure(server.port, options.seconds, first + 2_000)
            resident = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1]) * 4096 >> 20
            for process in running:
                process.kill()
                process.join()
            first += 3_000
            good = beside[0] <= max(5, 2 * calm[0]) and beside[1] <= 2 * calm[1]
            holds = holds and good
            print(f"| {name} | {calm[0]:.1f} | {beside[0]:.1f} | {calm[1]:.0f} | {beside[1]:.0f} | {resident} "
                  f"| {'yes' if good else '**no**'} |", flush=True)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
