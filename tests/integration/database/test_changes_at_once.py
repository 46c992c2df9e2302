"""People of one organization who change something at once: nobody waits, and every commit is a new version."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import psycopg
import pytest

from fluxio_local.stack import Stack

from .conftest import Database

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def organization(database: Database) -> uuid.UUID:
    organization = uuid.uuid4()
    database.owner.execute("insert into public.organizations (id, name) values (%s, %s)", [organization, organization])
    database.owner.cursor().executemany(
        "insert into public.devices (device_id, organization_id) values (%s, %s)",
        [(f"{name} {organization}", organization) for name in "AB"],
    )
    return organization


@pytest.fixture
def admins(stack: Stack, database: Database, organization: uuid.UUID) -> Iterator[list[Connection]]:
    """Three admins' sessions, each in a transaction; who waits for another's lock fails."""
    sessions = []
    for _ in range(3):
        person = uuid.uuid4()
        database.owner.execute("insert into auth.users (id) values (%s)", [person])
        database.owner.execute(
            "update public.users set organization_id = %s, role = 'admin' where id = %s", [organization, person]
        )
        session = psycopg.connect(stack.database_url, options="-c lock_timeout=2s")
        claims = json.dumps({"sub": str(person), "role": "authenticated"})
        session.execute("select set_config('request.jwt.claims', %s, false)", [claims])
        session.execute("set role authenticated")
        session.commit()
        sessions.append(session)
    yield sessions
    for session in sessions:
        session.close()


def rename(session: Connection, device_id: str) -> None:
    session.execute("update public.devices set device_name = %s where device_id = %s", [str(uuid.uuid4()), device_id])


def version(session: Connection) -> object:
    [(found,)] = session.execute("select version from public.get_cache_scope()").fetchall()
    session.commit()
    return found


@pytest.mark.parametrize("age", ["0", "11 minutes"])
def test_nobody_waits_and_every_commit_is_a_new_version(
    database: Database, organization: uuid.UUID, admins: list[Connection], age: str
) -> None:
    one, two, reader = admins
    rename(one, f"A {organization}")
    one.commit()
    # What is old is forgotten by both.
    database.owner.execute(
        "update private.organization_changes set changed_at = changed_at - %s::interval where organization_id = %s",
        [age, organization],
    )
    versions = [version(reader)]
    rename(one, f"A {organization}")
    rename(two, f"B {organization}")
    assert version(reader) == versions[0], "nothing is committed"
    two.commit()
    versions.append(version(reader))
    one.commit()
    versions.append(version(reader))
    assert len(set(versions)) == 3


def test_a_change_that_is_taken_back_leaves_the_version(
    database: Database, organization: uuid.UUID, admins: list[Connection]
) -> None:
    one, _, reader = admins
    before = version(reader)
    rename(one, f"A {organization}")
    one.rollback()
    assert version(reader) == before
