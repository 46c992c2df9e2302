"""Every way to read some words, side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

from fluxio_edge.profile_file import DOCUMENTED_BASE
from fluxio_edge.registers import ORDERS, FunctionCode, RegisterType, order_name, unpack, word_count
from fluxio_edge.text_table import table

_WIDE: Final[tuple[RegisterType, ...]] = ("float32", "uint32", "int32", "float64", "uint64", "int64")
#: A float of a measurement is most often within these; one in the wrong order hardly ever.
_SMALLEST, _LARGEST = 1e-4, 1e7


def decodings(function_code: FunctionCode, words: Mapping[int, int]) -> Iterator[str]:
    """Lines of tables of `words` by wire address, one table for each type; * marks what can be a measurement."""
    places = [(str(address), str(DOCUMENTED_BASE[function_code] + address)) for address in sorted(words)]
    rows = [(*place, *_narrow(words[address])) for place, address in zip(places, sorted(words), strict=True)]
    yield from table(("wire", "manual", "hex", "uint16", "int16", "BA uint16", "BA int16", "bits"), rows, right=True)
    for type_ in _WIDE:
        wide = [
            (str(address), str(DOCUMENTED_BASE[function_code] + address), *_by_order(type_, words, address))
            for address in sorted(words)
            if all(address + index in words for index in range(word_count(type_)))
        ]
        if wide:
            names = [order_name(word_count(type_), *orders) for orders in ORDERS.values()]
            yield ""
            yield type_
            yield from table(("wire", "manual", *(f"{name} " for name in names)), wide, right=True)


def can_be_measured(type_: RegisterType, number: float | int) -> bool:
    """Whether a meter may well have measured it: a float of usual size, or an integer without a stray high word."""
    if type_.startswith("float"):
        return math.isfinite(number) and _SMALLEST <= abs(number) <= _LARGEST
    return 0 < abs(number) <= _LARGEST


def _narrow(word: int) -> tuple[str, ...]:
    numbers = (
        unpack(type_, [word], "big", byte_order) for byte_order in ("big", "little") for type_ in ("uint16", "int16")
    )
    return f"{word:04X}", *(str(number) for number in numbers), f"{word >> 8:08b} {word & 255:08b}"


def _by_order(type_: RegisterType, words: Mapping[int, int], address: int) -> Iterator[str]:
    part = [words[address + index] for index in range(word_count(type_))]
    for word_order, byte_order in ORDERS.values():
        number = unpack(type_, part, word_order, byte_order)
        text = f"{number:.7g}" if isinstance(number, float) else str(number)
        yield text + ("*" if can_be_measured(type_, number) else " ")
