"""The register profiles that migrations ship are the ones the edge agent reads meters with."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from fluxio_edge.profiles import load_profile, shipped
from fluxio_edge.registers import UNITS, FunctionCode, decode
from fluxio_edge.status_words import judge

from .conftest import Database

#: What a manual adds to the wire address of each function code, and RutOS to any.
DOCUMENTED = {3: 40001, 4: 30001}
RUTOS = 1

#: A NivuSonic's first six registers, all bytes different and the level not valid.
SONIC = (0x1234, 0xFEDC, 0x02EE, 0x06E5, 0x0708, 0b11101)
#: Flow, level, velocity and temperature of a Nivus 750, and its totalizer, low words first.
NIVUS = (0x733D, 0x3E42, 0x0651, 0x3F9E, 0xF35C, 0x3F43, 0x3C0D, 0x418D)
TOTAL = (0x2064, 0x47F1)


def profile_id(database: Database, name: str) -> tuple[object, str, str]:
    [(found, model, source)] = database.rows(
        "select id, model, source from public.register_profiles"
        " where organization_id is null and name = %s and published_at is not null order by version desc limit 1",
        name,
    )
    return found, model, source


def rows(database: Database, profile: object) -> list[tuple[Any, ...]]:
    return database.rows(
        "select metric, function_code, address, type, word_order, byte_order, scale, value_offset, source_unit,"
        " min_value, max_value, no_data_values"
        " from public.register_profile_registers where profile_id = %s order by address",
        profile,
    )


def statuses(database: Database, profile: object) -> list[tuple[Any, ...]]:
    return database.rows(
        "select function_code, address, value, flag, bit, metric, quality"
        " from public.register_profile_status where profile_id = %s order by address, bit",
        profile,
    )


def test_the_agent_and_the_database_ship_the_same_profiles(database: Database) -> None:
    names = database.rows("select distinct name from public.register_profiles where organization_id is null")
    assert sorted(name for (name,) in names) == shipped()


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_profile_is_the_agents_field_by_field(database: Database, name: str) -> None:
    file = load_profile(name)
    profile, model, source = profile_id(database, name)

    assert (model, source) == (file.model, file.source)
    told = [
        (
            r.metric, r.function_code, r.address, r.type, r.word_order, r.byte_order, r.scale, r.offset, said.unit,
            r.minimum, r.maximum, list(r.no_data),
        )
        for r, said in zip(file.decoders(), file.registers, strict=True)
    ]  # fmt: skip
    assert rows(database, profile) == sorted(told, key=lambda row: row[2])
    assert statuses(database, profile) == [
        (m.function_code, m.address, m.value, m.flag, m.bit, m.metric, m.quality) for m in file.meanings()
    ]
    for register in file.registers:
        wire = register.wire_address
        assert register.documented in (None, DOCUMENTED[register.function_code] + wire)
        assert register.rutos_register == RUTOS + wire


@pytest.mark.parametrize(
    ("name", "words"), [("nivusonic", {0: SONIC}), ("nivus_750", {10: NIVUS, 5200: TOTAL})], ids=lambda each: str(each)
)
def test_the_same_words_are_the_same_values_by_file_and_by_rows(
    database: Database, name: str, words: dict[int, tuple[int, ...]]
) -> None:
    held: dict[tuple[FunctionCode, int], int] = {
        (4, start + index): word for start, part in words.items() for index, word in enumerate(part)
    }
    file = load_profile(name)
    decoded = {
        register.metric: decode(register, [held[4, register.address + index] for index in range(register.count)])
        for register in file.decoders()
    }
    agent = {metric: value.value for metric, value in judge(decoded, file.meanings(), held).values.items()}

    profile, *_ = profile_id(database, name)
    by_rows: dict[str, float] = {}
    for metric, _, address, type_, word_order, _, scale, offset, *_ in rows(database, profile):
        assert (type_, word_order) in (("int16", "big"), ("float32", "little"))
        if type_ == "int16":
            (raw,) = struct.unpack(">h", struct.pack(">H", held[4, address]))
        else:
            (raw,) = struct.unpack(">f", struct.pack(">2H", held[4, address + 1], held[4, address]))
        by_rows[metric] = raw * scale + offset
    for _, address, value, _, bit, metric, _ in statuses(database, profile):
        if held[4, address] >> bit & 1 == value:
            del by_rows[metric]

    assert agent == pytest.approx(by_rows, rel=1e-6)
    assert ("level" in agent) == (name == "nivus_750")
    assert None not in agent.values()


def test_a_metric_of_a_profile_is_one_of_ours(database: Database) -> None:
    [(names,)] = database.rows("select private.measured_names()")
    assert set(names) == set(UNITS)
    metrics = {metric for (metric,) in database.rows("select distinct metric from public.register_profile_registers")}
    assert metrics <= set(names)
