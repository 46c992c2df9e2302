"""Several inputs in one body, each under the name it has on the gateway (RutOS's default).

    {"gw": {"serial": "1100000000"}, "pipe1": [{"full_addr": "300011", "data": "[0.125000]"}]}

An input is a record or an array of them, a flat reading, or what the gateway
says of itself. What stands beside a reading or beside known state and is
neither is kept with the gateway as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..strict_json import RepeatedNames
from . import custom_record, legacy, register_record
from .flat import has_quantities
from .items import GatewayState, Inside, Item, is_scalar

#: Members of a flat reading that are no inputs, whatever is in them.
_FRAME = frozenset({"metadata", "flags", "quality", "created_at"})

#: Fields that hold for every record where they stand around them.
_SHARED = frozenset({"device_id", "server_name", "server_id", "ip", "timestamp", "date_iso_8601"})

#: What RutOS's inputs mnfinfo, gsm and base have in them; VUCI, and what others call the same.
_STATE = frozenset(
    {"serial", "mac", "imei", "imsi", "iccid", "rssi", "rsrp", "rsrq", "sinr", "operator", "connstate", "conntype",
     "netstate", "simstate", "cellid", "fw", "firmware", "hwver", "batch", "uptime", "local_time", "time_iso_8601"}
)  # fmt: skip


def claims(value: Mapping[str, object]) -> bool:
    """Whether an input in it is recognised, and it is no flat reading itself."""
    if all(map(is_scalar, value.values())) or not _FRAME.isdisjoint(value) or isinstance(value, RepeatedNames):
        return False
    if has_quantities(value):
        return False
    if any(_holds_readings(member) for member in value.values()):
        return True
    return "device_id" not in value and any(member in ({}, []) or _is_state(member) for member in value.values())


def items(value: Mapping[str, object]) -> Iterable[Item]:
    """The inputs."""
    around = {name: member for name, member in value.items() if name in _SHARED and is_scalar(member)}
    for name, member in value.items():
        if name in around:
            continue
        if isinstance(member, list) and (_holds_readings(member) or not all(isinstance(one, dict) for one in member)):
            for one in member:
                yield Inside(name, one, around)
        elif isinstance(member, dict) and _is_reading(member):
            yield Inside(name, member, around)
        elif member not in ({}, []):
            yield GatewayState(name, member)


def _holds_readings(value: object) -> bool:
    return any(map(_is_reading, value)) if isinstance(value, list) else _is_reading(value)


def _is_reading(value: object) -> bool:
    return isinstance(value, dict) and (
        register_record.claims(value) or legacy.claims(value) or custom_record.claims(value) or has_quantities(value)
    )


def _is_state(value: object) -> bool:
    if isinstance(value, list):
        return any(_is_state(one) for one in value if isinstance(one, dict))
    return isinstance(value, dict) and not _STATE.isdisjoint(name.lower() for name in value)
