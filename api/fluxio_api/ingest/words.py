"""How what stands in `data` becomes a number of ours. Pure functions.

RutOS writes what it decoded, and where nobody set a data type, the words. Which
of the two it is shows as follows:

- With a decimal point (or exponent) it is a decoded number: RutOS prints floats
  with %f, which always writes one. Of several, the first is the register's own;
  "[0.125000,1.500000]" is two floats, though a register of 32 bits was asked for.
- Integers where the profile has a float are words. As many as the type needs, or
  more, are a block of registers from that address on. Fewer are a part of a value,
  which is no value.
- Integers where the profile has a 16-bit integer are words, signed or not.
- One integer where the profile has a wider integer is the decoded number.
  Several could be words or several decoded integers: they are words only if
  `size` counts as many registers.
- Without brackets a comma could be a decimal one: "0,125" is two words only if
  `size` says 2.
- A number that is no text was written by a script, not by RutOS, and is the value.

What stays undecided is no value and gets the flag ambiguous_data. Two small
numbers that are no words after all make a float of 1e-40, which is refused as
implausible.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from .numbers import NoNumber, read_number
from .profiles import Register
from .units import scaled

_FORMATS: Final = {
    "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q", "float32": "f",
    "float64": "d",
}  # fmt: skip

#: A float outside these bounds (in the meter's unit) is taken for swapped words or an address off by
#: one: 0.125 read in the wrong order is 2.2e-41, 94.2 is 1.5e31. The edge agent has the same.
SMALLEST_PLAUSIBLE: Final = 1e-30
LARGEST_PLAUSIBLE: Final = 1e9

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")

#: One element of data: an int was written without a decimal point.
Token = float | int | NoNumber


@dataclass(frozen=True, slots=True)
class Data:
    """What stands in `data`."""

    tokens: tuple[Token, ...]
    #: In brackets, so that a comma separates.
    is_list: bool
    #: One JSON number, neither text nor list.
    is_bare: bool

    @property
    def words(self) -> list[int] | None:
        """Its elements as unsigned words, if all can be; signed ones are taken as their bits."""
        if all(isinstance(token, int) and -0x8000 <= token <= 0xFFFF for token in self.tokens):
            return [int(token) & 0xFFFF for token in self.tokens if isinstance(token, int)]
        return None


@dataclass(frozen=True, slots=True)
class Decoded:
    """A value in the metric's unit, or None; the flag says why, or what is odd about it."""

    value: float | None
    flag: str | None = None


def read_data(value: object) -> Data:
    """The elements of `data`: "[94.225075]", "[65,53267]", "94.225075", [94.2] or 94.2; at least one."""
    if isinstance(value, list):
        return Data(tuple(map(_token, value)) or (NoNumber.MISSING,), is_list=True, is_bare=False)
    if not isinstance(value, str):
        return Data((_token(value),), is_list=False, is_bare=True)
    text = value.strip()
    is_list = text.startswith("[") and text.endswith("]")
    if is_list:
        text = text[1:-1]
    return Data(tuple(_token(part) for part in text.split(",")), is_list=is_list, is_bare=False)


Meaning = Literal["words", "number", "ambiguous"]


def meaning_of(data: Data, register: Register | None, size: object) -> Meaning:
    """What the elements are; `register`: what the profile has at the address; `size`: as the record says.

    The first element is a number.
    """
    if any(isinstance(token, float) for token in data.tokens):
        return "number"
    if not all(isinstance(token, int) for token in data.tokens):
        return "ambiguous"
    count, width = len(data.tokens), register.words if register else 1
    is_float = register is not None and register.is_float
    if data.words is None:
        return "ambiguous" if is_float and not data.is_bare else "number"
    if count == 1:
        if width == 1:
            return "words"
        return "number" if data.is_bare or not is_float else "ambiguous"
    counted = read_number(size) == count
    is_settled = counted or (data.is_list and (is_float or width == 1))
    return "words" if is_settled and count >= width else "ambiguous"


def from_words(register: Register, words: Sequence[int]) -> Decoded:
    """What `register.words` unsigned words hold."""
    raw = _unpacked(register, words)
    if register.is_float:
        fault = _float_fault(register, raw)
        if fault:
            return Decoded(None, fault)
        return _judged(register, _shortest(register, raw, words))
    if raw in register.no_data_values:
        return Decoded(None, "no_data")
    return _judged(register, _ours(register, int(raw)))


def from_number(register: Register, number: float) -> Decoded:
    """What `number` on the wire, as the gateway decoded it, is in our unit."""
    if register.is_float:
        fault = _float_fault(register, float(number))
        return Decoded(None, fault) if fault else _judged(register, _ours(register, number))
    if number in register.no_data_values:
        return Decoded(None, "no_data")
    try:
        if number != int(number):
            return Decoded(None, "ambiguous_data")
        struct.pack(">" + _FORMATS[register.type], int(number))
    except struct.error:
        return Decoded(None, "ambiguous_data")
    return _judged(register, _ours(register, int(number)))


def _token(value: object) -> Token:
    number = read_number(value) if not isinstance(value, list) else NoNumber.INVALID
    if isinstance(value, str) and isinstance(number, float) and _INTEGER.fullmatch(value.strip()):
        return int(value)
    return number


def _float_fault(register: Register, raw: float) -> str | None:
    if not math.isfinite(raw):
        return "invalid_float"
    if any(_same(register, raw, sentinel) for sentinel in register.no_data_values):
        return "no_data"
    if raw and not SMALLEST_PLAUSIBLE <= abs(raw) <= LARGEST_PLAUSIBLE:
        return "implausible_order"
    return None


def _same(register: Register, raw: float, sentinel: float) -> bool:
    """Whether they are one number to the meter: -9999.9 is -9999.900391 there."""
    if raw == sentinel:
        return True
    code = ">" + _FORMATS[register.type]
    try:
        return struct.pack(code, raw) == struct.pack(code, sentinel)
    except OverflowError:
        return False


def _judged(register: Register, value: float) -> Decoded:
    if not math.isfinite(value):
        return Decoded(None, "implausible_order")
    low, high = register.min_value, register.max_value
    is_odd = (low is not None and value < low) or (high is not None and value > high)
    return Decoded(value, "out_of_range" if is_odd else None)


def _ours(register: Register, number: float) -> float:
    try:
        # Adding 0 turns -0.0 into 0.0.
        return scaled(number, register.exact_scale, Fraction(repr(register.value_offset))) + 0.0
    except OverflowError:
        return math.inf


def _unpacked(register: Register, words: Sequence[int]) -> float:
    ordered = words if register.word_order == "big" else words[::-1]
    # Each word by itself: little swaps its bytes, not the words.
    packed = struct.pack((">" if register.byte_order == "big" else "<") + f"{len(ordered)}H", *ordered)
    raw: float | int = struct.unpack(">" + _FORMATS[register.type], packed)[0]
    return raw


def _shortest(register: Register, raw: float, words: Sequence[int]) -> float:
    """`raw` in our unit with the fewest digits that still stand for these very words, as the edge agent has it.

    A 32-bit 0.1 is 0.10000000149 as a Python float; what the meter meant is 0.1.
    """
    if raw == 0:
        return register.value_offset + 0.0
    exact = raw * register.scale + register.value_offset
    wanted = _unpacked(register, words)
    for digits in range(6, 17):
        rounded = float(f"{exact:.{digits}g}")
        try:
            code = ">" + _FORMATS[register.type]
            packed = struct.pack(code, (rounded - register.value_offset) / register.scale)
        except OverflowError:  # rounded up beyond the type's largest value
            continue
        if struct.unpack(code, packed)[0] == wanted:
            return rounded
    return exact
