"""The scheduler as a process, on a stack of its own: its jobs judge everything that is there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from fluxio_local.stack import Stack
from support.api_server import api_env
from support.stacks import throwaway_stack

_PATIENCE_S = 40


@pytest.fixture(scope="module")
def own_stack() -> Iterator[Stack]:
    with throwaway_stack() as stack:
        stack.start()
        yield stack


@contextmanager
def scheduler(stack: Stack, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "fluxio_api", "scheduler"],
            env=api_env(stack), stdout=file, stderr=file,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def job(stack: Stack, name: LiteralString, body: LiteralString) -> Iterator[None]:
    """Within, there is one job more."""
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute(
            f"create function private.job_{name}(as_of timestamptz) returns text language sql as $$ {body} $$"
        )
        connection.execute(
            "insert into private.jobs (name, schedule, max_silence) values (%s, '* * * * *', '1 hour')", [name]
        )
        try:
            yield
        finally:
            connection.execute("delete from private.jobs where name = %s", [name])
            connection.execute(f"drop function private.job_{name}")


def until(true: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


def runs(stack: Stack) -> list[tuple[str, bool]]:
    with psycopg.connect(stack.database_url) as connection:
        return connection.execute("select job, is_successful from public.job_runs order by job, id").fetchall()


def test_it_wakes_every_job_goes_through_an_outage_and_ends_in_good_order(own_stack: Stack, tmp_path: Path) -> None:
    with psycopg.connect(own_stack.database_url) as connection:
        jobs = connection.execute("select name, true from private.jobs order by name").fetchall()
    assert len(jobs) >= 7
    log = tmp_path / "scheduler.log"
    with scheduler(own_stack, log) as process:
        until(lambda: runs(own_stack) == jobs, log)

        own_stack.stop_postgres("immediate")
        time.sleep(1)
        own_stack.start_postgres()
        with job(own_stack, "late", "select 'done'"):
            until(lambda: ("late", True) in runs(own_stack), log)

        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=_PATIENCE_S) == 0
    text = log.read_text()
    assert "scheduler stopped" in text
    assert "Traceback" not in text
    for secret in (own_stack.service_role_key, own_stack.anon_key):
        assert secret not in text


def test_a_failing_job_is_recorded_said_once_and_keeps_nobody(own_stack: Stack, tmp_path: Path) -> None:
    with psycopg.connect(own_stack.database_url, autocommit=True) as connection:
        connection.execute("delete from public.job_runs")
    log = tmp_path / "scheduler.log"
    with job(own_stack, "broken", "select (1 / 0)::text"), scheduler(own_stack, log):
        until(lambda: ("broken", False) in runs(own_stack), log)
        until(lambda: ("alert_clock", True) in runs(own_stack), log)
        until(lambda: "job broken failed: 22012 division by zero" in log.read_text(), log)


def test_two_of_them_do_no_harm(own_stack: Stack, tmp_path: Path) -> None:
    with psycopg.connect(own_stack.database_url, autocommit=True) as connection:
        connection.execute("delete from public.job_runs")
    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    with scheduler(own_stack, logs[0]), scheduler(own_stack, logs[1]):
        until(lambda: all("scheduler started" in log.read_text() for log in logs), logs[0])
        until(lambda: {job for job, _ in runs(own_stack)} >= {"alert_clock", "retention", "rollups"}, logs[0])
    assert all(is_successful for _, is_successful in runs(own_stack))


def test_without_settings_it_says_which_are_missing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "fluxio_api", "scheduler"],
        env={"PATH": os.defpath}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "SUPABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr
