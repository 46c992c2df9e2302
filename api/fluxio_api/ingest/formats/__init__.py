"""The shapes of bodies, one module each.

A new gateway's format is a module with `claims` and `items` (items.Format) and a
line in FORMATS.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..lines import BadLine
from ..names import KNOWN
from . import custom_record, flat, legacy, register_record, wrapped
from .items import FlatReading, Format, GatewayState, Inside, RegisterRecord

__all__ = ["FORMATS", "Part", "take_apart"]

#: In the order in which they are asked.
FORMATS: tuple[Format, ...] = (
    wrapped,
    register_record,
    legacy,
    custom_record,
    flat,
)

Part = FlatReading | RegisterRecord | GatewayState | BadLine


def take_apart(values: Iterable[object]) -> Iterator[Part]:
    """What the values of a body hold, in its order."""
    for value in values:
        if isinstance(value, BadLine):
            yield value
        elif isinstance(value, dict) and not ("device_id" in value and value.keys() <= KNOWN):
            for item in _format_of(value, FORMATS).items(value):
                yield from _alone(item) if isinstance(item, Inside) else (item,)
        else:
            # No object, or a flat reading to the letter, which need not be put to every format.
            yield FlatReading(value)


def _alone(item: Inside) -> Iterator[Part]:
    """The parts of a value under an input's name, which says so in each."""
    if not isinstance(item.value, dict):
        yield FlatReading(item.value, item.input_name, item.around)
        return
    # Not wrapped once more: a body has one level of inputs.
    for inner in _format_of(item.value, FORMATS[1:]).items(item.value):
        if isinstance(inner, RegisterRecord):
            fields = {**item.around, **inner.fields}
            yield replace(inner, fields=fields, input_name=item.input_name, around=item.around)
        elif isinstance(inner, FlatReading):
            yield replace(inner, input_name=item.input_name, around=item.around)
        elif isinstance(inner, GatewayState):
            yield inner


def _format_of(value: dict[str, object], formats: tuple[Format, ...]) -> Format:
    return next(one for one in formats if one.claims(value))
