"""A flat reading, made into what public.ingest_readings reads.

Pure: no clock, no I/O. What the database can judge (does the device exist, is
there a measurement, is the time believable) is left to it; here is judged only
what cannot be written down as a reading at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import chain

from .names import KNOWN, MEASUREMENTS, by_known_names
from .numbers import NoNumber, is_missing, read_number
from .strict_json import RepeatedNames
from .times import read_time
from .units import in_our_unit

#: NUL and lone surrogates: no PostgreSQL text holds them.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

_CONTAINERS = (dict, list)

#: Limits of what may stand beside the measurements.
_MAX_DEVICE_ID, _MAX_FLAGS, _MAX_FLAG, _MAX_DEPTH = 200, 32, 64, 16


@dataclass(frozen=True)
class Origin:
    """What every reading of one POST shares."""

    #: None: API_SECRET_KEY.
    api_key_id: str | None
    received_at: datetime
    #: SHA-256 of the body as it was received [hex].
    body_sha256: str
    #: The device of a reading that names none; "": no header said so.
    device_header: str = ""
    #: The units of flat readings by metric, where they are not ours; units.UNITS.
    flat_units: Mapping[str, str] = field(default_factory=dict)

    def frame(self) -> dict[str, object]:
        """What an element has of its POST."""
        return {"received_at": self._received_at, "api_key_id": self.api_key_id}

    @cached_property
    def _received_at(self) -> str:
        return self.received_at.isoformat()

    def untimed(self, index: int) -> dict[str, object]:
        """What an element has in place of a time; by it a repeat is known."""
        return {"body_sha256": self.body_sha256, "body_index": index}


class Rejected(Exception):  # noqa: N818 - a verdict, not a failure of ours
    """The element is no reading. `pointer` is the JSON pointer of the fault inside it."""

    code = "invalid_value"

    def __init__(self, pointer: str) -> None:
        super().__init__(pointer)
        self.pointer = pointer


def to_element(
    value: object, index: int, origin: Origin, around: Mapping[str, object] | None = None
) -> dict[str, object]:
    """The element of ingest_readings for the `index`-th value of a body; `around`: members it has if not its own.

    Raises Rejected at the first fault.
    """
    if not isinstance(value, dict):
        raise Rejected("")
    check_storable(value)
    if around:
        check_storable(around)
    value = by_known_names({**around, **value} if around else value)
    element = origin.frame()
    element |= device_name(value.get("device_id"))
    element |= _created_at(value)
    if "created_at" not in element:
        element |= origin.untimed(index)
    flags = _flags(value.get("flags"))
    converted: dict[str, object] = {}
    for name in MEASUREMENTS:
        sent = value.get(name)
        if sent is None:
            continue
        number = read_number(sent)
        if number is NoNumber.INVALID:
            raise Rejected(f"/{name}")
        if number is NoNumber.INVALID_FLOAT and "invalid_float" not in flags:
            flags.append("invalid_float")
        if not isinstance(number, NoNumber):
            if name in origin.flat_units:
                converted[name] = sent
                number = in_our_unit(name, number, origin.flat_units[name])
            element[name] = number
    if flags:
        element["flags"] = flags
    metadata = _metadata(value)
    if converted:
        metadata |= _conversion(metadata, converted, origin.flat_units)
    if metadata:
        element["metadata"] = metadata
    element |= _quality(value.get("quality"))
    return element


def device_id_of(value: object) -> str | None:
    """The device id to name in an answer about a rejected element, if it has a usable one."""
    try:
        found = device_name(value.get("device_id")).get("device_id") if isinstance(value, dict) else None
    except Rejected:
        return None
    return found if found is not None and _storable(found) else None


def device_name(value: object) -> dict[str, str]:
    """The device_id, if there is one; raises Rejected for what can be none."""
    if is_missing(value):
        return {}
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value.strip()) > _MAX_DEVICE_ID:
        raise Rejected("/device_id")
    return {"device_id": value.strip()}


def _created_at(value: dict[str, object]) -> dict[str, str]:
    """The time, or nothing for an untimed reading; `timestamp` counts where `created_at` is missing."""
    for name in ("created_at", "timestamp"):
        if not is_missing(value.get(name)):
            try:
                return {"created_at": read_time(value[name]).isoformat()}
            except ValueError:
                raise Rejected(f"/{name}") from None
    return {}


def _quality(value: object) -> dict[str, str]:
    if is_missing(value):
        return {}
    if not isinstance(value, str):
        raise Rejected("/quality")
    return {"quality": value.strip().lower()}


def _flags(value: object) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > _MAX_FLAGS:
        raise Rejected("/flags")
    flags: list[str] = []
    for position, flag in enumerate(value):
        if not isinstance(flag, str) or not 0 < len(flag) <= _MAX_FLAG:
            raise Rejected(f"/flags/{position}")
        if flag not in flags:
            flags.append(flag)
    return flags


def _metadata(value: dict[str, object]) -> dict[str, object]:
    """The metadata, with the members that no reading has under `extra`."""
    sent = value.get("metadata")
    if sent is not None and not isinstance(sent, dict):
        raise Rejected("/metadata")
    metadata: dict[str, object] = dict(sent or {})
    extra = {} if value.keys() <= KNOWN else {name: value[name] for name in value if name not in KNOWN}
    if not is_missing(value.get("created_at")) and "timestamp" in value:
        extra["timestamp"] = value["timestamp"]
    if extra:
        held = metadata.get("extra")
        metadata["extra"] = extra | held if isinstance(held, dict) else extra | ({"extra": held} if held else {})
    return metadata


def _conversion(
    metadata: dict[str, object], converted: dict[str, object], units: Mapping[str, str]
) -> dict[str, object]:
    """What tells how values were sent that are stored in another unit; a sender's own member gives way."""
    ours: dict[str, object] = {"raw": converted, "units": {name: units[name] for name in converted}}
    return {f"told_{name}": metadata[name] for name in ours if name in metadata} | ours


def check_storable(value: Mapping[str, object]) -> None:
    """Reject what jsonb cannot hold, or holds with loss: NUL, lone surrogates, repeated names, deep nesting."""
    if _is_plain(value, 0):
        return
    pending: list[tuple[str, object, int]] = [("", value, 0)]
    while pending:
        pointer, item, depth = pending.pop()
        if isinstance(item, str):
            if not _storable(item):
                raise Rejected(pointer)
        elif isinstance(item, dict | list):
            if depth > _MAX_DEPTH:
                raise Rejected("/" + pointer.split("/")[1])
            if isinstance(item, RepeatedNames):
                raise Rejected(f"{pointer}/{_escaped(item.repeated)}")
            if isinstance(item, dict):
                if not all(map(_storable, item)):
                    raise Rejected(pointer)
                pending += [(f"{pointer}/{_escaped(name)}", member, depth + 1) for name, member in item.items()]
            else:
                pending += [(f"{pointer}/{position}", member, depth + 1) for position, member in enumerate(item)]


def _is_plain(value: object, depth: int) -> bool:
    """Whether there is no fault to point at, which is nearly always and told faster than where it would be."""
    members: Iterable[object]
    if isinstance(value, dict):
        if isinstance(value, RepeatedNames):
            return False
        members = chain(value, value.values())
    elif isinstance(value, list):
        members = value
    else:
        return not isinstance(value, str) or _storable(value)
    if depth > _MAX_DEPTH:
        return False
    for member in members:
        if isinstance(member, str):
            if _UNSTORABLE.search(member):
                return False
        elif isinstance(member, _CONTAINERS) and not _is_plain(member, depth + 1):
            return False
    return True


def _storable(text: str) -> bool:
    return _UNSTORABLE.search(text) is None


def _escaped(name: str) -> str:
    """`name` as a JSON pointer's token, and printable; RFC 6901, section 3."""
    token = name[:64].replace("~", "~0").replace("/", "~1")
    return token.encode("ascii", "backslashreplace").decode("ascii").replace("\0", "\\x00")
