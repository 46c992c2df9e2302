"""What a meter can have measured, and which mistake in a profile would explain values that it cannot.

Pure functions, no I/O; diagnosis.py asks the meter for the words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from fluxio_edge.registers import (
    ORDERS,
    Decoded,
    FunctionCode,
    Metric,
    Register,
    RegisterType,
    decode,
    order_name,
)
from fluxio_edge.status_words import Words

#: [our units] What no water meter leaves; wider than any single kind of meter.
_BELIEVABLE: Final[dict[Metric, tuple[float, float]]] = {
    "flow_rate": (-500_000, 500_000),
    "totalizer": (0, 1e10),
    "temperature": (-40, 130),
    "pressure": (-1.1, 400),
    "level": (-5, 100),
    "velocity": (-20, 20),
    "battery_level": (0, 100),
    "signal_strength": (-150, 0),
}

#: A float other than 0 that is smaller is no measurement but a wrong exponent.
_SMALLEST: Final = 1e-9

_SAME_SIZE: Final[dict[RegisterType, tuple[RegisterType, ...]]] = {
    "int16": ("uint16",),
    "uint16": ("int16",),
    "int32": ("uint32", "float32"),
    "uint32": ("int32", "float32"),
    "float32": ("int32", "uint32"),
    "int64": ("uint64", "float64"),
    "uint64": ("int64", "float64"),
    "float64": ("int64", "uint64"),
}


@dataclass(frozen=True, slots=True)
class Guess:
    """A profile with one or two things changed; None and 0 are as it says."""

    order: str | None = None
    shift: int = 0
    other_function: bool = False
    type: RegisterType | None = None

    @property
    def changes(self) -> int:
        """How many things it changes."""
        return (self.order is not None) + bool(self.shift) + self.other_function + (self.type is not None)

    def applied(self, register: Register) -> Register | None:
        """`register` as guessed; None if there is no such register."""
        guessed = register
        if self.order is not None:
            word_order, byte_order = ORDERS[self.order]
            guessed = replace(guessed, word_order=word_order, byte_order=byte_order)
        if self.type is not None:
            if self.type not in _SAME_SIZE[register.type]:
                return None
            guessed = replace(guessed, type=self.type)
        code: FunctionCode = 3 if register.function_code == 4 else 4
        address = guessed.address + self.shift
        if address < 0:
            return None
        return replace(guessed, address=address, function_code=code if self.other_function else register.function_code)

    def text(self, register: Register) -> str:
        """What to write in the profile."""
        guessed = self.applied(register) or register
        parts: list[str] = []
        if self.order is not None:
            parts.append(f'order = "{_order(guessed)}"')
        if self.shift:
            parts.append(f"addresses {self.shift:+d} ({register.metric} at {guessed.address})")
        if self.other_function:
            parts.append(f"function_code = {guessed.function_code}")
        if self.type is not None:
            parts.append(f'type = "{self.type}"')
        return " and ".join(parts)


def doubts(registers: Sequence[Register], values: Mapping[Metric, Decoded]) -> dict[Metric, str]:
    """The values that a meter cannot have measured, in words; all of them if there is nothing but zeros."""
    found = {
        register.metric: _in_words(values[register.metric])
        for register in registers
        if register.metric in values and believable(register, values[register.metric]) is False
    }
    if not found and len(values) > 1 and all(decoded.value == 0 for decoded in values.values()):
        return dict.fromkeys(values, "0")
    return found


def believable(register: Register, decoded: Decoded) -> bool | None:
    """Whether it can be a measurement; None for 0 and for no value, which tell nothing."""
    if decoded.flag in ("implausible_order", "out_of_range"):
        return False
    if not decoded.value:
        return None
    low, high = _BELIEVABLE[register.metric]
    if register.is_float and abs(decoded.value) < _SMALLEST:
        return False
    return low <= decoded.value <= high


def guesses(registers: Sequence[Register], words: Words) -> list[Guess]:
    """What would make every one of `registers` believable, by the fewest changes; words that are missing fit nothing.

    Of those, the ones that leave the fewest zeros; at most three, since more would be no advice. One may
    fit by chance: in the wrong order at the wrong address a float still has its upper half.
    """
    fitting = [guess for guess in _every_guess() if _fits(guess, registers, words)]
    fewest = min((guess.changes for guess in fitting), default=0)
    best = [guess for guess in fitting if guess.changes == fewest]
    told = {guess: _told(guess, registers, words).count(True) for guess in best}
    return [guess for guess in best if told[guess] == max(told.values())][:3]


def decoded_as(guess: Guess, registers: Sequence[Register], words: Words) -> dict[Metric, Decoded]:
    """The values under a guess that fits."""
    return {register.metric: decoded for register, decoded in _decoded(guess, registers, words)}


def _every_guess() -> Iterator[Guess]:
    """All with one or two changes, the likely mistakes first."""
    types: list[RegisterType | None] = [None, *_SAME_SIZE]
    for type_, other, shift, order in product(types, (False, True), (0, 1, -1), (None, *ORDERS)):
        guess = Guess(order, shift, other, type_)
        if 1 <= guess.changes <= 2:
            yield guess


def _fits(guess: Guess, registers: Sequence[Register], words: Words) -> bool:
    if guess.order is not None and all(_order(guess.applied(each) or each) == _order(each) for each in registers):
        return False  # the order would be no change
    told = _told(guess, registers, words)
    return len(told) == len(registers) and False not in told and told.count(True) * 2 >= len(registers)


def _told(guess: Guess, registers: Sequence[Register], words: Words) -> list[bool | None]:
    return [believable(register, value) for register, value in _decoded(guess, registers, words)]


def _decoded(guess: Guess, registers: Sequence[Register], words: Words) -> Iterator[tuple[Register, Decoded]]:
    for register in registers:
        guessed = guess.applied(register)
        if guessed is None:
            return
        places = [(guessed.function_code, guessed.address + index) for index in range(guessed.count)]
        if all(place in words for place in places):
            yield guessed, decode(guessed, [words[place] for place in places])


def _order(register: Register) -> str:
    return order_name(register.count, register.word_order, register.byte_order)


def _in_words(decoded: Decoded) -> str:
    return f"{decoded.value:.6g}" if decoded.value is not None else str(decoded.flag)
