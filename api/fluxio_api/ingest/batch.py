"""A body, taken apart into the readings it holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from . import lines, strict_json
from .answers import Sender, decode, input_names, label_of, sender_of
from .directory import Directory, Names
from .formats import take_apart
from .formats.items import FlatReading, GatewayState, RegisterRecord, as_sent
from .grouping import Read, group
from .grouping import to_element as to_part
from .lines import BadLine
from .ports import NOBODY
from .profiles import Meter
from .reading import Origin, Rejected, check_storable, device_id_of, to_element

#: Most readings in one body; ingest_readings takes no more in one call, PostgREST answers no more rows.
MAX_READINGS = 1000


class TooManyReadingsError(ValueError):
    """The body holds more readings than one call may."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An element that is no reading, as it was sent."""

    index: int
    device_id: str | None
    code: str
    pointer: str
    raw: object


@dataclass(frozen=True, slots=True)
class Leftover:
    """What is neither a reading nor a fault of the sender's, as it was sent."""

    reason: str
    #: What it is about, for people.
    about: str
    raw: object


@dataclass(slots=True)
class Batch:
    """What one body holds."""

    #: For ingest_readings, in the body's order.
    elements: list[dict[str, object]] = field(default_factory=list)
    #: The body's index of each element, ascending.
    indexes: list[int] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    leftovers: list[Leftover] = field(default_factory=list)
    #: What the gateway says of itself, by the input's name.
    state: dict[str, object] = field(default_factory=dict)


def split(body: bytes, content_type: str = "") -> list[object]:
    """The values of an unpacked body as they were sent, at most 1,000; an empty object or array holds none.

    Raises strict_json.NotJsonError, also for JSON that is neither object nor
    array, and TooManyReadingsError.
    """
    try:
        value = strict_json.parse(body)
    except strict_json.NotJsonError as fault:
        try:
            value = lines.values_of(body, content_type, most=MAX_READINGS + 1)
        except strict_json.NotJsonError:
            raise fault from None
        value = [one for line in value for one in (line if isinstance(line, list) else [line])]
    if isinstance(value, dict):
        return [value] if value else []
    if not isinstance(value, list):
        raise strict_json.NotJsonError("the body is neither an object nor an array of objects")
    if len(value) > MAX_READINGS:
        raise TooManyReadingsError(f"{len(value)} readings; at most {MAX_READINGS} in one body")
    return value


def normalise(values: list[object], origin: Origin, directory: Directory | None = None) -> Batch:
    """The elements and refusals of a body's values.

    Raises TooManyReadingsError, and problems.Unavailable where a meter has to
    be looked up; a body of flat readings needs no look-up.
    """
    parts = list(take_apart(values))
    readings = [part for part in parts if not isinstance(part, GatewayState)]
    if len(readings) > MAX_READINGS:
        raise TooManyReadingsError(f"{len(readings)} readings; at most {MAX_READINGS} in one body")
    return _Sorter(origin, directory or Directory(NOBODY)).sort(parts)


class _Sorter:
    """Sorts the parts of one body."""

    def __init__(self, origin: Origin, directory: Directory) -> None:
        self._origin = origin
        self._directory = directory
        self._batch = Batch()
        self._elements: list[tuple[int, dict[str, object]]] = []
        self._records: list[tuple[int, RegisterRecord, Sender]] = []
        self._nameless: list[tuple[int, FlatReading, Names, dict[str, object]]] = []

    def sort(self, parts: Iterable[FlatReading | RegisterRecord | GatewayState | BadLine]) -> Batch:
        index = 0
        for part in parts:
            if isinstance(part, GatewayState):
                self._keep_state(part)
                continue
            self._take(index, part)
            index += 1
        if self._records or self._nameless:
            self._resolve()
        self._elements.sort(key=lambda one: one[0])
        self._batch.indexes = [one for one, _ in self._elements]
        self._batch.elements = [element for _, element in self._elements]
        self._batch.refusals.sort(key=lambda one: one.index)
        return self._batch

    def _take(self, index: int, part: FlatReading | RegisterRecord | BadLine) -> None:
        if isinstance(part, BadLine):
            self._refuse(index, None, "invalid_json", "", part)
            return
        try:
            if isinstance(part, RegisterRecord):
                self._records.append((index, part, sender_of(part)))
                return
            element = to_element(part.value, index, self._origin, part.around)
            names = input_names(part.input_name)
            if names and "device_id" not in element:
                self._nameless.append((index, part, names, element))
                return
            if self._origin.device_header:
                element.setdefault("device_id", self._origin.device_header)
            self._elements.append((index, element))
        except Rejected as fault:
            told = part.value if isinstance(part, FlatReading) else part.fields
            self._refuse(index, device_id_of(told), fault.code, fault.pointer, as_sent(part))

    def _resolve(self) -> None:
        """Find the devices of what names none of ours, then decode."""
        header: Names = (("device_id", self._origin.device_header),) if self._origin.device_header else ()
        asked = [sender.names for _, _, sender in self._records] + [names for _, _, names, _ in self._nameless]
        devices = self._directory.device_ids(self._origin.api_key_id, (one for one in (*asked, header) if one))
        fallback = devices.get(header)
        for index, flat, names, element in self._nameless:
            device_id = devices.get(names) or fallback
            if device_id is None:
                self._unknown(index, names, flat)
            else:
                self._elements.append((index, element | {"device_id": device_id}))
        found = [(*one, devices.get(one[2].names) or fallback) for one in self._records]
        meters = self._directory.meters(device_id for *_, device_id in found if device_id is not None)
        reads: list[Read] = []
        for index, record, sender, device_id in found:
            meter = meters.get(device_id) if device_id is not None else None
            if device_id is None or meter is None:
                self._unknown(index, sender.names or header, record)
            else:
                reads += self._decoded(index, record, sender, device_id, meter)
        for one in group(reads):
            made = to_part(one, self._origin)
            if made is not None:
                self._elements.append((one.index, made))

    def _decoded(
        self, index: int, record: RegisterRecord, sender: Sender, device_id: str, meter: Meter
    ) -> Iterable[Read]:
        answer = decode(record, sender.data, meter.profile) if meter.profile else None
        label = label_of(record)
        if answer is None:
            about = f"{label[:64]} of {device_id} ({meter.profile or 'no profile'})"
            self._batch.leftovers.append(Leftover("unmapped_register", about, as_sent(record)))
            return
        conflict = {name: member for name, member in record.fields.items() if name in {"name", "full_addr", "addr"}}
        raw = record.fields.get("data")
        yield Read(
            index,
            device_id,
            sender.time,
            answer,
            (label, {**conflict, "data": raw} if "map_conflict" in answer.flags else raw),
            dict(record.extra),
            str(meter.profile),
            meter.expected_interval_s,
        )

    def _unknown(self, index: int, names: Names, part: FlatReading | RegisterRecord) -> None:
        told = names[0][1] if names else None
        self._refuse(index, told, "unknown_device" if names else "missing_device_id", "", as_sent(part))

    def _refuse(self, index: int, device_id: str | None, code: str, pointer: str, raw: object) -> None:
        self._batch.refusals.append(Refusal(index, device_id, code, pointer, raw))

    def _keep_state(self, part: GatewayState) -> None:
        told = {part.input_name: part.value}
        try:
            check_storable(told)
        except Rejected as fault:
            self._batch.leftovers.append(Leftover("invalid_state", f"invalid at {fault.pointer}", told))
        else:
            self._batch.state[part.input_name] = part.value
