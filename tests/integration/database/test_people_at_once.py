"""Several act on one person or one key at the same moment: nobody is left waiting, and nothing is done twice."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg
import pytest

from fluxio_local.stack import Stack

from .conftest import Client, Database

Connection = psycopg.Connection[tuple[object, ...]]

INVITE = "select invitation_id from public.invite_person(%s, 'operator', %s)"
SIGN_UP = "insert into auth.users (id, email, email_confirmed_at) values (%s, %s, now())"


@pytest.fixture
def sessions(stack: Stack) -> Iterator[tuple[Connection, Connection]]:
    """Two connections as the owner of the tables; neither waits for the other for long."""
    with psycopg.connect(stack.database_url) as one, psycopg.connect(stack.database_url) as two:
        for session in (one, two):
            session.execute("set statement_timeout = '30s'")
            session.commit()
        yield one, two


@pytest.fixture
def email() -> str:
    return f"{uuid.uuid4()}@example.test"


def make_organization(database: Database) -> uuid.UUID:
    organization = uuid.uuid4()
    database.owner.execute(
        "insert into public.organizations (id, name) values (%s, %s)", [organization, f"At once {organization}"]
    )
    return organization


def place_of(database: Database, email: str) -> uuid.UUID | None:
    [(organization,)] = database.rows("select organization_id from public.users where email = %s", email)
    assert organization is None or isinstance(organization, uuid.UUID)
    return organization


def overlapping(
    sessions: tuple[Connection, Connection],
    first: Callable[[Connection], object],
    second: Callable[[Connection], object],
) -> None:
    """Do `first`, begin `second` while the first is not committed, then commit both. Raises what `second` raises."""
    one, two = sessions
    first(one)
    with ThreadPoolExecutor(1) as pool:
        waiting: Future[object] = pool.submit(second, two)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.5)
        one.commit()
        waiting.result(timeout=30)
    two.commit()


@pytest.mark.parametrize("who_is_first", ["admin", "Auth"])
def test_an_invitation_and_a_sign_up_that_overlap_meet(
    database: Database, sessions: tuple[Connection, Connection], email: str, who_is_first: str
) -> None:
    organization, account = make_organization(database), uuid.uuid4()
    both = [
        lambda session: session.execute(INVITE, [email, organization]),
        lambda session: session.execute(SIGN_UP, [account, email]),
    ]
    overlapping(sessions, *(both if who_is_first == "admin" else reversed(both)))
    assert place_of(database, email) == organization


def test_a_revoked_invitation_is_not_taken_up_while_that_is_not_committed(
    database: Database, sessions: tuple[Connection, Connection], email: str
) -> None:
    revoked, other = make_organization(database), make_organization(database)
    for organization in (revoked, other):
        database.owner.execute(INVITE, [email, organization])
    overlapping(
        sessions,
        lambda session: session.execute(
            "update public.invitations set revoked_at = now() where organization_id = %s", [revoked]
        ),
        lambda session: session.execute(SIGN_UP, [uuid.uuid4(), email]),
    )
    assert place_of(database, email) == other


def test_an_accepted_invitation_is_not_revoked_any_more(
    database: Database, sessions: tuple[Connection, Connection], email: str
) -> None:
    organization = make_organization(database)
    database.owner.execute(INVITE, [email, organization])
    with pytest.raises(psycopg.Error) as refused:
        overlapping(
            sessions,
            lambda session: session.execute(SIGN_UP, [uuid.uuid4(), email]),
            lambda session: session.execute(
                "update public.invitations set revoked_at = now() where organization_id = %s", [organization]
            ),
        )
    assert refused.value.sqlstate == "INVEN"
    assert place_of(database, email) == organization


def test_many_who_invite_one_person_get_them_once(database: Database) -> None:
    organizations = [make_organization(database) for _ in range(4)]
    for _ in range(10):
        email = f"{uuid.uuid4()}@example.test"

        def invite(organization: uuid.UUID, email: str = email) -> Callable[[Client], None]:
            def run(client: Client) -> None:
                for _ in range(3):  # once more renews it
                    client.connection.execute(INVITE, [email, organization])

            return run

        def sign_up(_: Client, email: str = email) -> None:
            with psycopg.connect(database.url, autocommit=True) as auth:
                auth.execute(SIGN_UP, [uuid.uuid4(), email])

        outcomes = database.at_once(
            [*(caught(invite(organization)) for organization in organizations), caught(sign_up)]
        )
        # Who has them already is told so when they ask again.
        assert {outcome for outcome in outcomes if outcome is not None} <= {"ISMEM"}
        place = place_of(database, email)
        assert place in organizations
        accepted = database.rows(
            "select organization_id from public.invitations where email = %s and accepted_at is not null", email
        )
        assert accepted == [(place,)]


def test_two_who_rotate_a_key_make_one(database: Database) -> None:
    [(key,)] = database.rows("select api_key_id from public.create_api_key(%s)", f"At once {uuid.uuid4()}")

    def rotate(client: Client) -> None:
        client.connection.execute("select api_key from public.rotate_api_key(%s)", [key])

    assert sorted(map(str, database.at_once([caught(rotate)] * 4))) == ["KEYEN", "KEYEN", "KEYEN", "None"]
    assert database.rows("select count(*) from public.api_keys where rotated_from = %s", key) == [(1,)]


def caught(job: Callable[[Client], None]) -> Callable[[Client], str | None]:
    """`job`, answering the SQLSTATE it was refused with, or None."""

    def run(client: Client) -> str | None:
        try:
            job(client)
        except psycopg.Error as error:
            return error.sqlstate
        return None

    return run
