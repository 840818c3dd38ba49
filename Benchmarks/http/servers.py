"""The two servers, started on free ports of 127.0.0.1 and ended by their process id."""

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ACCESS_KEY, SECRET_KEY, BUCKET = "benchmark-key", "benchmark-secret-0123456789", "images"


# Above these ports the kernel takes ports for outgoing connections. BENCHMARK_PORTS=FIRST-LAST names others.
FIRST_PORT, LAST_PORT = (int(port) for port in os.environ.get("BENCHMARK_PORTS", "10000-32000").split("-"))
_given = set()


def free_port():
    """A port that is free now. This process has not returned it before."""
    while True:
        port = random.randint(FIRST_PORT, LAST_PORT)
        try:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        if port not in _given:
            _given.add(port)
            return port


def status(port, path):
    """The status of a GET, or None if nobody responds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


# A script that is stopped by SIGTERM (a time limit, a cancelled CI job) also ends its servers.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@contextlib.contextmanager
def process(command, log, environment=None):
    # A group, not a session: Linux schedules sessions against each other (autogroup), and the niceness of the server's
    # threads would not count against the clients.
    with open(log, "ab") as output:
        child = subprocess.Popen(command, stdout=output, stderr=output, env=environment, process_group=0)
    try:
        yield child
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(40)
        # The children too, because thumbor's workers outlive the process that started them. The group keeps its number
        # while one of them lives, and no other process can get this number.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


@contextlib.contextmanager
def seaweed(folder):
    """Yields the port of the S3 interface."""
    data = Path(folder) / "weed"
    data.mkdir()
    config = Path(folder) / "s3.json"
    config.write_text(json.dumps({"identities": [{
        "name": "benchmark", "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }]}))
    ports = [free_port() for _ in range(4)]
    command = [
        os.environ["WEED_BIN"], "server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        f"-master.port={ports[0]}", f"-volume.port={ports[1]}", f"-filer.port={ports[2]}", f"-s3.port={ports[3]}",
        # Otherwise these ports are 10,000 above the others, among the ports of outgoing connections.
        *(f"-{name}.port.grpc={free_port()}" for name in ("master", "volume", "filer", "s3")),
        # Otherwise the sockets have fixed paths in /tmp, and two servers share them.
        f"-s3.localSocket={folder}/s3.sock", f"-filer.localSocket={folder}/filer.sock",
        "-s3", f"-s3.config={config}", "-s3.port.iceberg=0", "-s3.port.lance=0",
        "-master.volumeSizeLimitMB=1024", "-volume.max=100",
    ]
    with process(command, Path(folder) / "weed.log") as child:
        deadline = time.monotonic() + 60
        while status(ports[3], "/") is None:
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"SeaweedFS did not start, see {folder}/weed.log")
            time.sleep(0.1)
        yield ports[3]


@dataclass
class Tintype:
    pid: int
    port: int
    seconds_to_ready: float
    ops: int

    def _memory(self, name):
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"no {name} for process {self.pid}")

    @property
    def resident(self):
        return self._memory("VmRSS")

    @property
    def peak(self):
        """The kernel's own high-water mark, so no peak between two samples is missed."""
        return self._memory("VmHWM")


@contextlib.contextmanager
def tintype(folder, s3_port=None, binary=None, **settings):
    """On S3 if a port is given, otherwise on local files. Yields after /readyz returns 200."""
    port, ops = free_port(), free_port()
    environment = {
        "PATH": os.environ["PATH"], "GLIBC_TUNABLES": os.environ["GLIBC_TUNABLES"],
        "PORT": str(port), "OPS_PORT": str(ops), "DRAIN_SECONDS": "0",
    }
    if s3_port is None:
        environment["LOCAL_STORAGE_PATH"] = str(Path(folder) / "files")
    else:
        environment |= {
            "STORAGE_TYPE": "s3", "S3_ENDPOINT_URL": f"http://127.0.0.1:{s3_port}", "S3_BUCKET_NAME": BUCKET,
            "S3_CREATE_BUCKET": "true", "S3_ACCESS_KEY": ACCESS_KEY, "S3_SECRET_KEY": SECRET_KEY,
        }
    environment |= settings
    began = time.monotonic()
    with process([binary or os.environ["TINTYPE_BIN"], "serve"], Path(folder) / "tintype.log", environment) as child:
        while status(ops, "/readyz") != 200:
            if child.poll() is not None or time.monotonic() > began + 60:
                raise RuntimeError(f"tintype did not become ready, see {folder}/tintype.log")
            time.sleep(0.002)
        yield Tintype(child.pid, port, time.monotonic() - began, ops)
