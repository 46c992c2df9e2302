"""A reading as one line, exactly as private.reading_text of the database has it, and what lines add up to."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

#: Values of a line, in order. Times are microseconds since 1970.
COLUMNS = (
    "device_id", "created_at", "received_at", "flow_rate", "totalizer", "temperature", "pressure", "level", "velocity",
    "battery_level", "signal_strength", "quality", "flags", "metadata",
)  # fmt: skip
FLOATS = slice(3, 9)
FLAGS = 12

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: In the order of COLUMNS; floats are float, flags a list, metadata JSON text.
Values = list[object]


def parse(line: str) -> Values:
    """The values of a line."""
    values: Values = json.loads(line)
    values[FLOATS] = [None if text is None else _double(str(text)) for text in values[FLOATS]]
    values[FLAGS] = json.loads(str(values[FLAGS]))
    return values


def line_of(values: Sequence[object]) -> str:
    """The line of these values, the same as the database's."""
    return _text(values, [None if value is None else struct.pack(">d", value).hex() for value in values[FLOATS]])


def number_line_of(values: Sequence[object]) -> str:
    """The line with its floats as JSON numbers, for restore_readings."""
    return _text(values, values[FLOATS])


def _text(values: Sequence[object], floats: Sequence[object]) -> str:
    flags = json.dumps(values[FLAGS], ensure_ascii=False, separators=(",", ":"))
    return json.dumps([*values[:3], *floats, *values[9:FLAGS], flags, values[13]], ensure_ascii=False, allow_nan=False)


def _double(text: str) -> float:
    value: float = struct.unpack(">d", bytes.fromhex(text))[0]
    return value


class Sums:
    """What lines add up to, in any order: private.readings_hash."""

    def __init__(self) -> None:
        self.count = self._first = self._second = 0

    def add(self, lines: Iterable[str]) -> None:
        """Count these lines in."""
        for line in lines:
            first, second = struct.unpack_from(">qq", hashlib.sha256(line.encode()).digest())
            self.count += 1
            self._first += first
            self._second += second

    def hash(self) -> str:
        """SHA-256 [hex] of number and sums."""
        return hashlib.sha256(f"{self.count} {self._first} {self._second}".encode()).hexdigest()
