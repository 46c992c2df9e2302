"""Debian's PostgreSQL 15, with pg_cron as hosted Supabase has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from fluxio_local import paths
from fluxio_local.bootstrap import run_sql_files
from fluxio_local.stack import Stack
from support import needs
from support.stacks import throwaway_stack

#: Without background workers pg_cron logs in as the job's user, which takes a password it does not have.
CRON_SETTINGS = {
    "shared_preload_libraries": "pg_cron",
    "cron.database_name": "postgres",
    "cron.use_background_workers": "on",
}


@contextmanager
def cron_stack() -> Iterator[Stack]:
    """A stack, not started, whose server may create the extension pg_cron."""
    pg_bin = needs.postgres_15()
    needs.debian_extension("pg_cron", "postgresql-15-cron")
    with throwaway_stack(pg_bin=pg_bin, pg_settings=CRON_SETTINGS) as stack:
        yield stack


def create_cron(stack: Stack) -> None:
    """Create the extension as its dashboard's switch does on hosted Supabase, with the rights postgres has there."""
    with psycopg.connect(stack.admin_database_url, autocommit=True) as admin:
        admin.execute("create extension pg_cron")
        admin.execute("grant usage on schema cron to postgres with grant option")
        admin.execute("grant all on all tables in schema cron to postgres with grant option")
        admin.execute("revoke all on table cron.job from postgres")
        admin.execute("grant select on table cron.job to postgres with grant option")
        admin.execute("revoke trigger on table cron.job_run_details from postgres")


@pytest.fixture(scope="session")
def stack_with_cron() -> Iterator[Stack]:
    """A stack whose database had pg_cron when the migrations came."""
    with cron_stack() as stack:
        stack.start_postgres()
        run_sql_files(paths.BOOTSTRAP, stack.admin_database_url)
        create_cron(stack)
        stack.start()
        yield stack


@pytest.fixture(scope="session")
def pushed(stack_with_cron: Stack) -> list[tuple[object, ...]]:
    """What stood in pg_cron's table after the push, before a test registered anything."""
    with psycopg.connect(stack_with_cron.database_url) as connection:
        return connection.execute(
            "select jobname, schedule, command, username, database, active from cron.job order by jobname"
        ).fetchall()


@pytest.fixture(scope="session")
def minutely(stack_with_cron: Stack, pushed: list[tuple[object, ...]]) -> Iterator[str]:
    """A job that is due each minute, handed to pg_cron early: other tests run until it was."""
    with psycopg.connect(stack_with_cron.database_url, autocommit=True) as connection:
        connection.execute(
            "create function private.job_minutely(as_of timestamptz) returns text language sql volatile"
            " as $$ select current_user || ' ' || as_of $$"
        )
        connection.execute(
            "insert into private.jobs (name, schedule, max_silence) values ('minutely', '* * * * *', '1 hour')"
        )
        connection.execute("select private.register_jobs()")
        yield "minutely"


@pytest.fixture
def owner(stack_with_cron: Stack) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """As `postgres`, who owns the jobs."""
    with psycopg.connect(stack_with_cron.database_url, autocommit=True) as connection:
        yield connection
