"""What a request is to the database: claims (P7), role settings, the request itself (P9), the schema (P10)."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import psycopg
import pytest

from fluxio_local.stack import Stack

Call = Callable[..., httpx.Response]
USER = "7b7c4f6e-0000-4000-8000-00000000000a"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"request.jwt.claims": f'{{"sub":"{USER}","role":"authenticated","email":"a@b.test"}}'},
            (USER, "authenticated", "a@b.test"),
        ),
        (
            {"request.jwt.claim.sub": USER, "request.jwt.claim.role": "anon", "request.jwt.claim.email": "c@d.test"},
            (USER, "anon", "c@d.test"),
        ),
        ({"request.jwt.claims": "", "request.jwt.claim.sub": ""}, (None, None, None)),
        ({}, (None, None, None)),
    ],
)
def test_auths_functions_read_both_forms_of_claims(
    stack: Stack, settings: dict[str, str], expected: tuple[str | None, ...]
) -> None:
    with psycopg.connect(stack.database_url) as connection:
        for name, value in settings.items():
            connection.execute("select set_config(%s, %s, true)", [name, value])
        connection.execute("set local role authenticated")
        found = connection.execute("select auth.uid()::text, auth.role(), auth.email()").fetchone()
    assert found == expected


def test_a_migration_can_refer_to_users_and_watch_them(stack: Stack) -> None:
    with psycopg.connect(stack.database_url) as connection:
        connection.execute("create table public.probe_people (id uuid references auth.users (id) on delete cascade)")
        connection.execute(
            "create trigger probe before update on auth.users"
            " for each row execute function suppress_redundant_updates_trigger()"
        )
        assert connection.execute("select count(*) >= 0 from auth.users").fetchone() == (True,)
        connection.rollback()


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_requests_cannot_read_auths_tables(stack: Stack, role: str) -> None:
    with psycopg.connect(stack.database_url) as connection:
        connection.execute(psycopg.sql.SQL("set local role {}").format(psycopg.sql.Identifier(role)))
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for table users"):
            connection.execute("select from auth.users")


def test_a_function_sees_the_request(probe: Stack, call: Call) -> None:
    seen = call("POST", "/rest/v1/rpc/probe_request", json={}, headers={"cookie": "a=1; flavour=oat=meal"}).json()
    assert seen["path"] == "/rpc/probe_request"
    assert seen["method"] == "POST"
    assert seen["address"] == "127.0.0.1"
    assert seen["cookie"] == "oat=meal"


def test_a_table_insert_sees_the_request_too(probe: Stack, call: Call, admin: psycopg.Connection) -> None:
    admin.execute("truncate public.probe_requests")
    call("POST", "/rest/v1/probe_requests", json={"id": 1})
    [row] = call("GET", "/rest/v1/probe_requests?select=seen").json()
    assert (row["seen"]["path"], row["seen"]["role"]) == ("/probe_requests", "service_role")


def test_a_request_takes_four_statements(probe: Stack, call: Call, admin: psycopg.Connection) -> None:
    end_sessions = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator'"
    log = probe.postgres.log
    admin.execute("alter role authenticator set log_statement = 'all'")
    try:
        admin.execute(end_sessions)
        # Opens a connection and prepares what it asks for; the second one shows what a request costs.
        assert eventually(lambda: call("GET", "/rest/v1/probe_requests?id=eq.0").json(), [])
        start = log.stat().st_size
        assert call("GET", "/rest/v1/probe_requests?id=eq.0").json() == []
        lines = log.read_bytes()[start:].decode().splitlines()
    finally:
        admin.execute("alter role authenticator reset log_statement")
        admin.execute(end_sessions)
    seen = [line for line in lines if "LOG:  statement: " in line or "LOG:  execute " in line]
    assert len(seen) == 4, seen
    assert seen[1].count("set_config(") == 8


def test_the_roles_time_limits_hold(probe: Stack, call: Call) -> None:
    seen = call("POST", "/rest/v1/rpc/probe_request", key=probe.anon_key, json={}).json()
    assert seen["statement_timeout"] == "3s"
    started = time.monotonic()
    answer = call("POST", "/rest/v1/rpc/probe_sleep", key=probe.anon_key, json={"seconds": 20})
    assert (answer.status_code, answer.json()["code"]) == (500, "57014")
    assert time.monotonic() - started < 10


def test_a_read_only_request_writes_nothing(probe: Stack, call: Call) -> None:
    answer = call("GET", "/rest/v1/rpc/probe_sleep?seconds=0")
    assert answer.status_code in (200, 204)
    assert call("DELETE", "/rest/v1/rpc/probe_sleep").status_code == httpx.codes.METHOD_NOT_ALLOWED


def test_a_new_table_and_a_new_column_type_are_known_at_once(probe: Stack, call: Call) -> None:
    with psycopg.connect(probe.database_url, autocommit=True) as connection:
        connection.execute("create table public.probe_later (id integer primary key, value integer)")
        connection.execute("insert into public.probe_later values (1, 2)")
        connection.execute("notify pgrst, 'reload schema'")
        path = "/rest/v1/probe_later?id=eq.1&select=*"
        assert eventually(lambda: call("GET", path).json(), [{"id": 1, "value": 2}])
        for _ in range(12):  # each of the pool's connections has the statement prepared
            call("GET", path)
        connection.execute("alter table public.probe_later alter column value type text using value || ' m3'")
        connection.execute("notify pgrst, 'reload schema'")
        assert eventually(lambda: call("GET", path).json(), [{"id": 1, "value": "2 m3"}])
        assert {call("GET", path).status_code for _ in range(12)} == {200}
        connection.execute("drop table public.probe_later")
        connection.execute("notify pgrst, 'reload schema'")
        assert eventually(lambda: call("GET", path).json().get("code"), "PGRST205")


def eventually(look: Callable[[], object], wanted: object, *, seconds: float = 10) -> bool:
    """Whether `look` gives `wanted` within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if look() == wanted:
                return True
        except AttributeError:
            pass
        time.sleep(0.05)
    return False
