"""One master's connection to a bus: frames in, frames out, one request after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Literal

from pymodbus.framer import FramerBase, FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU

from fluxio_edge.simulator.bus import Bus

Framing = Literal["socket", "rtu"]

_FRAMERS: Final[dict[Framing, type[FramerBase]]] = {"socket": FramerSocket, "rtu": FramerRTU}

#: What comes later than this after the bytes before begins a new frame. In RTU the pause that ends a
#: frame is 3.5 characters, which neither TCP nor a USB converter keeps to.
_PAUSE_S: Final = 0.5
#: Requests of a master that does not wait for answers.
_MOST_WAITING: Final = 64


class Line:
    """Reads requests from what is fed to it and answers them in their order, as a transmitter does."""

    def __init__(
        self, bus: Bus, framing: Framing, *, send: Callable[[bytes], None], hang_up: Callable[[], None]
    ) -> None:
        """Make it inside a running event loop. `hang_up` closes the connection, if there is one."""
        self._bus = bus
        self._send = send
        self._hang_up = hang_up
        self._loop = asyncio.get_running_loop()
        self._framer = _FRAMERS[framing](DecodePDU(True))
        self._buffer = b""
        self._heard_at = 0.0
        self._waiting: asyncio.Queue[tuple[int, int, bytes]] = asyncio.Queue(_MOST_WAITING)
        self._serving = asyncio.create_task(self._serve())

    def feed(self, data: bytes) -> None:
        """Bytes from the master."""
        now = self._loop.time()
        self._buffer = data if now - self._heard_at > _PAUSE_S else self._buffer + data
        self._heard_at = now
        while self._buffer:
            used, unit, number, pdu = self._framer.decode(self._buffer)
            if not used:
                return
            self._buffer = self._buffer[used:]
            if pdu and not self._waiting.full():
                self._waiting.put_nowait((unit, number, pdu))

    def close(self) -> None:
        """Answer nothing any more."""
        self._serving.cancel()

    async def _serve(self) -> None:
        while True:
            unit, number, pdu = await self._waiting.get()
            answer = self._bus.answer(unit, pdu)
            if answer.way == "hang up":
                self._hang_up()
            elif answer.way == "answer":
                await asyncio.sleep(answer.delay_s)
                self._send(self._framer.encode(answer.pdu, unit, number))
