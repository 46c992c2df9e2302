"""A register record, decoded by its meter's profile. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .directory import Names
from .formats.items import RegisterRecord
from .numbers import NoNumber, is_missing
from .profiles import Address, Profile, Register, StatusMeaning, addresses_of
from .reading import Rejected, check_storable, device_name
from .times import read_time
from .words import Data, Decoded, from_number, from_words, meaning_of, read_data

#: What a gateway may call a meter, in the order in which they count.
_NAMES = ("device_id", "server_name", "server_id", "ip")
#: Longest name of these; public.device_aliases takes no longer one.
_MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose record it is and when it was taken, before the profile is known."""

    names: Names
    #: None: it tells no time.
    time: datetime | None
    data: Data


@dataclass(slots=True)
class Answer:
    """What one record says of a meter."""

    #: Metrics that were read; None where there is no value.
    values: dict[str, float | None] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    #: What status words say.
    findings: list[StatusMeaning] = field(default_factory=list)
    #: Whether it held nothing but status words.
    is_status: bool = False


def sender_of(record: RegisterRecord) -> Sender:
    """Who sent the record and when; raises Rejected where it cannot be told, or could not be stored."""
    check_storable(record.value)
    check_storable(record.around)
    try:
        names = (*_names(record.fields), *input_names(record.input_name))
        data = read_data(record.fields.get("data"))
        if data.tokens[0] is NoNumber.INVALID:
            raise Rejected("/data")
        return Sender(names, _time(record.fields), data)
    except Rejected as fault:
        name = fault.pointer[1:]
        raise Rejected(f"/{record.sent_as.get(name, name)}") from None


def input_names(input_name: str | None) -> Names:
    """The name of an input as one of a meter's names, if it can be one."""
    if input_name is None:
        return ()
    name = input_name.strip()
    check_storable({"": name})
    return (("input_name", name),) if 0 < len(name) <= _MAX_NAME and not is_missing(name) else ()


def label_of(record: RegisterRecord) -> str:
    """The register's address as it was sent, or its name."""
    told = (record.fields.get(name) for name in ("full_addr", "addr", "name"))
    return next((str(one) for one in told if isinstance(one, str | int) and not is_missing(one)), "data")


def decode(record: RegisterRecord, data: Data, profile: Profile) -> Answer | None:
    """What the record says; None if the profile has no register for it.

    Its name counts before its address. Where the two disagree the reading gets
    the flag map_conflict.
    """
    size = record.fields.get("size")
    named = profile.by_alias.get(str(record.fields.get("name", "")).strip().lower())
    places = list(_places(record.fields))
    if named is not None:
        own = Address(named.function_code, named.address)
        if not places or any(_is_at(place, own) for place in places):
            return _at(own, named, data, size, profile)
        answer = Answer(flags=["map_conflict"])
        _put(answer, named, _single(named, data, size))
        return answer
    for place in places:
        registers, _ = profile.within(place, 1)
        found = _at(place, registers[0] if len(registers) == 1 else None, data, size, profile)
        if found is not None:
            return found
    return None


def _at(place: Address, register: Register | None, data: Data, size: object, profile: Profile) -> Answer | None:
    """What `data` from `place` on holds; `register`: the one that begins there."""
    answer = Answer()
    first = data.tokens[0]
    meaning = "number" if isinstance(first, NoNumber) else meaning_of(data, register, size)
    words = data.words if meaning == "words" else None
    if words is None:
        if register is not None:
            _put(answer, register, _single(register, data, size))
            return answer
        return Answer(is_status=True) if isinstance(first, NoNumber) and profile.within(place, 1)[1] else None
    registers, status = profile.within(place, len(words))
    if len({one.function_code for one in registers} | {one.function_code for one in status}) > 1:
        return None
    for one in registers:
        offset = one.address - place.wire
        if offset + one.words <= len(words):
            _put(answer, one, from_words(one, words[offset : offset + one.words]))
    for one_of in status:
        if one_of.holds(words[one_of.address - place.wire]):
            answer.findings.append(one_of)
    answer.is_status = not answer.values
    return answer if answer.values or status else None


def _single(register: Register, data: Data, size: object) -> Decoded:
    """The one value that `data` holds for `register`."""
    first = data.tokens[0]
    if isinstance(first, NoNumber):
        return Decoded(None, "invalid_float" if first is NoNumber.INVALID_FLOAT else None)
    meaning = meaning_of(data, register, size)
    if meaning == "number":
        return from_number(register, first)
    if meaning == "words" and data.words is not None:
        return from_words(register, data.words[: register.words])
    return Decoded(None, "ambiguous_data")


def _put(answer: Answer, register: Register, decoded: Decoded) -> None:
    answer.values[register.metric] = decoded.value
    if decoded.flag is not None and decoded.flag not in answer.flags:
        answer.flags.append(decoded.flag)


def _places(fields: Mapping[str, object]) -> list[Address]:
    """What its address may mean; full_addr tells the class, addr does not."""
    for name in ("full_addr", "addr"):
        places = list(addresses_of(fields.get(name)))
        if places:
            return places
    return []


def _is_at(place: Address, own: Address) -> bool:
    return place.wire == own.wire and place.function_code in {None, own.function_code}


def _names(fields: Mapping[str, object]) -> list[tuple[str, str]]:
    names: list[tuple[str, str]] = []
    for kind in _NAMES:
        value = fields.get(kind)
        if kind == "device_id":
            names += [(kind, name) for name in device_name(value).values()]
            continue
        if is_missing(value):
            continue
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or len(value.strip()) > _MAX_NAME:
            raise Rejected(f"/{kind}")
        names.append((kind, value.strip()))
    return names


def _time(fields: Mapping[str, object]) -> datetime | None:
    """When the register was read. `date` alone names no instant: nobody knows the router's time zone."""
    for name in ("date_iso_8601", "timestamp", "date"):
        value = fields.get(name)
        if not is_missing(value):
            try:
                return read_time(value)
            except ValueError:
                raise Rejected(f"/{name}") from None
    return None
