"""Requests at a fixed rate, whatever happens to the earlier ones, in a separate process. The time of a response counts
from the moment at which the request was due, so neither a slow server nor a busy client hides a wait."""

import asyncio
import gc
import multiprocessing
import time
from dataclasses import dataclass


@dataclass
class Answer:
    """How one request ended; no status means that the connection broke."""
    due: float
    seconds: float
    status: int | None
    retry_after: int | None


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with Content-Length, one request at a time."""

    def __init__(self):
        self.buffer = b""
        self.missing = None
        self.waiter = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if self.missing is None:
            self.buffer += data
            head, separator, body = self.buffer.partition(b"\r\n\r\n")
            if not separator:
                return
            lines = head.split(b"\r\n")
            self.status = int(lines[0].split()[1])
            fields = dict(line.lower().split(b": ", 1) for line in lines[1:])
            self.retry_after = int(fields[b"retry-after"]) if b"retry-after" in fields else None
            self.missing = int(fields.get(b"content-length", b"0")) - len(body)
            self.buffer = b""
        else:
            self.missing -= len(data)
        if self.missing <= 0:
            self.missing = None
            self._answer((self.status, self.retry_after))

    def connection_lost(self, error):
        self._answer((None, None))

    def _answer(self, answer):
        waiter, self.waiter = self.waiter, None
        if waiter and not waiter.done():
            waiter.set_result(answer)

    async def request(self, head):
        self.waiter = asyncio.get_running_loop().create_future()
        self.transport.write(head)
        return await self.waiter


async def _run(port, paths, rate, seconds, source):
    loop = asyncio.get_running_loop()
    idle, answers, tasks = [], [], []

    async def one(path, due):
        try:
            if idle:
                connection = idle.pop()
            else:
                _, connection = await loop.create_connection(
                    _Connection, "127.0.0.1", port, local_addr=(source, 0))
            head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
            status, retry_after = await connection.request(head)
        except OSError:
            status = retry_after = None
        answers.append(Answer(due, time.monotonic() - due, status, retry_after))
        if status is not None:
            idle.append(connection)

    began = time.monotonic()
    for number in range(int(rate * seconds)):
        due = began + number / rate
        ahead = due - time.monotonic()
        if ahead > 0:
            await asyncio.sleep(ahead)
        tasks.append(asyncio.create_task(one(next(paths), due)))
    await asyncio.gather(*tasks)
    for connection in idle:
        connection.transport.close()
    return answers


def _child(pipe, port, paths, rate, seconds, source):
    gc.disable()
    pipe.send(asyncio.run(_run(port, iter(paths), rate, seconds, source)))


class Load:
    """Starts at once. `join` waits for the last response."""

    def __init__(self, port, paths, rate, seconds, source="127.0.0.1"):
        self._pipe, pipe = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=_child, args=(pipe, port, paths, rate, seconds, source))
        self._process.start()
        pipe.close()

    def join(self):
        answers = self._pipe.recv()
        self._process.join()
        return answers
