"""A month that has no partition yet: made by whoever needs it, in nobody's way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import LiteralString

import psycopg

from .conftest import Client, Database

CLIENTS = 8


def an_unmade_day(database: Database) -> datetime:
    """A day within the retention whose month has no partition."""
    now = datetime.now(UTC)
    for age in range(30, 88):
        day = now - timedelta(days=age)
        [(partition,)] = database.rows("select to_regclass(%s)", f"private.flow_data_{day:%Y_%m}")
        if partition is None:
            return day
    raise AssertionError("every month of the retention has its partition already")


def test_clients_meeting_in_a_new_month_wait_for_no_reader_and_no_writer(database: Database) -> None:
    devices = database.make_devices(CLIENTS + 1)
    database.client().ingest([{"device_id": devices[-1], "flow_rate": 1}])
    day = an_unmade_day(database)

    def post(device: str) -> Callable[[Client], list[str]]:
        def job(client: Client) -> list[str]:
            client.connection.execute("set statement_timeout = '20s'")
            reading = {"device_id": device, "created_at": day.isoformat(), "flow_rate": 1}
            return [answer.verdict for answer in client.ingest([reading])]

        return job

    with psycopg.connect(database.url) as reader, psycopg.connect(database.url) as writer:
        reader.execute("select count(*) from public.flow_data")
        writer.execute(
            "insert into public.flow_data (device_id, created_at, flow_rate) values (%s, now(), 1)", [devices[-1]]
        )
        answers = database.at_once([post(device) for device in devices[:CLIENTS]])

    assert answers == [["new"]] * CLIENTS
    [(rows, partitions)] = database.rows(
        "select count(*), count(distinct tableoid) from public.flow_data"
        " where device_id = any (%s) and created_at = %s",
        devices,
        day,
    )
    assert (rows, partitions) == (CLIENTS, 1)
    assert not database.rows(
        "select from pg_class where oid = to_regclass(%s) and not relrowsecurity", f"private.flow_data_{day:%Y_%m}"
    )


def test_who_waited_for_a_month_finds_it_made(database: Database) -> None:
    """One session looks for the month, waits for the one that makes it, and goes on."""
    month = "2031-07-01"
    make = "select private.create_flow_data_months(%s, %s)"
    try:
        with psycopg.connect(database.url) as maker, psycopg.connect(database.url) as waiter:
            pid = waiter.info.backend_pid
            # A session that made months before has its plans, and its cache, already.
            for _ in range(6):
                waiter.execute("select private.create_flow_data_month(now()::timestamp)")
            waiter.commit()
            maker.execute(make, [month, month])
            failures: list[str] = []
            thread = threading.Thread(target=lambda: failures.extend(failure_of(waiter, make, month)))
            thread.start()
            deadline = time.monotonic() + 20
            while not database.rows("select from pg_locks where pid = %s and not granted", pid):
                assert time.monotonic() < deadline, "it did not wait"
                time.sleep(0.01)
            maker.commit()
            thread.join(20)
            assert failures == []
    finally:
        with psycopg.connect(database.url, autocommit=True) as owner:
            owner.execute("drop table if exists private.flow_data_2031_07")


def failure_of(connection: psycopg.Connection[tuple[object, ...]], query: LiteralString, month: str) -> list[str]:
    try:
        connection.execute(query, [month, month])
        connection.commit()
    except psycopg.Error as error:
        return [str(error)]
    return []
