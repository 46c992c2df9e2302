"""What a body is made of, whatever format it came in, and what a format has to say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FlatReading:
    """A reading of plain quantities."""

    value: object
    #: The key it stood under; None: none.
    input_name: str | None = None
    #: Fields that hold for it as well, from around it.
    around: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RegisterRecord:
    """The answer to one Modbus request, with RutOS's names for its fields.

    Those are device_id, server_name, server_id, ip; name, full_addr, addr, size,
    data; date_iso_8601, timestamp, date. Any may be missing.
    """

    fields: Mapping[str, object]
    #: Members that are none of these.
    extra: Mapping[str, object]
    #: As it was sent.
    value: Mapping[str, object]
    #: What the sender calls a field, where that is not the name above.
    sent_as: Mapping[str, str] = field(default_factory=dict)
    input_name: str | None = None
    around: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GatewayState:
    """What a gateway says of itself."""

    input_name: str
    value: object


@dataclass(frozen=True, slots=True)
class Inside:
    """A value that stands under an input's name and may be of any format that stands alone."""

    input_name: str
    value: object
    around: Mapping[str, object] = field(default_factory=dict)


Item = FlatReading | RegisterRecord | GatewayState | Inside


class Format(Protocol):
    """One shape of a value. A module with these two functions is a format."""

    def claims(self, value: Mapping[str, object]) -> bool:
        """Whether an object is of this format; the first of FORMATS that claims one has it."""

    def items(self, value: Mapping[str, object]) -> Iterable[Item]:
        """What the object holds; nothing of it may be left out. Never raises."""


def as_sent(part: FlatReading | RegisterRecord) -> object:
    """The part as a value that is taken apart to the same part again."""
    return part.value if part.input_name is None else {**part.around, part.input_name: part.value}


def is_scalar(value: object) -> bool:
    """Whether `value` is neither object nor array."""
    return not isinstance(value, dict | list)
