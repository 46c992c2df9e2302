"""A link between two programs on loopback that can be cut and restored."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

#: cut: what is open breaks off and what is new is refused. stall: nothing breaks and nothing gets through.
Trouble = Literal["cut", "stall"]


class Link:
    """Passes connections to `port` on to another port, unless it is in trouble; use `linked`."""

    _server: asyncio.Server

    def __init__(self, target: int, host: str = "127.0.0.1") -> None:
        self.port = 0
        self._host = host
        #: How often it broke off a connection that was open.
        self.broken = 0
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="link")
        self._flowing = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()

    def begin(self, trouble: Trouble) -> None:
        """The trouble begins; returns once it has."""
        asyncio.run_coroutine_threadsafe(self._change(trouble), self._loop).result(10)

    def end(self) -> None:
        """The trouble is over. What a stalled link holds gets through then."""
        asyncio.run_coroutine_threadsafe(self._change(None), self._loop).result(10)

    async def _change(self, trouble: Trouble | None) -> None:
        if trouble == "stall":
            self._flowing.clear()
        else:
            self._flowing.set()
        if trouble == "cut":
            self.broken += len(self._writers) > 0
            self._server.close()
            self._break_off()
        elif not self._server.is_serving():
            self._server = await self._listen()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._connected, self._host, self.port)

    def _break_off(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def start(self) -> None:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.port = int(self._server.sockets[0].getsockname()[1])
        self.end()

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        self._flowing.set()
        self._break_off()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._connect(reader, writer)
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            return
        ends = {writer, far_writer}
        self._writers |= ends
        try:
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
        finally:
            self._writers -= ends
            far_writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


@contextmanager
def linked(target: int, *, host: str = "127.0.0.1") -> Iterator[Link]:
    """A link to `target` on a free port of `host`."""
    link = Link(target, host)
    link.start()
    try:
        yield link
    finally:
        link.stop()
