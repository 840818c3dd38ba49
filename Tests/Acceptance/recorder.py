"""A proxy in front of a store that passes bytes on and notes what every request asks for."""

import asyncio
import contextlib
import threading
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_to_bytes


@dataclass(frozen=True)
class Note:
    method: str
    target: str
    copy_source: str = ""

    @property
    def path(self):
        """Percent-decoded once, as the store does it."""
        return unquote_to_bytes(self.target.split("?", 1)[0])

    @property
    def prefix(self):
        """The prefix of a listing; None if it is none."""
        query = self.target.partition("?")[2]
        values = dict(parse_qsl(query, keep_blank_values=True, encoding="utf-8", errors="surrogateescape"))
        return values.get("prefix", "").encode("utf-8", "surrogateescape") if "list-type" in values else None


class Recorder:
    """Listens on `port` of 127.0.0.1 and passes on to `upstream`."""

    def __init__(self, port, upstream):
        self.port, self.upstream = port, upstream
        self.notes, self.failures = [], []
        self._loop = asyncio.new_event_loop()

    def take(self):
        """What was noted since the last call."""
        notes, self.notes = self.notes, []
        return notes

    async def _copy(self, reader, writer):
        with contextlib.suppress(ConnectionError, OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(ConnectionError, OSError):
            writer.close()

    async def _requests(self, reader, writer):
        """Reads requests one after the other; a body is passed on by its length or its chunks."""
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            method, target, _ = lines[0].split(" ")
            fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            self.notes.append(Note(method, target, fields.get("x-amz-copy-source", "")))
            writer.write(head)
            if "chunked" in fields.get("transfer-encoding", ""):
                while True:
                    size = await reader.readuntil(b"\r\n")
                    length = int(size.split(b";")[0], 16)
                    writer.write(size + await reader.readexactly(length + 2))
                    if not length:
                        break
            else:
                rest = int(fields.get("content-length", "0"))
                while rest:
                    data = await reader.read(min(rest, 1 << 16))
                    if not data:
                        return
                    rest -= len(data)
                    writer.write(data)
                    await writer.drain()
            await writer.drain()

    async def _serve(self, reader, writer):
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            writer.close()
            return
        back = asyncio.ensure_future(self._copy(up_reader, writer))
        try:
            await self._requests(reader, up_writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except (ValueError, asyncio.LimitOverrunError) as error:
            # What cannot be read cannot be checked.
            self.failures.append(repr(error))
        finally:
            up_writer.close()
            await back

    async def _main(self, started):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=1 << 18)
        started.set()
        async with self._server:
            with contextlib.suppress(asyncio.CancelledError):
                await self._server.serve_forever()

    def __enter__(self):
        started = threading.Event()

        def run():
            asyncio.set_event_loop(self._loop)
            with contextlib.suppress(RuntimeError):
                self._loop.run_until_complete(self._main(started))

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        if not started.wait(10):
            raise RuntimeError("the recording proxy did not start")
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
