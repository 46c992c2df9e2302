"""The registers of one simulated meter, as words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from fluxio_edge.read_plan import Span
from fluxio_edge.registers import Register, encode
from fluxio_edge.simulator.meter import State
from fluxio_edge.status_words import Meaning

#: The most registers that one read may ask for (Modbus application protocol 1.1b3, 6.3).
MOST_REGISTERS: Final = 125


class Memory:
    """Which register holds which part of which quantity.

    Holding and input registers (function codes 3 and 4) are separate, as in the real transmitter: a
    quantity kept in one of them is no address of the other. What a request of the profile reads along
    is there as well and holds 0.
    """

    def __init__(
        self, registers: Sequence[Register], meanings: Sequence[Meaning] = (), blocks: Sequence[Span] = ()
    ) -> None:
        """The meter's profile: its registers, its status words and the requests that read them."""
        self._places: dict[tuple[int, int], tuple[Register, int]] = {
            (register.function_code, register.address + index): (register, index)
            for register in registers
            for index in range(register.count)
        }
        self._meanings: dict[tuple[int, int], list[Meaning]] = {}
        for meaning in meanings:
            self._meanings.setdefault((meaning.function_code, meaning.address), []).append(meaning)
        self._empty = {(block.function_code, number) for block in blocks for number in range(block.address, block.end)}

    def read(self, function_code: int, address: int, count: int, state: State) -> list[int] | None:
        """The words of `count` registers of a meter in `state`, or None if one of them is not there.

        A read may begin or end inside a quantity.
        """
        encoded: dict[Register, list[int]] = {}
        words: list[int] = []
        for number in range(address, address + count):
            where = function_code, number
            if where in self._places:
                register, index = self._places[where]
                if register not in encoded:
                    encoded[register] = hold(register, state)
                words.append(encoded[register][index])
            elif where in self._meanings:
                words.append(status_word(self._meanings[where], state))
            elif where in self._empty:
                words.append(0)
            else:
                return None
        return words


def hold(register: Register, state: State) -> list[int]:
    """The words of one quantity of a meter in `state`.

    A value beyond the register's type is the nearest that fits. No value is what the profile says, else
    NaN; where the type has none, its lowest (unsigned: its highest) number.
    """
    if state.fault == "ghost":
        return [0] * register.count
    words = encode(register, _fitting(register, state.values[register.metric]))
    return words[::-1] if state.fault == "swapped" else words


def status_word(meanings: Sequence[Meaning], state: State) -> int:
    """A word that says of each quantity whether it has a value, and nothing bad of the rest."""
    if state.fault == "ghost":
        return 0
    word = 0
    for meaning in meanings:
        says_so = meaning.metric is not None and math.isnan(state.values[meaning.metric])
        if meaning.bit is not None:
            word |= (meaning.value if says_so else 1 - meaning.value) << meaning.bit
        elif says_so:
            return meaning.value
    while any(meaning.bit is None and meaning.value == word for meaning in meanings):
        word += 1
    return word


def _fitting(register: Register, value: float) -> float:
    def ours(raw: float) -> float:
        return raw * register.scale + register.offset

    if math.isnan(value) and register.no_data:
        return ours(register.no_data[0])
    if register.is_float:
        return value
    bits = 16 * register.count
    unsigned = register.type.startswith("u")
    lowest, highest = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if math.isnan(value):
        return ours(highest if unsigned else lowest)
    ends = sorted((ours(lowest), ours(highest)))
    return min(max(value, ends[0]), ends[1])
