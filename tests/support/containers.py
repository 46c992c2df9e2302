"""A PostgreSQL in a Docker container, made to look like a Supabase project's if its image does not yet."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from testcontainers.community.postgres import PostgresContainer

from fluxio_local import paths
from fluxio_local.bootstrap import run_sql_files
from fluxio_local.gateway import Gateway
from support import needs
from support.stacks import throwaway_stack

#: What the pinned Supabase CLI starts for PostgreSQL 17.
USUAL_IMAGE = "supabase/postgres:17.11.0.018"
PORT = 5432


@contextmanager
def postgres_container() -> Iterator[str]:
    """The database's URL as `postgres`; nothing is pushed yet. FLUXIO_TEST_POSTGRES_IMAGE names another image."""
    needs.docker()
    password = secrets.token_urlsafe(32)
    container = PostgresContainer(
        os.environ.get("FLUXIO_TEST_POSTGRES_IMAGE") or USUAL_IMAGE,
        username="supabase_admin", password=password, dbname="postgres", driver=None,
    )  # fmt: skip
    with container:
        host, port = container.get_container_host_ip(), container.get_exposed_port(PORT)
        admin_url, url = (
            f"postgresql://{role}:{password}@{host}:{port}/postgres" for role in ("supabase_admin", "postgres")
        )
        _make_supabase(admin_url, password)
        yield url


def _make_supabase(admin_url: str, password: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as admin:
        row = admin.execute("select to_regrole('anon') is not null, to_regclass('auth.users') is not null").fetchone()
        assert row is not None
        has_roles, has_auth = row
        if not has_roles:
            run_sql_files(paths.BOOTSTRAP, admin_url)
        admin.execute("create extension if not exists pgtap with schema extensions")
        statement = psycopg.sql.SQL("alter role postgres password {}").format(psycopg.sql.Literal(password))
        admin.execute(statement)
    if not has_auth:
        with throwaway_stack() as stack:
            # Nothing listens on the port: only the schema is made.
            Gateway(stack.dir, stack.config | {"database_url": admin_url, "port": 1}).initialize()
    # What Auth's own migrations do on hosted Supabase; the image has the functions from before them.
    run_sql_files(paths.BOOTSTRAP / "after_auth", admin_url)
