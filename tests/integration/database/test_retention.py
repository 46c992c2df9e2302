"""A month is dropped in nobody's way: neither a reader's nor a gateway's."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

import psycopg
import pytest

from support.stacks import throwaway_stack

from .conftest import Database

#: For a month that ended more than 90 days before.
AS_OF = "2026-09-01T00:00:00Z"


@pytest.fixture
def database() -> Iterator[Database]:
    """A database of its own, in which every month but one is made: 2026-03, with rollups that are complete."""
    with throwaway_stack() as stack:
        stack.start()
        database = Database(stack.database_url)
        database.owner.execute("select private.create_flow_data_months('2026-03-01Z', '2026-03-31Z')")
        [device] = database.make_devices(1)
        database.owner.execute(
            "insert into public.flow_data (device_id, created_at, flow_rate, totalizer)"
            " select %s, at, 1, extract(epoch from at) from generate_series("
            "'2026-03-01Z'::timestamptz, '2026-03-31T23:00:00Z', '10 minutes') as at",
            [device],
        )
        database.owner.execute("select private.refresh_rollups('2026-03-01Z', '2026-04-01Z')")
        yield database
        database.close()


def months(database: Database) -> list[str]:
    return [name for (name,) in database.rows("select partition::text from private.flow_data_months()")]


def test_a_reader_keeps_the_month_and_the_job_does_not_wait_for_it(database: Database) -> None:
    with psycopg.connect(database.url) as reader:
        reader.execute("select count(*) from public.flow_data")
        answer = database.rows("select private.run_job('retention', %s)", AS_OF)
        assert answer == [("0 months dropped, 1 in use, 0 wait for rollups or archive",)]
    assert "private.flow_data_2026_03" in months(database)
    answer = database.rows("select private.run_job('retention', %s)", AS_OF)
    assert answer == [("1 months dropped, 0 in use, 0 wait for rollups or archive",)]
    assert "private.flow_data_2026_03" not in months(database)


def test_gateways_go_on_while_a_month_is_in_use_and_dropped(database: Database) -> None:
    devices = database.make_devices(4)
    done = Event()

    def post(number: int) -> list[str]:
        client = database.client()
        verdicts: list[str] = []
        at = datetime.now(UTC) - timedelta(minutes=4)
        while not done.is_set() and len(verdicts) < 5000:
            at += timedelta(milliseconds=10)
            reading = {"device_id": devices[number], "created_at": at.isoformat(), "flow_rate": 1}
            verdicts += [verdict.verdict for verdict in client.ingest([reading])]
        return verdicts

    with ThreadPoolExecutor(4) as pool:
        posting = [pool.submit(post, number) for number in range(4)]
        try:
            with psycopg.connect(database.url) as reader:
                reader.execute("select count(*) from public.flow_data")
                database.rows("select private.run_job('retention', %s)", AS_OF)
            dropped = database.rows("select private.run_job('retention', %s)", AS_OF)
        finally:
            done.set()
    verdicts = [verdict for each in posting for verdict in each.result()]
    assert dropped == [("1 months dropped, 0 in use, 0 wait for rollups or archive",)]
    assert set(verdicts) == {"new"}
    stored = database.rows("select count(*) from public.flow_data where device_id = any(%s)", devices)
    assert stored == [(len(verdicts),)]
