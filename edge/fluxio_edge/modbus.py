"""Asking for registers over one Modbus connection, whatever it runs over."""

from __future__ import annotations

import asyncio
import termios
from typing import Final

from pymodbus import ModbusException
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.pdu import ModbusPDU

from fluxio_edge.backoff import Backoff
from fluxio_edge.condition import Condition
from fluxio_edge.errors import ReadError, UnreachableError
from fluxio_edge.place import Place, TcpPlace
from fluxio_edge.read_plan import Block

#: Modbus application protocol 1.1b3, section 7.
_EXCEPTIONS: Final[dict[int, str]] = {
    1: "illegal function",
    2: "illegal address",
    3: "illegal value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target does not respond",
}

#: So many requests in a row without any answer make a serial device be opened anew.
_SERIAL_PATIENCE: Final = 10


class Connection:
    """One connection to one place; the caller sees to it that one request runs at a time.

    It is made at the first request, and over TCP anew after a request without an answer: a late
    answer must not be taken for the next one's. Attempts to connect that fail are made 1, 2, 4, ...
    seconds apart, at most `reconnect_max_s`; requests between them fail at once. `condition` is told
    of both, for a connection that several meters share.
    """

    def __init__(
        self, place: Place, *, timeout_s: float, reconnect_max_s: float, condition: Condition | None = None
    ) -> None:
        """`timeout_s` is for connecting and for each request."""
        self.place = place
        self._timeout = timeout_s
        self._client: AsyncModbusTcpClient | AsyncModbusSerialClient | None = None
        self._backoff = Backoff(1.0, reconnect_max_s)
        self._condition = condition
        self._next_attempt = 0.0
        self._reason = ""
        self._unanswered = 0

    async def request(self, unit: int, block: Block) -> list[int]:
        """The registers of `block` at the unit id, by one request.

        Raises ReadError: `answered` if something came that is no such registers, not if nothing came
        in time; UnreachableError if nothing could be sent.
        """
        client = await self._connected()
        read = client.read_input_registers if block.function_code == 4 else client.read_holding_registers
        try:
            answer = await read(block.address, count=block.count, device_id=unit)
        except ModbusException as error:
            self._no_answer()
            raise ReadError(f"no answer from unit {unit} at {self.place}") from error
        except asyncio.CancelledError:
            self.close()
            raise
        self._unanswered = 0
        return self._checked(answer, block)

    def close(self) -> None:
        """Close; a later request connects again."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _connected(self) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
        if self._client is not None and self._client.connected:
            return self._client
        self.close()
        now = asyncio.get_running_loop().time
        if now() < self._next_attempt:
            raise UnreachableError(self._reason, told=self._condition is not None)
        # A new client each time: none of the old one's buffers, counters and futures live on.
        client = self.place.client(self._timeout)
        try:
            connected = await _connect(client)
            # A serial transport is set up in the loop's next rounds; closed before, it would be set up after.
            for _ in range(2):
                await asyncio.sleep(0)
        except BaseException:
            client.close()
            raise
        if not connected:
            client.close()
            self._next_attempt = now() + self._backoff.next_delay()
            fault = self.place.fault()
            self._reason = f"no connection to {self.place}" + (f": {fault}" if fault else "")
            if self._condition is not None:
                self._condition.trouble("away", self._reason)
            raise UnreachableError(self._reason, told=self._condition is not None)
        if self._condition is not None:
            self._condition.well(f"connected to {self.place}")
        self._backoff.reset()
        self._unanswered = 0
        self._client = client
        return client

    def _no_answer(self) -> None:
        """Over TCP, close. A serial device is opened anew if nobody on the line answers for long, as a hung adapter."""
        self._unanswered += 1
        if isinstance(self.place, TcpPlace) or self._unanswered >= _SERIAL_PATIENCE:
            self.close()

    def _checked(self, answer: ModbusPDU, block: Block) -> list[int]:
        if answer.isError():
            code = answer.exception_code
            reason = _EXCEPTIONS.get(code, f"exception {code}")
            raise ReadError(f"{reason} (address {block.address}, {block.count} registers)", answered=True, code=code)
        words = list(answer.registers)
        if answer.function_code != block.function_code or len(words) != block.count:
            self.close()  # another request's answer, and ours may still come
            raise ReadError(f"{len(words)} registers instead of {block.count}", answered=True)
        return words


async def _connect(client: AsyncModbusTcpClient | AsyncModbusSerialClient) -> bool:
    try:
        return await client.connect()
    except (ValueError, termios.error):  # pyserial's for a baud rate or a parity that the device does not have
        return False
