"""One meter on its connection: trying again, and not mistaking a late answer."""

from __future__ import annotations

import asyncio

from fluxio_edge.errors import ReadError, UnreachableError
from fluxio_edge.line import Line, Standing
from fluxio_edge.modbus import Connection
from fluxio_edge.read_plan import Block


class Link:
    """How one meter is reached.

    A meter that answered last time is asked up to 1 + `retries` times, each in a turn of its own; one
    that did not is asked once.

    RTU frames carry no number to tell one answer from another. After a request without an answer the
    meter is therefore left alone for another timeout: what comes by then is thrown away.
    """

    def __init__(self, unit: int, connection: Connection, line: Line, *, timeout_s: float, retries: int) -> None:
        """`line` is shared by the meters that share `connection`."""
        self.unit = unit
        self.place = str(connection.place)
        self._connection = connection
        self._line = line
        self._settle = timeout_s if connection.place.framer == "rtu" else 0.0
        self._settled = 0.0
        self._retries = retries
        self._standing: Standing = "new"

    async def read(self, block: Block) -> list[int]:
        """The registers of `block`; raises ReadError as Connection.request does."""
        attempts = 1 + (self._retries if self._standing == "alive" else 0)
        while True:
            attempts -= 1
            try:
                words = await self._ask(block)
            except UnreachableError:
                raise
            except ReadError as error:
                if error.answered:
                    self._standing = "alive"
                    raise
                if attempts == 0:
                    self._standing = "silent"
                    raise
            else:
                self._standing = "alive"
                return words

    def postponed(self) -> float:
        """How long the meter must not be polled yet, because of the others on its line [s]; ask again then."""
        return self._line.postponed(self, self._standing)

    def expect(self, due: float) -> None:
        """The next poll is at `due` on the loop's clock."""
        self._line.expect(self, due if self._standing == "alive" else None)

    async def _ask(self, block: Block) -> list[int]:
        clock = asyncio.get_running_loop().time
        wait = self._settled - clock()
        if wait > 0:
            await asyncio.sleep(wait)
        async with self._line.turn(self._standing):
            try:
                return await self._connection.request(self.unit, block)
            except ReadError as error:
                if not error.answered and not isinstance(error, UnreachableError):
                    self._settled = clock() + self._settle
                raise
