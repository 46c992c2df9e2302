"""Register profiles, and addresses as gateways write them. The facts are rows of public.register_profiles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Final, Literal, NamedTuple

Order = Literal["big", "little"]
RegisterType = Literal["int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]

#: Object classes of Modbus documents and the function codes that read them: 3xxxx and 4xxxx.
_FUNCTION_CODES: Final = {"3": 4, "4": 3}

_DECIMAL = re.compile(r"[0-9]{1,6}")
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]{1,4}")


@dataclass(frozen=True, slots=True)
class Register:
    """A row of public.register_profile_registers; its comments say what each column means."""

    metric: str
    function_code: int
    address: int
    type: RegisterType
    word_order: Order = "big"
    byte_order: Order = "big"
    scale: float = 1.0
    value_offset: float = 0.0
    min_value: float | None = None
    max_value: float | None = None
    no_data_values: tuple[float, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def words(self) -> int:
        """How many 16-bit registers it takes."""
        return int(self.type[-2:]) // 16

    @property
    def is_float(self) -> bool:
        """Whether the wire holds an IEEE 754 number."""
        return self.type.startswith("float")

    @property
    def exact_scale(self) -> Fraction:
        """The scale as the decimal number it is written as."""
        return Fraction(repr(self.scale))


@dataclass(frozen=True, slots=True)
class StatusMeaning:
    """A row of public.register_profile_status."""

    function_code: int
    address: int
    bit: int | None
    value: int
    metric: str | None
    flag: str
    quality: str | None

    def holds(self, word: int) -> bool:
        """Whether the status word says it."""
        return (word if self.bit is None else word >> self.bit & 1) == self.value


@dataclass(frozen=True)
class Profile:
    """A published version of a register profile."""

    name: str
    version: int
    registers: tuple[Register, ...]
    status: tuple[StatusMeaning, ...] = ()

    def __str__(self) -> str:
        """As devices.profile names this very version."""
        return f"{self.name}@{self.version}"

    @cached_property
    def by_alias(self) -> dict[str, Register]:
        """The registers by the names that requests for them have."""
        return {alias: register for register in self.registers for alias in register.aliases}

    def within(self, start: Address, count: int) -> tuple[list[Register], list[StatusMeaning]]:
        """What begins at one of `count` registers from `start` on; more than one function code only if none is told."""
        codes = (start.function_code,) if start.function_code is not None else (3, 4)
        reach = range(start.wire, start.wire + count)
        return (
            [one for one in self.registers if one.function_code in codes and one.address in reach],
            [one for one in self.status if one.function_code in codes and one.address in reach],
        )


@dataclass(frozen=True, slots=True)
class Meter:
    """What decodes a device's registers."""

    expected_interval_s: int
    #: None: the device names none, or none that is there.
    profile: Profile | None


class Address(NamedTuple):
    """A register. `function_code` is None where the address does not tell; `wire` counts from 0."""

    function_code: int | None
    wire: int


def addresses_of(value: object) -> Iterator[Address]:
    """What `value` may mean as an address, the most telling first; documents and RutOS count from 1.

    "300011" and 300011 are input register 11, and so is "30011", which may be the
    plain number 30011 as well; 11, "11" and "0x0B" are register 11 of an unknown
    class. Coils (0, 1) hold no quantities.
    """
    text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if _HEXADECIMAL.fullmatch(text):
        text = str(int(text, 16))
    elif not _DECIMAL.fullmatch(text):
        return
    if len(text) in {5, 6}:
        code, wire = _FUNCTION_CODES.get(text[0]), int(text[1:]) - 1
        if code is not None and 0 <= wire <= 65535:
            yield Address(code, wire)
    # Six characters with a leading 0 are a coil's address.
    if len(text) < 6 and 0 < int(text) <= 65536:
        yield Address(None, int(text) - 1)
