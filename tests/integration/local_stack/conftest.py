"""A schema of odd values and functions on the session's stack, and a plain HTTP client for its gateway."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import httpx
import psycopg
import pytest

from fluxio_local.stack import Stack

SCHEMA = """
create table public.probe (
  id integer primary key,
  amount numeric(20, 4),
  ratio double precision,
  bytes bytea,
  at timestamptz default now(),
  local_at timestamp,
  body jsonb,
  tags text[],
  note text,
  big bigint,
  constraint probe_amount_check check (amount > 0)
);
alter table public.probe enable row level security;
create policy probe_select_authenticated on public.probe for select to authenticated using (true);

create function public.probe_elements(items jsonb)
returns table (i bigint, value text, kind text)
language sql as $$
  select row_number() over (), e ->> 'v', jsonb_typeof(items) from jsonb_array_elements(items) as e
$$;
create function public.probe_gaps()
returns table (floats double precision[], counts bigint[], numerics numeric[], times timestamptz[])
language sql as $$
  select array[1.5, null], array[null, 7], array[null, 0.25], array[null, '2026-11-22T08:22:50Z'::timestamptz]
$$;
create function public.probe_raise(code text) returns void
language plpgsql as $$
begin
  raise exception using errcode = code, message = 'the message', detail = 'the detail', hint = 'the hint';
end
$$;
create function public.probe_request() returns jsonb
language sql stable as $$
  select jsonb_build_object(
    'uid', auth.uid(), 'auth_role', auth.role(), 'role', current_user, 'session', session_user,
    'path', current_setting('request.path', true), 'method', current_setting('request.method', true),
    'address', current_setting('request.headers', true)::json ->> 'x-forwarded-for',
    'cookie', current_setting('request.cookies', true)::json ->> 'flavour',
    'statement_timeout', current_setting('statement_timeout')
  )
$$;
create function public.probe_sleep(seconds double precision) returns void
language sql as $$ select pg_sleep(seconds) $$;
create table public.probe_requests (id integer primary key, seen jsonb default public.probe_request());
grant execute on function
  public.probe_elements(jsonb), public.probe_gaps(), public.probe_raise(text), public.probe_request(),
  public.probe_sleep(double precision)
to anon, authenticated, service_role;
"""
DROP = """
drop table if exists public.probe, public.probe_requests, public.probe_later cascade;
drop function if exists
  public.probe_elements, public.probe_gaps, public.probe_raise, public.probe_request, public.probe_sleep;
"""

Call = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def probe(stack: Stack) -> Iterator[Stack]:
    """The stack with public.probe and its functions, made by `postgres` as by a migration, dropped after each file."""
    run(stack, SCHEMA)
    try:
        wait_until_known(stack, "probe_requests")
        yield stack
    finally:
        run(stack, DROP)


@pytest.fixture
def call(stack: Stack) -> Iterator[Call]:
    """call(method, path, key=..., bearer=..., headers=..., json=..., content=...); by default with the secret key."""
    with httpx.Client(base_url=stack.url, timeout=30) as client:

        def send(
            method: str, path: str, *, key: str | None = None, bearer: str | None = None,
            headers: dict[str, str] | None = None, json: object = None, content: bytes | None = None,
        ) -> httpx.Response:  # fmt: skip
            key = key or stack.service_role_key
            sent = {"apikey": key, "authorization": f"Bearer {bearer or key}"} | (headers or {})
            return client.request(method, path, headers=sent, json=json, content=content)

        yield send


@pytest.fixture
def admin(stack: Stack) -> Iterator[psycopg.Connection]:
    """The database as supabase_admin."""
    with psycopg.connect(stack.admin_database_url, autocommit=True) as connection:
        yield connection


def run(stack: Stack, statements: str) -> None:
    """Run `statements` as postgres, on a connection of its own: tests restart the server."""
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute(statements)


def wait_until_known(stack: Stack, table: str, *, seconds: float = 10) -> None:
    """Wait for REST to know `table`, made a moment ago."""
    headers = {"apikey": stack.service_role_key}
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if httpx.get(f"{stack.url}/rest/v1/{table}?limit=0", headers=headers).status_code == httpx.codes.OK:
            return
        time.sleep(0.05)
    raise AssertionError(f"REST does not know {table} after {seconds} s")
