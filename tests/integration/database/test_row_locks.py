"""What two sessions do to each other: the last admin stays, notes make nobody wait, a deleted rule costs no reading."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from fluxio_local.stack import Stack

from .conftest import Database

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def sessions(stack: Stack) -> Iterator[tuple[Connection, Connection]]:
    """Two connections as the owner of the tables; neither waits for the other for long."""
    with psycopg.connect(stack.database_url) as one, psycopg.connect(stack.database_url) as two:
        for session in (one, two):
            session.execute("set statement_timeout = '30s'")
            session.commit()
        yield one, two


def test_two_admins_cannot_remove_each_other(sessions: tuple[Connection, Connection]) -> None:
    one, two = sessions
    organization, first, second = (uuid.uuid4() for _ in range(3))
    one.execute("insert into public.organizations (id, name) values (%s, %s)", [organization, f"Locks {organization}"])
    for admin in (first, second):
        one.execute("insert into auth.users (id, email) values (%s, %s)", [admin, f"{admin}@example.test"])
        one.execute("update public.users set organization_id = %s, role = 'admin' where id = %s", [organization, admin])
    one.commit()

    demote = "update public.users set role = 'viewer' where id = %s"
    one.execute(demote, [first])
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(two.execute, demote, [second])
        one.commit()
        with pytest.raises(psycopg.Error) as refused:
            other.result(timeout=30)
    assert refused.value.sqlstate == "LASTA"
    two.rollback()


def test_a_key_in_use_is_known_at_once(sessions: tuple[Connection, Connection]) -> None:
    one, two = sessions
    made = one.execute("select api_key from public.create_api_key(%s)", [f"Locks {uuid.uuid4()}"]).fetchone()
    assert made is not None
    key_hash = hashlib.sha256(str(made[0]).encode()).hexdigest()
    one.commit()

    known = "select count(*) from public.authenticate_api_key(%s)"
    assert one.execute(known, [key_hash]).fetchone() == (1,)  # holds the row: it noted the use
    two.execute("set lock_timeout = '1s'")
    assert two.execute(known, [key_hash]).fetchone() == (1,)
    two.rollback()
    one.rollback()


def test_a_locked_gateway_makes_no_reading_wait(sessions: tuple[Connection, Connection], database: Database) -> None:
    one, two = sessions
    [device] = database.make_devices(1)
    gateway = uuid.uuid4()
    one.execute("insert into public.gateways (id, name) values (%s, %s)", [gateway, f"Locks {gateway}"])
    made = one.execute("select api_key_id from public.create_api_key('Locks', gateway_id => %s)", [gateway]).fetchone()
    assert made is not None
    one.commit()

    one.execute("delete from public.gateways where id = %s", [gateway])
    two.execute("set lock_timeout = '1s'")
    reading = {"device_id": device, "flow_rate": 1, "api_key_id": str(made[0])}
    answer = two.execute("select verdict from public.ingest_readings(%s::jsonb)", [json.dumps([reading])]).fetchall()
    assert answer == [("new",)]
    one.rollback()
    two.commit()
    assert one.execute("select last_seen from public.gateways where id = %s", [gateway]).fetchone() == (None,)


def test_a_rule_deleted_meanwhile_costs_no_reading(sessions: tuple[Connection, Connection], database: Database) -> None:
    one, _ = sessions
    [device] = database.make_devices(1, threshold=100)
    client = database.client()
    one.execute("delete from public.alert_rules where device_id = %s", [device])
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.ingest, [{"device_id": device, "flow_rate": 500}])
        _wait_until_blocked(database, client.connection.info.backend_pid)
        one.commit()
        assert [verdict.verdict for verdict in answer.result(timeout=30)] == ["new"]
    assert database.rows("select count(*) from public.alerts where device_id = %s", device) == [(0,)]


def _wait_until_blocked(database: Database, pid: int) -> None:
    """Return once this backend waits for a lock; fails after ten seconds."""
    deadline = time.monotonic() + 10
    while database.rows("select cardinality(pg_blocking_pids(%s))", pid) == [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
