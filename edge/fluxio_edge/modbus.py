"""Reading registers over one Modbus connection."""

from __future__ import annotations

import asyncio
from typing import Final, Literal

from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.pdu import ModbusPDU

from fluxio_edge.errors import ReadError
from fluxio_edge.profiles import Block

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

_FRAMERS: Final = {"socket": FramerType.SOCKET, "rtu": FramerType.RTU}


class Connection:
    """A connection to one host and port; requests on it run one at a time.

    It is made at the first read, and made anew after a request without an answer: a late answer
    must not be taken for the next one's (RTU frames carry no number to tell them apart).
    """

    def __init__(
        self, host: str, port: int, *, framer: Literal["socket", "rtu"], timeout_s: float, retries: int
    ) -> None:
        """`timeout_s` is for connecting and for each of the 1 + `retries` attempts at a request."""
        self._place = f"{host}:{port}"
        self._attempts = 1 + retries
        self._client = AsyncModbusTcpClient(
            host,
            port=port,
            framer=_FRAMERS[framer],
            timeout=timeout_s,
            retries=0,  # pymodbus would repeat a request on the same connection
            reconnect_delay=0,  # the poller decides when to try again
        )
        self._one_at_a_time = asyncio.Lock()

    async def read(self, unit: int, block: Block) -> list[int]:
        """The registers of `block` at the unit id.

        Raises ReadError: `answered` if the meter refused, not if nothing came in time.
        """
        async with self._one_at_a_time:
            answer = await self._answer(unit, block)
            if not answer.isError() and len(answer.registers) != block.count:
                self._client.close()  # another request's answer, and ours may still come
                raise ReadError(f"{len(answer.registers)} registers instead of {block.count}", answered=True)
        if answer.isError():
            reason = _EXCEPTIONS.get(answer.exception_code, f"exception {answer.exception_code}")
            raise ReadError(f"{reason} (address {block.address}, {block.count} registers)", answered=True)
        return list(answer.registers)

    async def _answer(self, unit: int, block: Block) -> ModbusPDU:
        """What the unit answers, an exception included; raises ReadError if nothing came in time."""
        fault: ModbusException | None = None
        for _ in range(self._attempts):
            if not self._client.connected and not await self._client.connect():
                raise ReadError(f"no connection to {self._place}") from fault
            read = (
                self._client.read_input_registers if block.function_code == 4 else self._client.read_holding_registers
            )
            try:
                return await read(block.address, count=block.count, device_id=unit)
            except ModbusException as error:
                self._client.close()
                fault = error
            except asyncio.CancelledError:
                self._client.close()
                raise
        raise ReadError(f"no answer from unit {unit} at {self._place}") from fault

    def close(self) -> None:
        """Close; a later read connects again."""
        self._client.close()
