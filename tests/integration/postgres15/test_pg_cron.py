"""Where pg_cron is, it wakes our jobs: those of the migrations, also when it is enabled after them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest

from fluxio_local.stack import Stack

from .conftest import create_cron, cron_stack

#: pg_cron starts a job at the turn of the minute.
A_RUN_IS_DUE_S = 90

Connection = psycopg.Connection[tuple[object, ...]]

JOBS = "select 'fluxio_' || name, schedule, format('select private.run_job(%L)', name) from private.jobs order by 1"
CRON_JOBS = "select jobname, schedule, command from cron.job where jobname like 'fluxio\\_%' order by 1"


@pytest.fixture
def owner(stack_with_cron: Stack) -> Iterator[Connection]:
    """As `postgres`, who owns the jobs."""
    with psycopg.connect(stack_with_cron.database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def minutely(stack_with_cron: Stack) -> Iterator[str]:
    """A job that is due each minute, handed to pg_cron while other tests run."""
    with psycopg.connect(stack_with_cron.database_url, autocommit=True) as connection:
        connection.execute(
            "create function private.job_minutely(as_of timestamptz) returns text language sql volatile"
            " as $$ select current_user || ' ' || as_of $$"
        )
        connection.execute("insert into private.jobs values ('minutely', '* * * * *', '1 hour')")
        connection.execute("select private.register_jobs()")
        yield "minutely"
        connection.execute("delete from private.jobs where name = 'minutely'")
        connection.execute("select private.register_jobs()")
        connection.execute("drop function private.job_minutely(timestamptz)")


def test_the_push_registers_every_job(owner: Connection, minutely: str) -> None:
    registered = owner.execute(CRON_JOBS).fetchall()
    assert registered == owner.execute(JOBS).fetchall()
    assert len(registered) > 1
    assert owner.execute(
        "select distinct username, database, active from cron.job where jobname like 'fluxio\\_%'"
    ).fetchall() == [("postgres", "postgres", True)]


def test_registering_again_changes_nothing(owner: Connection, minutely: str) -> None:
    everything = "select * from cron.job order by jobid"
    before = owner.execute(everything).fetchall()
    assert owner.execute("select private.register_jobs()").fetchall() == [(len(before),)]
    assert owner.execute(everything).fetchall() == before


def test_a_changed_schedule_is_taken_over(owner: Connection, minutely: str) -> None:
    try:
        owner.execute("update private.jobs set schedule = '7 3 * * *' where name = 'partitions'")
        owner.execute("select private.register_jobs()")
        assert ("fluxio_partitions", "7 3 * * *") in owner.execute("select jobname, schedule from cron.job").fetchall()
    finally:
        owner.execute("update private.jobs set schedule = '10 0 * * *' where name = 'partitions'")
        owner.execute("select private.register_jobs()")


def test_only_our_own_jobs_are_taken_back(owner: Connection, stack_with_cron: Stack) -> None:
    names = "select jobname, username from cron.job where jobname like '%ours%' order by 1"
    with psycopg.connect(stack_with_cron.admin_database_url, autocommit=True) as admin:
        try:
            owner.execute("insert into private.jobs values ('ours', '0 0 1 1 *', '1 hour')")
            owner.execute("select private.register_jobs()")
            owner.execute("select cron.schedule('not ours', '0 0 1 1 *', 'select 1')")
            admin.execute("select cron.schedule('fluxio_ours_not', '0 0 1 1 *', 'select 1')")
            everybody = [("fluxio_ours", "postgres"), ("fluxio_ours_not", "supabase_admin"), ("not ours", "postgres")]
            assert admin.execute(names).fetchall() == everybody

            owner.execute("delete from private.jobs where name = 'ours'")
            owner.execute("select private.register_jobs()")

            assert admin.execute(names).fetchall() == everybody[1:]
        finally:
            owner.execute("delete from private.jobs where name = 'ours'")
            owner.execute("select cron.unschedule('not ours')")
            admin.execute("select cron.unschedule('fluxio_ours_not')")
            owner.execute("select private.register_jobs()")


def test_enabled_after_the_push_it_is_found_by_the_next_look() -> None:
    with cron_stack() as stack:
        stack.start()
        look = "select name, is_in_cron from public.get_jobs() order by name"
        with psycopg.connect(stack.database_url, autocommit=True) as service:
            names = [name for (name,) in service.execute("select name from private.jobs order by name").fetchall()]
            assert names
            service.execute("set role service_role")
            assert service.execute(look).fetchall() == [(name, False) for name in names]
            create_cron(stack)
            assert service.execute(look).fetchall() == [(name, True) for name in names]
            service.execute("reset role")
            assert service.execute(CRON_JOBS).fetchall() == service.execute(JOBS).fetchall()


def test_pg_cron_really_runs_a_job(owner: Connection, minutely: str) -> None:
    deadline = time.monotonic() + A_RUN_IS_DUE_S
    while not (runs := owner.execute("select is_successful, result from job_runs where job = 'minutely'").fetchall()):
        details = "select status, return_message from cron.job_run_details where command like '%minutely%'"
        assert time.monotonic() < deadline, owner.execute(details).fetchall()
        time.sleep(0.5)
    [(is_successful, result), *_] = runs
    assert (is_successful, str(result).split()[0]) == (True, "postgres")
