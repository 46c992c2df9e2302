"""A published table of the tests' own, with row security by the token's claim `org`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from fluxio_local.stack import Stack
from support.realtime import Socket, open_socket, token

Database = psycopg.Connection[tuple[Any, ...]]
Connect = Callable[..., Socket]


@pytest.fixture
def db(stack: Stack) -> Iterator[Database]:
    """The database as its superuser."""
    with psycopg.connect(stack.admin_database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def probe(stack: Stack) -> Iterator[str]:
    """A table (id text, org text, value double precision, hidden text); `hidden` may not be selected."""
    name = f"probe_{uuid4().hex[:12]}"
    with psycopg.connect(stack.admin_database_url) as db:
        db.execute(f"create table public.{name} (id text primary key, org text, value double precision, hidden text)")
        db.execute(f"alter table public.{name} enable row level security")
        db.execute(f"revoke all on public.{name} from anon, authenticated, service_role")
        db.execute(f"grant select (id, org, value) on public.{name} to authenticated")
        db.execute(
            f"create policy own on public.{name} for select to authenticated"
            " using (org = (select current_setting('request.jwt.claims')::jsonb ->> 'org'))"
        )
        db.execute(f"alter publication supabase_realtime add table public.{name}")
    yield name
    with psycopg.connect(stack.admin_database_url) as db:
        db.execute(f"drop table public.{name}")


@pytest.fixture
def asked(probe: str) -> dict[str, object]:
    """The binding for every change of the table."""
    return {"event": "*", "schema": "public", "table": probe}


@pytest.fixture
def member(stack: Stack) -> Callable[..., str]:
    """A token of somebody in an organization."""

    def make(org: str, *, valid_s: float = 3600, **claims: object) -> str:
        return token(stack.jwt_secret, org=org, valid_s=valid_s, **claims)

    return make


@pytest.fixture
def client(stack: Stack) -> Iterator[Connect]:
    """Makes connections that are closed at the end."""
    with ExitStack() as opened:

        def connect(version: str = "2.0.0", *, key: str = stack.anon_key, max_queue: int = 64) -> Socket:
            return opened.enter_context(open_socket(stack.url, key, version, max_queue=max_queue))

        yield connect
