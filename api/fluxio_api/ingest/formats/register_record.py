"""Register records of RutOS (Teltonika's Data to Server): the answer to one Modbus request.

    {"server_name": "NIVUS_750_001", "name": "flow_rate", "full_addr": "300011", "data": "[0.125000]"}

Which members it has is chosen on the gateway, so any may be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..numbers import is_missing
from .flat import has_quantities
from .items import Item, RegisterRecord

FIELDS = frozenset(
    {"device_id", "server_name", "server_id", "ip", "name", "full_addr", "addr", "size", "data", "date_iso_8601",
     "timestamp", "date"}
)  # fmt: skip

#: Members of RutOS that say the same again.
_REPEATS = frozenset({"bserver_id", "bdate", "baddr"})

_PLACES = ("full_addr", "addr", "name")
_HINTS = frozenset({*_PLACES, "server_id", "server_name", "ip", "size", "raw_data", *_REPEATS})


def claims(value: Mapping[str, object]) -> bool:
    """Whether it has data, or at least the place of some, and no quantity by its own name."""
    if "data" in value or "raw_data" in value:
        return not _HINTS.isdisjoint(value) and not has_quantities(value)
    return "full_addr" in value and not is_missing(value["full_addr"]) and not has_quantities(value)


def items(value: Mapping[str, object]) -> Iterable[Item]:
    """The one record it is."""
    yield record(value, value, {})


def record(value: Mapping[str, object], fields: Mapping[str, object], sent_as: Mapping[str, str]) -> RegisterRecord:
    """The record of `value`, whose members are `fields` by RutOS's names; what else is in `fields` is extra."""
    return RegisterRecord(
        fields={name: member for name, member in fields.items() if name in FIELDS},
        extra={name: member for name, member in fields.items() if name not in FIELDS and name not in _REPEATS},
        value=value,
        sent_as=sent_as,
    )
