"""Slow clients by the thousand (slowhttptest), and what other clients notice of them.

The other client has another address. It requests many URLs from memory, one after the other: first alone, then beside
an attack, in turns. The median of the rounds counts. The attackers get what processor time is left (SCHED_IDLE), because
in a real network they are on other machines. Without credentials the server takes uploads from this machine, so that
slow bodies are not refused at their head."""

import os
import re
import resource
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import servers
from common import HOST, Findings, Row, picture, say

MIB = 1 << 20
OTHER_CLIENT = "127.0.0.2"
URLS = 200
# What a connection may cost, and the fixed part, by the formula of docs/operate.md ("Memory").
PER_CONNECTION, FIXED = 64 << 10, 256 * MIB


def budget(connections):
    """The formula of docs/operate.md, with the defaults of the settings."""
    defaults = {"CACHE_MEMORY_BYTES": 0, "UPLOAD_MEMORY_BYTES": 0, "RENDER_MEMORY_BYTES": 0, "ANSWER_MEMORY_BYTES": 0}
    printed = subprocess.run([os.environ["TINTYPE_BIN"], "config"], env={}, check=True, capture_output=True, text=True).stdout
    for name in defaults:
        defaults[name] = int(re.search(rf"{name}\W+(\d+)", printed).group(1))
    return int(defaults["CACHE_MEMORY_BYTES"] + defaults["UPLOAD_MEMORY_BYTES"] + 1.25 * defaults["RENDER_MEMORY_BYTES"]
               + defaults["ANSWER_MEMORY_BYTES"] + PER_CONNECTION * connections + FIXED)


def attack(kind, port, connections, seconds, log):
    """Starts slowhttptest."""
    url = f"http://{HOST}:{port}/api/v1/images"
    modes = {
        # A field every 10 s, and no end of the head.
        "headers": ["-H", "-i", "10", "-x", "24", "-u", f"{url}/u0.jpg"],
        # A form whose body comes by a few bytes every 10 s.
        "body": ["-B", "-i", "10", "-s", "8192", "-t", "POST", "-x", "10", "-f", "multipart/form-data; boundary=x", "-u", url],
        # Answers that are read by 32 bytes every 5 s, from a small window.
        "read": ["-X", "-n", "5", "-w", "512", "-y", "1024", "-z", "32", "-k", "3", "-u", f"{url}/large.jpg"],
    }
    command = ["slowhttptest", "-c", str(connections), "-r", str(max(50, connections // 4)), "-l", str(seconds), "-p", "3", *modes[kind]]

    def idle():
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)

    return servers_process(command, log, idle)


def servers_process(command, log, prepare):
    with open(log, "ab") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, process_group=0, preexec_fn=prepare)


def established(port):
    """Connections to the port from the attackers' address that are established, by /proc/net/tcp."""
    count = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, remote, state = line.split()[1:4]
        if int(local.split(":")[1], 16) == port and state == "01" and remote.startswith("0100007F"):
            count += 1
    return count


def p99(port, seconds, found):
    """In milliseconds, over keep-alive requests of many URLs. A failure counts as endless."""
    times, number = [], 0
    until = time.monotonic() + seconds
    sock = None
    while time.monotonic() < until:
        began = time.perf_counter()
        try:
            if sock is None:
                sock = socket.create_connection((HOST, port), 30, source_address=(OTHER_CLIENT, 0))
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.sendall(b"GET /api/v1/images/u%d.jpg HTTP/1.1\r\nHost: localhost\r\n\r\n" % (number % URLS))
            answer = b""
            while b"\r\n\r\n" not in answer:
                some = sock.recv(1 << 16)
                if not some:
                    raise ConnectionError("closed")
                answer += some
            head, _, body = answer.partition(b"\r\n\r\n")
            rest = int(re.search(rb"(?i)\r\ncontent-length: (\d+)", head).group(1)) - len(body)
            while rest > 0:
                rest -= len(sock.recv(1 << 16)) or 1 << 30
            if not head.startswith(b"HTTP/1.1 200"):
                raise ConnectionError(head[:40].decode("latin-1"))
            times.append((time.perf_counter() - began) * 1000)
        except OSError as error:
            found.note("refused", f"another client: {error}")
            times.append(1e6)
            sock = None
        number += 1
        time.sleep(0.001)
    if sock:
        sock.close()
    return statistics.quantiles(times, n=100)[98]


def run(folder, short):
    connections, rounds, seconds, warm = (100, 1, 2, 3) if short else (1_000, 5, 8, 12)
    limit = budget(connections)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for kind in ("headers", "body", "read"):
        say(f"slow {kind}, {connections} connections")
        found = Findings()
        with tempfile.TemporaryDirectory(dir=folder) as place, servers.tintype(Path(place)) as server:
            store(server.port)
            p99(server.port, 1, found)
            calm, beside, held = [], [], []
            for _ in range(rounds):
                calm.append(p99(server.port, seconds, found))
                log = Path(place) / "slowhttptest.log"
                attacker = attack(kind, server.port, connections, warm + seconds + 5, log)
                try:
                    time.sleep(warm)
                    held.append(established(server.port))
                    beside.append(p99(server.port, seconds, found))
                finally:
                    attacker.kill()
                    attacker.wait()
                # The next calm run begins without their connections.
                deadline = time.monotonic() + 30
                while established(server.port) > 5 and time.monotonic() < deadline:
                    time.sleep(0.1)
            peak = server.peak
        before, during = statistics.median(calm), statistics.median(beside)
        most = max(2 * before, 5)
        yield Row(f"{kind}: connections held, the fewest of {rounds} rounds", str(min(held)), "nine tenths",
                  min(held) >= connections * 9 // 10)
        # CI's machines are shared: there, times are shown and not judged.
        yield Row(f"{kind}: p99 of another client, {before:.2f} ms before", f"{during:.2f} ms",
                  "–" if short else f"≤ {most:.2f} ms", short or during <= most)
        yield found.row(f"{kind}: requests of another client that failed", "refused")
        yield Row(f"{kind}: peak memory", f"{peak / MIB:.0f} MiB", f"≤ {limit / MIB:.0f} MiB", peak <= limit)


def store(port):
    """The small images of the other client, and one that does not fit into a socket's buffers."""
    import http.client
    import pictures
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    small = picture(5)
    bodies = [(f"u{number}.jpg", small) for number in range(URLS)] + [("large.jpg", pictures.jpeg(12 * MIB, seed=1))]
    for name, body in bodies:
        connection.request("PUT", f"/api/v1/images/{name}", body)
        answer = connection.getresponse()
        answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"PUT {name}: {answer.status}")
    connection.close()
