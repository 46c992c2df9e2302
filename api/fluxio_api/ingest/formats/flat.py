"""Plain quantities: {"device_id": "NIVUS_01", "flow_rate": 12.5}. What nothing else claims is taken for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..names import MEASUREMENTS, known_name
from .items import FlatReading, Item, is_scalar

_MEASUREMENTS = frozenset(MEASUREMENTS)


def claims(value: Mapping[str, object]) -> bool:
    """Every object."""
    return True


def items(value: Mapping[str, object]) -> Iterable[Item]:
    """The one reading it is."""
    yield FlatReading(value)


def has_quantities(value: Mapping[str, object]) -> bool:
    """Whether a measured quantity stands in it by its name, however that is written."""
    return any(known_name(name) in _MEASUREMENTS and is_scalar(member) for name, member in value.items())
