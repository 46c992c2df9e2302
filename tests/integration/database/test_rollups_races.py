"""Late readings meet the job that computes their hours: none is lost, whoever comes first."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from fluxio_local.stack import Stack

from .conftest import Client, Database, Reading
from .rollup_oracle import HOUR, Meter, Sample, hour_of, same, statistics

Connection = psycopg.Connection[tuple[object, ...]]

INSERT = "insert into public.flow_data (device_id, created_at, flow_rate, totalizer) values (%s, %s, %s, %s)"
CLIENTS = 8
SECONDS = 6.0
#: Told once: an hour that begins meanwhile changes nothing.
THIS_HOUR = hour_of(datetime.now(UTC))


@pytest.fixture
def sessions(stack: Stack) -> Iterator[tuple[Connection, Connection]]:
    """Two connections as the owner, in transactions; neither waits for the other for long."""
    with psycopg.connect(stack.database_url) as writer, psycopg.connect(stack.database_url) as job:
        for session in (writer, job):
            session.execute("set statement_timeout = '30s'")
            session.commit()
        yield writer, job


@pytest.fixture
def meter(database: Database) -> Meter:
    """A device with readings in two hours, which began 24 and 20 hours ago."""
    [device_id] = database.make_devices(1, expected_interval_s=300)
    database.owner.execute("select private.create_flow_data_months(%s, now())", [THIS_HOUR - 48 * HOUR])
    for hours, totalizer in ((24, 100.0), (20, 200.0)):
        for minute in (10, 40):
            at = THIS_HOUR - hours * HOUR + timedelta(minutes=minute)
            database.owner.execute(INSERT, [device_id, at, 10.0, totalizer + minute])
    return Meter(device_id, 300)


def hours(database: Database, meter: Meter) -> dict[int, tuple[bool, int, float | None]]:
    """Stale, received and volume of each hour, by how many hours ago it began."""
    rows = database.rows(
        "select hour, is_stale, received, volume from public.flow_data_hourly where device_id = %s", meter.device_id
    )
    return {round((THIS_HOUR - hour) / HOUR): tuple(row) for hour, *row in rows}


LATE = timedelta(minutes=20)


def refresh(session: Connection) -> None:
    """What the job does, for the day that these tests are about; not committed."""
    session.execute("select private.refresh_rollups(%s, %s)", [THIS_HOUR - 30 * HOUR, THIS_HOUR])


def test_a_late_reading_that_is_not_committed_when_the_job_runs(
    database: Database, meter: Meter, sessions: tuple[Connection, Connection]
) -> None:
    writer, job = sessions
    writer.execute(INSERT, [meter.device_id, THIS_HOUR - 24 * HOUR + LATE, 10.0, 120.0])

    refresh(job)
    job.commit()
    before = hours(database, meter)
    writer.commit()
    assert {hour: stale for hour, (stale, *_) in hours(database, meter).items()} == {24: True, 20: True}
    assert before[24] == (True, 0, None), "the writer holds the row, so the job leaves the hour alone"

    refresh(job)
    job.commit()
    assert hours(database, meter) == {24: (False, 3, 30.0), 20: (False, 2, 100.0)}


def test_a_late_reading_for_an_hour_that_was_computed_before(
    database: Database, meter: Meter, sessions: tuple[Connection, Connection]
) -> None:
    writer, job = sessions
    refresh(job)
    job.commit()
    writer.execute(INSERT, [meter.device_id, THIS_HOUR - 22 * HOUR, 10.0, 150.0])

    refresh(job)
    job.commit()
    assert hours(database, meter) == {24: (False, 2, 30.0), 20: (False, 2, 100.0)}, "as everybody else still sees it"
    writer.commit()
    told = database.rows(
        "select total_volume, received_points from public.get_flow_statistics(%s, '-infinity', 'infinity')",
        meter.device_id,
    )
    assert told == [(130.0, 5)], "with the commit, and not with the job"

    refresh(job)
    job.commit()
    assert hours(database, meter) == {24: (False, 2, 30.0), 22: (False, 1, 10.0), 20: (False, 2, 90.0)}


def test_a_late_reading_that_comes_while_the_job_computes_its_hour(
    database: Database, meter: Meter, sessions: tuple[Connection, Connection]
) -> None:
    writer, job = sessions
    refresh(job)  # has computed both hours, and has not committed

    with ThreadPoolExecutor(1) as pool:
        stored = pool.submit(
            writer.execute, INSERT, [meter.device_id, THIS_HOUR - 24 * HOUR + LATE, 10.0, 120.0]
        )  # fmt: skip
        wait_until_blocked(database, writer)
        job.commit()
        stored.result(timeout=30)
    writer.commit()
    assert {hour: stale for hour, (stale, *_) in hours(database, meter).items()} == {24: True, 20: True}

    refresh(job)
    job.commit()
    assert hours(database, meter) == {24: (False, 3, 30.0), 20: (False, 2, 100.0)}


def test_two_late_writers_of_one_device_do_not_miss_each_other(
    database: Database, meter: Meter, sessions: tuple[Connection, Connection]
) -> None:
    first, second = sessions
    # Nothing but the mark makes the second wait: a load of history leaves last_seen alone, a later reading keeps the
    # latest values, and without a later sample both have no hour in common.
    second.execute(INSERT, [meter.device_id, THIS_HOUR - HOUR, 10.0, None])
    second.commit()
    old = INSERT.replace("totalizer)", "totalizer, received_at)").replace("%s)", "%s, '2020-01-01')")
    first.execute(old, [meter.device_id, THIS_HOUR - 10 * HOUR, 10.0, 300.0])
    with ThreadPoolExecutor(1) as pool:
        stored = pool.submit(second.execute, old, [meter.device_id, THIS_HOUR - 8 * HOUR, 10.0, 400.0])
        wait_until_blocked(database, second)
        first.commit()
        stored.result(timeout=30)
    second.commit()
    refresh(database.owner)
    told = hours(database, meter)
    assert (told[10], told[8]) == ((False, 1, 60.0), (False, 1, 100.0))


def test_the_job_waits_for_who_wrote_before_an_hour_ended(
    database: Database, sessions: tuple[Connection, Connection]
) -> None:
    writer, reader = sessions
    [device_id] = database.make_devices(1)
    reader.execute("select count(*) from public.flow_data")
    writer.execute(INSERT, [device_id, datetime.now(UTC), 10.0, 100.0])
    [(began,)] = writer.execute("select now()").fetchall()
    assert database.rows("select private.oldest_write_at()") == [(began,)], "not for who only reads"

    [(horizon, ten_minutes_ago)] = database.rows(
        "select private.rollup_horizon('infinity'), clock_timestamp() - interval '10 minutes'"
    )
    assert horizon <= ten_minutes_ago, "and never for less than ten minutes"
    writer.rollback()
    [(began_later,)] = database.rows("select private.oldest_write_at()")
    assert began_later is None or began_later > began


def test_rollups_refuse_a_snapshot_that_is_older_than_their_locks(stack: Stack) -> None:
    with psycopg.connect(stack.database_url) as session:
        session.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with pytest.raises(psycopg.errors.InvalidTransactionState):
            session.execute("select private.job_rollups(now())")


def test_rollups_refuse_to_look_away(stack: Stack) -> None:
    with psycopg.connect(stack.admin_database_url) as session:
        session.execute("revoke pg_monitor, pg_read_all_stats from postgres")
        session.execute("set role postgres")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="every open transaction"):
            session.execute("select private.job_rollups(now())")
        session.rollback()


def test_one_refresh_at_a_time(database: Database, sessions: tuple[Connection, Connection]) -> None:
    one, other = sessions
    one.execute("select private.refresh_rollups('-infinity', 'infinity')")
    assert other.execute("select private.job_rollups(now())").fetchall() == [("refreshed by somebody else",)]


def test_late_readings_of_eight_gateways_while_the_job_runs_on_and_on(database: Database) -> None:
    devices = database.make_devices(6, expected_interval_s=60)
    start = THIS_HOUR - 30 * HOUR
    database.owner.execute("select private.create_flow_data_months(%s, now())", [start])
    began = time.monotonic()
    over = threading.Event()

    def late_reading(device: str, chance: random.Random) -> Reading:
        slot = chance.randrange(26 * 60)
        # The values follow from the slot, so that a repeat is a repeat; some come in two parts.
        reading: Reading = {"device_id": device, "created_at": (start + slot * timedelta(minutes=1)).isoformat()}
        parts = {"flow_rate": slot % 97 + 0.5, "totalizer": 1000 + slot * 1.5 - (500 if slot % 50 == 0 else 0)}
        return reading | (parts if chance.random() < 0.7 else dict([chance.choice(list(parts.items()))]))

    def post(client: Client) -> int:
        chance, calls = random.Random(client.connection.info.backend_pid), 0  # noqa: S311 -- load, no secret
        while time.monotonic() - began < SECONDS:
            batch = [late_reading(device, chance) for device in chance.choices(devices, k=chance.randrange(1, 20))]
            assert {answer.verdict for answer in client.ingest(batch)} <= {"new", "merged", "duplicate"}
            calls += 1
        return calls

    def correct(client: Client) -> int:
        chance, changed = random.Random(1), 0  # noqa: S311
        client.connection.execute("reset role")
        while time.monotonic() - began < SECONDS:
            at = start + chance.randrange(26 * 60) * timedelta(minutes=1)
            statement = chance.choice(
                [
                    "update public.flow_data set quality = 'bad' where device_id = %s and created_at = %s",
                    "delete from public.flow_data where device_id = %s and created_at = %s",
                ]
            )
            try:
                changed += client.connection.execute(statement, [chance.choice(devices), at]).rowcount
            except psycopg.errors.DeadlockDetected:
                continue  # it took the reading before its device; ingest was first
        return changed

    def run_jobs(client: Client) -> int:
        runs = 0
        while not over.is_set():
            [(result,)] = client.connection.execute("select public.run_job('rollups')").fetchall()
            assert "computed" in str(result), result
            runs += 1
        return runs

    def until_over(job: Callable[[Client], int]) -> Callable[[Client], int]:
        def run(client: Client) -> int:
            try:
                return job(client)
            finally:
                with lock:
                    running.discard(job_id)
                    if not running:
                        over.set()

        job_id = len(running)
        running.add(job_id)
        return run

    lock, running = threading.Lock(), set[int]()
    done = database.at_once([*(until_over(job) for job in [*[post] * CLIENTS, correct]), run_jobs])
    assert all(count > 5 for count in done), done

    refresh(database.owner)
    assert database.rows(
        "select count(*) from public.flow_data_hourly where device_id = any (%s) and is_stale", devices
    ) == [(0,)]
    for device in devices:
        samples = [
            Sample(*row)
            for row in database.rows(
                "select created_at, flow_rate, totalizer, quality from public.flow_data where device_id = %s", device
            )
        ]
        assert len(samples) > 100
        rows = database.rows(
            "select hour, flow_sum / nullif(flow_count, 0), flow_min, flow_max, volume, received - bad, resets,"
            " rollovers, expected, received, bad from public.flow_data_hourly where device_id = %s",
            device,
        )
        assert {hour for hour, *_ in rows} >= {hour_of(sample.at) for sample in samples}
        for hour, *told in rows:
            expected = statistics(Meter(device, 60), samples, hour, hour + HOUR)
            if told[-2] == 0 and hour < min(sample.at for sample in samples):
                continue  # all its readings were deleted: nothing is due before the first that is left
            assert same(told, tuple(vars(expected).values())), (device, hour)


def wait_until_blocked(database: Database, session: Connection) -> None:
    """Return once this session waits for a lock; fails after ten seconds."""
    pid = session.info.backend_pid
    deadline = time.monotonic() + 10
    while database.rows("select cardinality(pg_blocking_pids(%s))", pid) == [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
