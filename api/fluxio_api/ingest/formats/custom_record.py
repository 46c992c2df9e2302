"""Records from a template that somebody wrote for one register.

{"device_id": "NIVUS_750_001", "TS": "1771388530", "name": "flow_rate", "value": "0.125000", "rssi": "N/A"}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .flat import has_quantities
from .items import Item
from .register_record import record

_NAMES = {"TS": "timestamp", "ts": "timestamp", "time": "timestamp", "value": "data"}
_PLACES = frozenset({"name", "full_addr", "addr"})


def claims(value: Mapping[str, object]) -> bool:
    """Whether it has a value, and a name or an address, or a time as a template writes it."""
    meant = [_NAMES[name] for name in value if name in _NAMES]
    return (
        ("value" in value or ("data" in value and "timestamp" in meant))
        and (not _PLACES.isdisjoint(value) or "timestamp" in meant)
        and len(set(meant)) == len(meant)
        and set(meant).isdisjoint(value)
        and not has_quantities(value)
    )


def items(value: Mapping[str, object]) -> Iterable[Item]:
    """The one record it is."""
    sent_as = {meant: name for name, meant in _NAMES.items() if name in value}
    yield record(value, {_NAMES.get(name, name): member for name, member in value.items()}, sent_as)
