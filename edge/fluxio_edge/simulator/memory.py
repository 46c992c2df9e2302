"""The registers of one simulated meter, as words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from fluxio_edge.registers import Register, encode
from fluxio_edge.simulator.meter import State

#: The most registers that one read may ask for (Modbus application protocol 1.1b3, 6.3).
MOST_REGISTERS: Final = 125


class Memory:
    """Which register holds which part of which quantity.

    Holding and input registers (function codes 3 and 4) are separate, as in the real transmitter: a
    quantity kept in one of them is no address of the other.
    """

    def __init__(self, registers: Sequence[Register]) -> None:
        """`registers` is the meter's profile."""
        self._places: dict[tuple[int, int], tuple[Register, int]] = {
            (register.function_code, register.address + index): (register, index)
            for register in registers
            for index in range(register.count)
        }

    def read(self, function_code: int, address: int, count: int, state: State) -> list[int] | None:
        """The words of `count` registers of a meter in `state`, or None if one of them is not there.

        A read may begin or end inside a quantity.
        """
        encoded: dict[Register, list[int]] = {}
        words: list[int] = []
        for number in range(address, address + count):
            place = self._places.get((function_code, number))
            if place is None:
                return None
            register, index = place
            if register not in encoded:
                encoded[register] = hold(register, state)
            words.append(encoded[register][index])
        return words


def hold(register: Register, state: State) -> list[int]:
    """The words of one quantity of a meter in `state`.

    A value beyond the register's type is the nearest that fits, and no value, where the type has no
    NaN, is its lowest (unsigned: its highest) number.
    """
    if state.fault == "ghost":
        return [0] * register.count
    words = encode(register, _fitting(register, state.values[register.metric]))
    return words[::-1] if state.fault == "swapped" else words


def _fitting(register: Register, value: float) -> float:
    if register.is_float:
        return value
    bits = 16 * register.count
    unsigned = register.type.startswith("u")
    lowest, highest = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if math.isnan(value):
        return float((highest if unsigned else lowest) * register.scale)
    return float(min(max(value / register.scale, lowest), highest) * register.scale)
