"""Where a meter keeps a quantity, and how its words become a number. Pure functions, no I/O."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

RegisterType = Literal["int16", "uint16", "int32", "uint32", "float32", "float64"]
WordOrder = Literal["big", "little"]
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
    "float32": "f",
    "float64": "d",
}

#: A float outside these bounds (in the meter's unit) is taken for swapped words or an address off by
#: one: 0.125 read in the wrong order is 2.2e-41, 94.2 is 1.5e31.
SMALLEST_PLAUSIBLE: Final = 1e-30
LARGEST_PLAUSIBLE: Final = 1e9


@dataclass(frozen=True, slots=True)
class Register:
    """One quantity in consecutive 16-bit registers.

    `address` is the wire address, counted from 0: the manual's 30011 is 10. `word_order` says which
    word comes first: "little" is the low word (CDAB), "big" the high word (ABCD); the bytes of a word
    are always high first. A value on the wire times `scale` is in the metric's unit (see UNITS).
    """

    metric: Metric
    function_code: Literal[3, 4]
    address: int
    type: RegisterType
    word_order: WordOrder = "big"
    scale: float = 1.0

    @property
    def count(self) -> int:
        """How many 16-bit registers the value takes."""
        return struct.calcsize(">" + _FORMATS[self.type]) // 2

    @property
    def is_float(self) -> bool:
        """Whether the wire holds an IEEE 754 number."""
        return self.type in ("float32", "float64")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A value in the metric's unit, or None with the flag that says why there is none."""

    value: float | None
    flag: Literal["invalid_float", "implausible_order"] | None = None


def decode(register: Register, words: Sequence[int]) -> Decoded:
    """The value that `words` hold; zero is a value.

    NaN and infinity give the flag `invalid_float`; a float too small or too large to be a
    measurement gives `implausible_order`. Raises ValueError unless there are exactly
    `register.count` words of 0..65535.
    """
    if len(words) != register.count:
        raise ValueError(f"{register.type} needs {register.count} registers, got {len(words)}")
    raw = _unpack(register, words)
    if register.is_float:
        if not math.isfinite(raw):
            return Decoded(None, "invalid_float")
        if raw and not SMALLEST_PLAUSIBLE <= abs(raw) <= LARGEST_PLAUSIBLE:
            return Decoded(None, "implausible_order")
    return Decoded(_shortest(register, raw, tuple(words)))


def encode(register: Register, value: float) -> list[int]:
    """The words that hold `value` (in the metric's unit); NaN and infinity are allowed for floats.

    Raises ValueError if the register's type cannot hold the value.
    """
    raw = value / register.scale
    try:
        packed = struct.pack(">" + _FORMATS[register.type], raw if register.is_float else round(raw))
    except (struct.error, OverflowError, ValueError) as error:
        raise ValueError(f"{register.metric} {value} does not fit {register.type}") from error
    words = list(struct.unpack(f">{register.count}H", packed))
    return words if register.word_order == "big" else words[::-1]


def _unpack(register: Register, words: Sequence[int]) -> float:
    ordered = words if register.word_order == "big" else words[::-1]
    try:
        packed = struct.pack(f">{register.count}H", *ordered)
    except struct.error as error:
        raise ValueError(f"a register holds 0..65535, got {list(words)}") from error
    return float(struct.unpack(">" + _FORMATS[register.type], packed)[0])


def _shortest(register: Register, raw: float, words: tuple[int, ...]) -> float:
    """`raw` in our unit with the fewest digits that still stand for these very words.

    A 32-bit 0.1 is 0.10000000149 as a Python float; what the meter meant is 0.1.
    """
    if raw == 0:
        return 0.0
    exact = raw * register.scale
    if not register.is_float:
        return float(f"{exact:.15g}")
    for digits in range(6, 17):
        rounded = float(f"{exact:.{digits}g}")
        try:
            if tuple(encode(register, rounded)) == words:
                return rounded
        except ValueError:  # rounded up beyond the type's largest value
            continue
    return exact
