"""Where a meter keeps a quantity, and how its words become a number. Pure functions, no I/O."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Final, Literal

FunctionCode = Literal[3, 4]
RegisterType = Literal["int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
WordOrder = Literal["big", "little"]
ByteOrder = Literal["big", "little"]
ValueFlag = Literal["invalid_float", "implausible_order", "no_data", "out_of_range"]
Metric = Literal[
    "flow_rate",
    "totalizer",
    "temperature",
    "pressure",
    "level",
    "velocity",
    "battery_level",
    "signal_strength",
]

#: The unit of each metric everywhere behind the edge.
UNITS: Final[dict[Metric, str]] = {
    "flow_rate": "m3/h",
    "totalizer": "m3",
    "temperature": "degC",
    "pressure": "bar",
    "level": "m",
    "velocity": "m/s",
    "battery_level": "%",
    "signal_strength": "dBm",
}

_FORMATS: Final[dict[RegisterType, str]] = {
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}

#: A float outside these bounds (in the meter's unit) is taken for swapped words or an address off by
#: one: 0.125 read in the wrong order is 2.2e-41, 94.2 is 1.5e31.
SMALLEST_PLAUSIBLE: Final = 1e-30
LARGEST_PLAUSIBLE: Final = 1e9


#: The orders by the names installers know: A is the highest byte, and the letters are in the wire's order.
ORDERS: Final[dict[str, tuple[WordOrder, ByteOrder]]] = {
    "ABCD": ("big", "big"),
    "CDAB": ("little", "big"),
    "BADC": ("big", "little"),
    "DCBA": ("little", "little"),
}


@dataclass(frozen=True, slots=True)
class Register:
    """One quantity in consecutive 16-bit registers.

    `address` is the wire address, counted from 0: the manual's 30011 is 10. `word_order` says which
    word comes first: "little" is the low word (CDAB), "big" the high word (ABCD). `byte_order` is the
    order inside a word, which the protocol says is "big". The number on the wire times `scale` plus
    `offset` is in the metric's unit (see UNITS); `minimum` and `maximum` are in it, `no_data`
    are numbers on the wire that stand for "no value".
    """

    metric: Metric
    function_code: FunctionCode
    address: int
    type: RegisterType
    word_order: WordOrder = "big"
    scale: float = 1.0
    byte_order: ByteOrder = "big"
    offset: float = 0.0
    minimum: float | None = None
    maximum: float | None = None
    no_data: tuple[float, ...] = ()

    @property
    def count(self) -> int:
        """How many 16-bit registers the value takes."""
        return word_count(self.type)

    @property
    def is_float(self) -> bool:
        """Whether the wire holds an IEEE 754 number."""
        return self.type in ("float32", "float64")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A value in the metric's unit, or None with the flag that says why there is none.

    A value with the flag `out_of_range` is outside what the profile says the meter can measure.
    """

    value: float | None
    flag: ValueFlag | None = None


def word_count(type_: RegisterType) -> int:
    """How many 16-bit registers a number of this type takes."""
    return struct.calcsize(">" + _FORMATS[type_]) // 2


def order_name(count: int, word_order: WordOrder, byte_order: ByteOrder) -> str:
    """The order of `count` words in letters: CDAB is two words, the low one first."""
    words = [f"{chr(65 + 2 * index)}{chr(66 + 2 * index)}" for index in range(count)]
    if byte_order == "little":
        words = [word[::-1] for word in words]
    return "".join(words if word_order == "big" else words[::-1])


def unpack(
    type_: RegisterType, words: Sequence[int], word_order: WordOrder = "big", byte_order: ByteOrder = "big"
) -> float | int:
    """The number on the wire, before any scale.

    Raises ValueError unless there are exactly as many words of 0..65535 as the type takes.
    """
    if len(words) != word_count(type_):
        raise ValueError(f"{type_} needs {word_count(type_)} registers, got {len(words)}")
    ordered = words if word_order == "big" else words[::-1]
    try:
        packed = struct.pack(f"{'>' if byte_order == 'big' else '<'}{len(words)}H", *ordered)
    except struct.error as error:
        raise ValueError(f"a register holds 0..65535, got {list(words)}") from error
    number: float | int = struct.unpack(">" + _FORMATS[type_], packed)[0]
    return number


def decode(register: Register, words: Sequence[int]) -> Decoded:
    """The value that `words` hold; zero is a value.

    NaN and infinity give the flag `invalid_float`, a no-data number `no_data`, and a float too small
    or too large to be a measurement `implausible_order`. Raises ValueError unless there are exactly
    `register.count` words of 0..65535.
    """
    raw = unpack(register.type, words, register.word_order, register.byte_order)
    if not math.isfinite(raw):
        return Decoded(None, "invalid_float")
    if any(_is_same(register.type, raw, nothing) for nothing in register.no_data):
        return Decoded(None, "no_data")
    if register.is_float and raw and not SMALLEST_PLAUSIBLE <= abs(raw) <= LARGEST_PLAUSIBLE:
        return Decoded(None, "implausible_order")
    value = _in_our_unit(register, raw, list(words))
    below = register.minimum is not None and value < register.minimum
    above = register.maximum is not None and value > register.maximum
    return Decoded(value, "out_of_range" if below or above else None)


def encode(register: Register, value: float) -> list[int]:
    """The words that hold `value` (in the metric's unit); NaN and infinity are allowed for floats.

    Raises ValueError if the register's type cannot hold the value.
    """
    raw = (value - register.offset) / register.scale
    try:
        packed = struct.pack(">" + _FORMATS[register.type], raw if register.is_float else round(raw))
    except (struct.error, OverflowError, ValueError) as error:
        raise ValueError(f"{register.metric} {value} does not fit {register.type}") from error
    words = list(struct.unpack(f"{'>' if register.byte_order == 'big' else '<'}{register.count}H", packed))
    return words if register.word_order == "big" else words[::-1]


def _is_same(type_: RegisterType, raw: float | int, number: float) -> bool:
    """Whether `number`, as a profile writes it, is `raw`: -9999.9 is another number in 32 bits."""
    if raw == number:
        return True
    if type_ != "float32":
        return False
    try:
        return bool(struct.unpack(">f", struct.pack(">f", number))[0] == raw)
    except OverflowError:
        return False


def _in_our_unit(register: Register, raw: float | int, words: list[int]) -> float:
    """`raw` in our unit: an integer exactly, a float with the fewest digits that still stand for these very words.

    A 32-bit 0.1 is 0.10000000149 as a Python float; what the meter meant is 0.1.
    """
    if not register.is_float:
        # Adding 0 turns -0.0 into 0.0.
        return float(raw * _decimal(register.scale) + _decimal(register.offset)) + 0.0
    if not raw:
        return register.offset + 0.0
    exact = raw * register.scale + register.offset
    for digits in range(6, 17):
        rounded = float(f"{exact:.{digits}g}")
        try:
            if encode(register, rounded) == words:
                return rounded
        except ValueError:  # rounded up beyond the type's largest value
            continue
    return exact


@cache
def _decimal(number: float) -> Fraction:
    """The decimal number that a profile writes, and not the nearest one in binary."""
    return Fraction(repr(number))
