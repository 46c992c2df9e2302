"""Each value that would abort a statement costs its own reading and no other, on PostgreSQL 15 and on ours.

A batch is one statement, so a value that cannot be cast ends it for all. ingest_readings then asks each reading alone.
What jsonb itself cannot hold never reaches it: the call fails with an SQLSTATE by which the API halves the batch until
the bad reading stands alone (fluxio_api/stores/readings.py).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from fluxio_local.stack import Stack
from support import needs
from support.stacks import throwaway_stack

from .conftest import Client, Database

#: A JSON array in arrays, deeper than anybody means, not deeper than jsonb takes.
NESTED = "[" * 500 + "1" + "]" * 500

#: Field, its JSON text: refused as invalid_value with the field as pointer.
INVALID = [
    *[
        ("flow_rate", text)
        for text in (
            '"abc"', '""', '" "', '"1,5"', '"1.5 m3/h"', '"N/A"', "1e400", "-1e400", "1e-400", '"1e400"', '"NaN"',
            '"nan"', '"Infinity"', '"-Infinity"', '"inf"', "9" * 5000, f'"{"9" * 5000}"', "true", "false", "[]", "[1]",
            "{}", '{"value": 1}', NESTED,
        )
    ],
    ("totalizer", '"abc"'),
    ("temperature", "1e400"),
    ("pressure", "true"),
    ("level", '"NaN"'),
    ("velocity", "[1]"),
    ("battery_level", "1e300"),
    ("battery_level", "2147483648"),
    ("battery_level", '"full"'),
    ("signal_strength", "-3000000000"),
    ("signal_strength", '"NaN"'),
    *[
        ("created_at", text)
        for text in (
            '"2026-02-30T00:00:00Z"', '"2025-02-29T12:00:00Z"', '"2026-13-01T00:00:00Z"', '"2026-01-01T25:00:00Z"',
            '"2026-01-01T00:00:00+99:00"', '"2026-01-01T00:00:00 Nowhere/Land"', '"300000-01-01T00:00:00Z"',
            '"10000-01-01T00:00:00Z"', '"0003-06-01T00:00:00Z BC"', '"4714-01-01T00:00:00Z BC"', '"infinity"',
            '"-infinity"', '"yesterday evening"', '""', "true", "5", "1e400", "[]", "{}",
        )
    ],
    ("received_at", '"soon"'),
    ("received_at", '"2026-02-30"'),
    ("body_index", '"first"'),
    ("body_index", "1e20"),
    ("is_part", '"perhaps"'),
    ("is_part", "[]"),
    ("flags", '"a"'),
    ("flags", "5"),
    ("flags", '{"a": 1}'),
    ("flags", '[["a"], ["b", "c"]]'),
    ("metadata", "5"),
    ("metadata", '"parts"'),
    ("metadata", '["parts"]'),
    ("quality", '"fine"'),
    ("quality", "5"),
    ("quality", "{}"),
]  # fmt: skip

#: Field, its JSON text, the code and pointer: what names no key or no device of the key.
NOBODYS = [
    ("device_id", "null", "missing_device_id", None),
    ("device_id", '""', "missing_device_id", None),
    ("device_id", "5", "unknown_device", None),
    ("device_id", "true", "unknown_device", None),
    ("device_id", '{"id": 1}', "unknown_device", None),
    ("device_id", f'"{"x" * 100_000}"', "unknown_device", None),
    ("api_key_id", '"no uuid"', "invalid_key", "/api_key_id"),
    ("api_key_id", "5", "invalid_key", "/api_key_id"),
    ("api_key_id", "[]", "invalid_key", "/api_key_id"),
    ("flow_rate", "null", "no_measurement", None),
]

#: Text in a reading that jsonb cannot hold, and how the call fails.
UNHOLDABLE = [
    ('"metadata": {"a": "\\u0000"}', "22P05"),
    ('"metadata": {"\\u0000": 1}', "22P05"),
    ('"quality": "good\\u0000"', "22P05"),
    ('"metadata": {"a": "\\ud800"}', "22P02"),
    ('"metadata": {"a": "\\udc00"}', "22P02"),
    ('"metadata": {"a": "\\ud800\\u0041"}', "22P02"),
    ('"level": 1e200000', "22003"),
    ('"level": NaN', "22P02"),
    ('"level": nan', "22P02"),
    ('"level": 01', "22P02"),
    ('"metadata": {"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "54001"),
]


@pytest.fixture(scope="module", params=["ours", "15"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database of PostgreSQL 15, and one of the version that FluxIO brings."""
    if request.param == "15":
        with throwaway_stack(pg_bin=needs.postgres_15()) as stack:
            stack.start()
            yield from database_of(stack)
    else:
        yield from database_of(request.getfixturevalue("stack"))


def database_of(stack: Stack) -> Iterator[Database]:
    database = Database(stack.database_url)
    yield database
    database.close()


@pytest.fixture(scope="module")
def client(database: Database) -> Client:
    return database.client()


@pytest.fixture
def device(database: Database) -> str:
    return database.make_devices(1)[0]


def reading_text(device: str, *members: str) -> str:
    """The JSON of a reading of this minute; a member of the same name goes before ours."""
    at = (datetime.now(UTC) - timedelta(seconds=30)).isoformat()
    names = [member.split('"')[1] for member in members]
    ours = {"device_id": f'"{device}"', "created_at": f'"{at}"', "flow_rate": "1"}
    return "{" + ", ".join([*members, *(f'"{k}": {v}' for k, v in ours.items() if k not in names)]) + "}"


def ingest(client: Client, *readings: str) -> list[tuple[str, str | None, str | None]]:
    """Verdict, code and pointer of each reading, given as JSON text."""
    rows = client.connection.execute(
        "select verdict, code, pointer from public.ingest_readings(%s::jsonb) order by index",
        ["[" + ", ".join(readings) + "]"],
    )
    return [(str(verdict), code, pointer) for verdict, code, pointer in rows]


def assert_costs_itself_only(
    database: Database, client: Client, device: str, bad: str, code: str, pointer: str | None
) -> None:
    """Between two good readings `bad` is refused so, and kept as it came."""
    [first, second] = database.make_devices(2)
    answers = ingest(client, reading_text(first), bad, reading_text(second))

    assert answers == [("new", None, None), ("rejected", code, pointer), ("new", None, None)]
    stored = database.rows(
        "select device_id, flow_rate from public.flow_data where device_id = any (%s) order by 1",
        [device, first, second],
    )
    assert stored == [(first, 1.0), (second, 1.0)]
    [(letters,)] = database.rows(
        "select count(*) from public.ingest_dead_letters where reason = %s and detail is not distinct from %s"
        " and reading = case jsonb_typeof(%s::jsonb)"
        " when 'object' then %s::jsonb - array['api_key_id', 'received_at'] else %s::jsonb end",
        code, pointer, bad, bad, bad,
    )  # fmt: skip
    assert letters == 1


@pytest.mark.parametrize(("field", "text"), INVALID, ids=[f"{field}-{text[:32]}" for field, text in INVALID])
def test_a_value_that_cannot_be_read_costs_its_reading_only(
    database: Database, client: Client, device: str, field: str, text: str
) -> None:
    bad = reading_text(device, f'"{field}": {text}')
    assert_costs_itself_only(database, client, device, bad, "invalid_value", f"/{field}")


@pytest.mark.parametrize(("field", "text", "code", "pointer"), NOBODYS)
def test_a_name_that_nobody_has_costs_its_reading_only(
    database: Database, client: Client, device: str, field: str, text: str, code: str, pointer: str | None
) -> None:
    bad = reading_text(device, f'"{field}": {text}', f'"body_sha256": "{uuid.uuid4().hex}"')
    assert_costs_itself_only(database, client, device, bad, code, pointer)


@pytest.mark.parametrize("text", ["5", "-0.0", "null", "true", "[]", '"text"', "[[[]]]", '[{"flow_rate": 1}]'])
def test_what_is_no_object_costs_itself_only(database: Database, client: Client, device: str, text: str) -> None:
    database.owner.execute("delete from public.ingest_dead_letters where reading = %s::jsonb", [text])
    assert_costs_itself_only(database, client, device, text, "invalid_value", "")


def test_every_bad_value_at_once_costs_no_good_one(database: Database, client: Client) -> None:
    devices = database.make_devices(2 * len(INVALID))
    bad = [
        reading_text(device, f'"{field}": {text}') for device, (field, text) in zip(devices[::2], INVALID, strict=True)
    ]
    good = [reading_text(device) for device in devices[1::2]]

    answers = ingest(client, *[reading for pair in zip(bad, good, strict=True) for reading in pair])

    assert answers[::2] == [("rejected", "invalid_value", f"/{field}") for field, _ in INVALID]
    assert answers[1::2] == [("new", None, None)] * len(good)


@pytest.mark.parametrize(("member", "sqlstate"), UNHOLDABLE, ids=[member[:32] for member, _ in UNHOLDABLE])
def test_what_no_jsonb_holds_fails_the_call_and_stores_nothing(
    database: Database, client: Client, device: str, member: str, sqlstate: str
) -> None:
    [good] = database.make_devices(1)
    with pytest.raises(psycopg.Error) as failure:
        ingest(client, reading_text(good), reading_text(device, member))

    assert failure.value.sqlstate == sqlstate
    assert not database.rows("select from public.flow_data where device_id = any (%s)", [device, good])
    assert ingest(client, reading_text(good)) == [("new", None, None)]


@pytest.mark.parametrize(
    ("member", "stored"),
    [
        ('"flow_rate": 0.' + "3" * 5000, 1 / 3),
        ('"flow_rate": "12.5"', 12.5),
        ('"flow_rate": " 12.5 "', 12.5),
        ('"flow_rate": 1e-320', 1e-320),
        ('"flow_rate": -0.0', 0.0),
        ('"flow_rate": 1, "flow_rate": 2', 2.0),
        ('"metadata": {"a": ' + NESTED + "}", 1.0),
        ('"flags": [null, {"a": 1}, 5]', 1.0),
        ('"metadata": {"a": "\\ud83d\\udca7"}', 1.0),
        ('"received_at": "infinity"', 1.0),
    ],
    ids=lambda value: str(value)[:32],
)
def test_what_can_be_read_is_stored(
    database: Database, client: Client, device: str, member: str, stored: float
) -> None:
    assert ingest(client, reading_text(device, member)) == [("new", None, None)]
    assert database.rows("select flow_rate from public.flow_data where device_id = %s", device) == [(stored,)]
