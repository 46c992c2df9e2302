"""JSON as RFC 8259 has it, and nothing Python reads beyond that."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import ItemsView
from typing import cast

#: Longest literal read as an integer [digits]; a longer one is no double anyway.
_MAX_INTEGER_DIGITS = 308


class NotJsonError(ValueError):
    """The bytes are no JSON text; the message says why, without quoting them."""


class RepeatedNames(dict[str, object]):
    """An object in which a name occurs twice, so that no value of it can be trusted.

    Written as JSON again it has every member it was read with, in order.
    """

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self._pairs = pairs
        counts = Counter(name for name, _ in pairs)
        #: A name that occurs twice.
        self.repeated = counts.most_common(1)[0][0]

    def items(self) -> ItemsView[str, object]:  # type: ignore[override] # json.dumps asks for no more than pairs
        """Every member as it was read, repeats included."""
        return cast("ItemsView[str, object]", self._pairs)


def parse(body: bytes) -> object:
    """The value that `body`, UTF-8 with or without a byte order mark, denotes.

    A number beyond the range of a double is answered as its text, for the
    reader of the value to judge. Raises NotJsonError, also for NaN, Infinity and
    nesting that is too deep to follow.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotJsonError("the body is not UTF-8") from None
    try:
        value: object = json.loads(
            text,
            parse_float=_float,
            parse_int=_integer,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        raise NotJsonError(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise NotJsonError("nested too deep") from None
    return value


def dump(value: object) -> bytes:
    """`value` as ASCII JSON; NUL and lone surrogates stay as escapes."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def _float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= _MAX_INTEGER_DIGITS else text


def _constant(name: str) -> object:
    raise NotJsonError(f"{name} is not JSON")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else RepeatedNames(pairs)
