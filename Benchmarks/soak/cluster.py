"""Three replicas on one SeaweedFS, and their metrics."""

import contextlib
import http.client
import re
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

# The servers are started as in the other benchmarks over HTTP.
sys.path.append(str(Path(__file__).resolve().parent.parent / "http"))
import servers  # noqa: E402

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


@contextlib.contextmanager
def started(folder, count, **settings):
    """Yields the replicas, each of which has stored something."""
    with contextlib.ExitStack() as stack:
        weed = stack.enter_context(servers.seaweed(folder))
        replicas = []
        for number in range(count):
            own = Path(folder) / f"replica-{number}"
            own.mkdir()
            replicas.append(Replica(stack.enter_context(servers.tintype(own, weed, **settings))))
        yield replicas


@dataclass
class Replica:
    server: servers.Tintype
    # Time and bytes.
    samples: list = field(default_factory=list)

    def sample(self):
        self.samples.append((time.monotonic(), self.server.resident))

    def resident(self, begin, end):
        """The median of the samples in this interval, in bytes."""
        return statistics.median(bytes for moment, bytes in self.samples if begin <= moment <= end)

    def metrics(self):
        """Every sample of /metrics: name, labels, value."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.ops, timeout=10)
        try:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        finally:
            connection.close()
        return [(name, labels, float(value)) for name, labels, value in SAMPLE.findall(text)]


def total(metrics, name, *labels):
    return sum(value for found, text, value in metrics if found == name and all(label in text for label in labels))
