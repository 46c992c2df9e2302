"""Dead letters that are replayed by several at once, while the gateway goes on: one row, one replay."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from .conftest import Client, Database, Reading

CLIENTS = 8
LETTERS = 40


def replay(client: Client, letters: Sequence[int], offset: str = "0") -> Counter[tuple[str, str | None]]:
    """Replay these letters once; how many became what."""
    rows = client.connection.execute(
        "select verdict, code from public.replay_dead_letters(%s::bigint[], %s::interval)", [list(letters), offset]
    )
    return Counter((verdict, code) for verdict, code in rows)


def readings_of(device: str, *, age: timedelta) -> list[Reading]:
    """Some readings of a device, the newest so long ago."""
    newest = datetime.now(UTC) - age
    return [
        {
            "device_id": device,
            "created_at": (newest - minutes * timedelta(minutes=1)).isoformat(),
            "flow_rate": 500 + minutes,
            "totalizer": 1000 - minutes,
        }
        for minutes in range(LETTERS)
    ]


def letters_of(database: Database, device: str) -> list[int]:
    rows = database.rows("select id from public.ingest_dead_letters where reading ->> 'device_id' = %s", device)
    return [letter for (letter,) in rows]


def refuse(database: Database, *, age: timedelta) -> tuple[str, list[Reading], list[int]]:
    """Readings of a device that nobody registered, and their letters; the device is registered afterwards."""
    [device] = database.make_devices(1, threshold=100)
    database.owner.execute("update public.devices set device_id = device_id || '_later' where device_id = %s", [device])
    readings = readings_of(device, age=age)
    assert {answer.code for answer in database.client().ingest(readings)} == {"unknown_device"}
    database.owner.execute("update public.devices set device_id = %s where device_id = %s", [device, f"{device}_later"])
    return device, readings, letters_of(database, device)


def rows_of(database: Database, device: str) -> int:
    [(rows,)] = database.rows("select count(*) from public.flow_data where device_id = %s", device)
    return int(rows)


def test_eight_who_replay_the_same_letters_leave_one_row_each(database: Database) -> None:
    device, _, letters = refuse(database, age=timedelta(hours=1))
    assert len(letters) == LETTERS

    def shuffled(client: Client) -> Counter[tuple[str, str | None]]:
        return replay(client, random.sample(letters, LETTERS))

    answers = sum(database.at_once([shuffled] * CLIENTS), Counter[tuple[str, str | None]]())

    assert rows_of(database, device) == LETTERS
    assert answers["new", None] == LETTERS
    assert set(answers) <= {("new", None), ("duplicate", None), ("skipped", "already_replayed")}
    assert replay(database.client(), letters) == {("skipped", "already_replayed"): LETTERS}
    [(replays,)] = database.rows(
        "select count(*) from public.audit_logs where action = 'replay' and details ->> 'device_id' = %s", device
    )
    assert replays == LETTERS
    assert not database.rows("select id from public.alerts where device_id = %s", device), "a replay paged"


def test_a_replay_meets_the_gateway_that_sends_the_same_again(database: Database) -> None:
    device, readings, letters = refuse(database, age=timedelta(hours=1))
    [(deadlocks_before,)] = database.rows("select deadlocks from pg_stat_database where datname = current_database()")
    conflicting = [reading | {"flow_rate": 1} for reading in readings]

    def send(client: Client) -> set[str]:
        # Conflicts make letters and count them: the same rows that the replay marks.
        batches = [readings, conflicting, readings, conflicting]
        return {answer.verdict for batch in batches for answer in client.ingest(batch)}

    def replay_again(client: Client) -> set[str]:
        return {verdict for _ in range(4) for verdict, _ in replay(client, letters_of(database, device))}

    answers = database.at_once([send, replay_again] * (CLIENTS // 2))

    assert rows_of(database, device) == LETTERS
    assert set.union(*answers) <= {"new", "duplicate", "conflict", "skipped"}
    [(kept,)] = database.rows(
        "select count(*) from public.ingest_dead_letters where id = any (%s) and replayed_at is not null", letters
    )
    assert kept == LETTERS
    [(deadlocks,)] = database.rows("select deadlocks from pg_stat_database where datname = current_database()")
    assert deadlocks == deadlocks_before


def test_a_clock_that_was_wrong_is_mended_once(database: Database) -> None:
    [device] = database.make_devices(1)
    readings = readings_of(device, age=timedelta(days=400))
    assert {answer.code for answer in database.client().ingest(readings)} == {"too_old"}
    letters = letters_of(database, device)

    answers = sum(
        database.at_once([lambda client: replay(client, letters, "399 days")] * 2), Counter[tuple[str, str | None]]()
    )

    assert answers["new", None] == LETTERS
    stored = database.rows("select created_at, flow_rate from public.flow_data where device_id = %s", device)
    assert set(stored) == {
        (datetime.fromisoformat(reading["created_at"]) + timedelta(days=399), reading["flow_rate"])
        for reading in readings
    }


def test_a_flood_of_old_letters_goes_in_one_night(database: Database) -> None:
    many = 25_001
    database.owner.execute(
        "insert into public.ingest_dead_letters (reason, reading, fingerprint, last_seen_at)"
        " select 'flood', to_jsonb(number), gen_random_uuid(), '2021-01-01' from generate_series(1, %s) as number",
        [many],
    )
    database.owner.execute(
        "insert into public.ingest_dead_letters (reason, reading, fingerprint, last_seen_at)"
        " values ('flood', '0', gen_random_uuid(), '2021-01-03')"
    )

    [(done,)] = database.rows("select private.job_dead_letters('2021-01-02'::timestamptz + interval '90 days')")

    assert done == f"{many} dead letters deleted"
    assert database.rows("select reading from public.ingest_dead_letters where reason = 'flood'") == [(0,)]
    database.owner.execute("delete from public.ingest_dead_letters where reason = 'flood'")
