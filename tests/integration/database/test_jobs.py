"""A job runs once at a time, whoever wakes it, and a run that was cut off leaves the way free."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
import pytest

from .conftest import Client, Database

RUN: LiteralString = "select private.run_job('probe')"
RECORDED: LiteralString = "select is_successful, result from public.job_runs where job = 'probe' order by id"


@pytest.fixture
def runners(database: Database) -> Iterator[tuple[Client, Client]]:
    """Two schedulers, and the job `probe`, with no run yet."""
    owner = database.owner
    owner.execute(
        "create function private.job_probe(as_of timestamptz) returns text language sql volatile as $$ select 'ran' $$"
    )
    owner.execute("insert into private.jobs (name, schedule, max_silence) values ('probe', '0 0 1 1 *', '1 hour')")
    clients = database.client(), database.client()
    yield clients
    # What a test left open goes first: it may hold the job.
    for client in clients:
        client.connection.close()
    owner.execute("delete from private.jobs where name = 'probe'")
    owner.execute("delete from public.job_runs where job = 'probe'")
    owner.execute("drop function private.job_probe(timestamptz)")


def answers(client: Client) -> list[tuple[Any, ...]]:
    return client.connection.execute(RUN).fetchall()


def test_a_second_runner_leaves_it_to_the_first(database: Database, runners: tuple[Client, Client]) -> None:
    first, second = runners
    with first.connection.transaction():
        assert answers(first) == [("ran",)]
        assert answers(second) == [("runs already",)]
    assert database.rows(RECORDED) == [(True, "ran")]
    assert answers(second) == [("ran",)]


def test_other_jobs_do_not_wait_for_it(database: Database, runners: tuple[Client, Client]) -> None:
    first, second = runners
    with first.connection.transaction():
        answers(first)
        other = second.connection.execute("select private.run_job('partitions')").fetchall()
    assert other != [("runs already",)]


def test_of_many_at_once_each_ran_or_said_so(database: Database, runners: tuple[Client, Client]) -> None:
    found = database.at_once([lambda client: answers(client)[0][0]] * 8)
    assert set(found) <= {"ran", "runs already"}
    assert found.count("ran") == len(database.rows(RECORDED)) >= 1


def test_a_run_that_was_cut_off_is_not_recorded_and_blocks_nobody(
    database: Database, runners: tuple[Client, Client]
) -> None:
    first, second = runners
    first.connection.execute("begin")
    answers(first)
    database.rows("select pg_terminate_backend(%s)", first.connection.info.backend_pid)
    with pytest.raises(psycopg.OperationalError):
        first.connection.execute("commit")
    # The server ends the session by itself, a moment after it was told.
    second.connection.execute("select pg_advisory_xact_lock(hashtextextended('private.run_job probe', 0))")
    assert answers(second) == [("ran",)]
    assert database.rows(RECORDED) == [(True, "ran")]
