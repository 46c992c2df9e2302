"""The meters on one bus, and what each answers to a Modbus request. No I/O."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from fluxio_edge.simulator.memory import MOST_REGISTERS, Memory
from fluxio_edge.simulator.meter import Meter

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, BUSY = 1, 2, 3, 6

#: function code, address, count (Modbus application protocol 1.1b3, 6.3 and 6.4).
_READ: Final = struct.Struct(">BHH")

#: Told of each read that was answered with words: meter, function code, address, words.
Record = Callable[[str, int, int, list[int]], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a meter does about a request. `pdu` follows `delay_s` later, unless it is silent or hangs up."""

    way: Literal["answer", "silent", "hang up"]
    pdu: bytes = b""
    delay_s: float = 0.0


class Bus:
    """Meters by unit id. A unit id that no meter has is silent, as on a real line."""

    def __init__(self, meters: Mapping[int, tuple[Meter, Memory]], *, record: Record | None = None) -> None:
        """`record` hears of every answer with words."""
        self._meters = meters
        self._record = record

    def answer(self, unit: int, pdu: bytes) -> Answer:
        """What unit `unit` does about the request `pdu` (function code and data, without the frame)."""
        if unit not in self._meters:
            return Answer("silent")
        meter, memory = self._meters[unit]
        state = meter.ask()
        if state.fault == "silent":
            return Answer("silent")
        if state.fault == "drop":
            return Answer("hang up")
        function_code = pdu[0]
        words = _refusal(pdu, state.fault == "busy")
        if isinstance(words, int):
            return _exception(function_code, words)
        _, address, count = _READ.unpack(pdu)
        found = None if state.fault == "illegal" else memory.read(function_code, address, count, state)
        if found is None:
            return _exception(function_code, ILLEGAL_ADDRESS)
        if self._record is not None:
            self._record(meter.settings.name, function_code, address, found)
        data = struct.pack(f">BB{len(found)}H", function_code, 2 * len(found), *found)
        return Answer("answer", data, state.delay_s if state.fault == "slow" else 0.0)


def _refusal(pdu: bytes, busy: bool) -> int | None:
    """The exception code that a request gets whatever it asks for; these transmitters take no writes."""
    if busy:
        return BUSY
    if pdu[0] not in (3, 4):
        return ILLEGAL_FUNCTION
    if len(pdu) != _READ.size or not 1 <= _READ.unpack(pdu)[2] <= MOST_REGISTERS:
        return ILLEGAL_VALUE
    return None


def _exception(function_code: int, code: int) -> Answer:
    return Answer("answer", bytes([function_code | 0x80, code]))
