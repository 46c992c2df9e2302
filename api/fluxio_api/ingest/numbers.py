"""What a gateway writes where a number belongs."""

from __future__ import annotations

import re
from enum import Enum

#: Words for "no value", compared in lower case without blanks around. "N/A" is what
#: RutOS prints for a tag it does not know.
MISSING_WORDS = frozenset({"", "-", "--", "n/a", "na", "none", "null"})

#: Largest magnitude of a 32-bit float, which is what the meters send (IEEE 754).
_FLOAT32_MAX = 3.4028234663852886e38

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
#: Also as C's printf on Windows spells them.
_NOT_FINITE = re.compile(r"[+-]?(?:nan(?:\([a-z0-9_]*\))?|inf(?:inity)?|1\.#(?:inf|ind|qnan|snan))", re.IGNORECASE)


class NoNumber(Enum):
    """Why there is no number."""

    #: Nothing was measured: leave the value out.
    MISSING = "missing"
    #: The meter or the gateway computed NaN, an infinity or nonsense of that size.
    INVALID_FLOAT = "invalid_float"
    #: Something else stands there.
    INVALID = "invalid"


def read_number(value: object) -> float | int | NoNumber:
    """The number `value` denotes, in the unit it was sent in; nothing becomes 0 by coercion.

    `value` is any JSON value. Booleans and empty arrays are missing values.
    """
    # First what nearly all are; JSON has no subclasses, and bool is a type of its own.
    if type(value) is float or type(value) is int:
        return value if -_FLOAT32_MAX <= value <= _FLOAT32_MAX else NoNumber.INVALID_FLOAT
    if value is None or isinstance(value, bool) or value == []:
        return NoNumber.MISSING
    if isinstance(value, str):
        return _from_text(value.strip())
    return NoNumber.INVALID


def is_missing(value: object) -> bool:
    """Whether `value` is null or a word for "no value"."""
    return value is None or (isinstance(value, str) and value.strip().lower() in MISSING_WORDS)


def _from_text(text: str) -> float | NoNumber:
    if text.lower() in MISSING_WORDS:
        return NoNumber.MISSING
    if _NOT_FINITE.fullmatch(text):
        return NoNumber.INVALID_FLOAT
    if not _NUMBER.fullmatch(text):
        return NoNumber.INVALID
    number = float(text)
    return number if abs(number) <= _FLOAT32_MAX else NoNumber.INVALID_FLOAT
