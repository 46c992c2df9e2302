"""A bus on a TCP port: Modbus TCP, or RTU frames as behind a serial-to-TCP converter."""

from __future__ import annotations

import asyncio
from typing import cast

from fluxio_edge.errors import ConfigError
from fluxio_edge.simulator.bus import Bus
from fluxio_edge.simulator.line import Framing, Line


class TcpServer:
    """Answers any number of masters, each at its own pace."""

    def __init__(self, bus: Bus, *, host: str = "127.0.0.1", port: int = 0, framing: Framing = "socket") -> None:
        """Port 0 lets the system choose; see `port` after `start`."""
        self._bus = bus
        self._host = host
        self._port = port
        self._framing = framing
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        if self._server is None:
            return self._port
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen. Raises ConfigError if the port is taken."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: _Connection(self._bus, self._framing, self._connections), self._host, self._port
            )
        except OSError as error:
            raise ConfigError(f"Modbus port {self._port} on {self._host} cannot be used: {error.strerror}") from error

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._connections):
            connection.abort()
        await self._server.wait_closed()


class _Connection(asyncio.Protocol):
    """One master."""

    def __init__(self, bus: Bus, framing: Framing, connections: set[_Connection]) -> None:
        self._bus = bus
        self._framing = framing
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._line = Line(self._bus, self._framing, send=self._transport.write, hang_up=self._transport.close)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._line.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._line.close()
        self._connections.discard(self)

    def abort(self) -> None:
        self._transport.abort()
