"""What two sessions do to each other: the last admin stays, and noting a key's use makes nobody wait."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from fluxio_local.stack import Stack

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
        one.execute(
            "insert into public.users (id, organization_id, role) values (%s, %s, 'admin')", [admin, organization]
        )
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
