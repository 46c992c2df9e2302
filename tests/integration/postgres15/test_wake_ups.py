"""pg_cron really wakes a job. The last file of its folder, so that the minute passes while other tests run."""

from __future__ import annotations

import time

import psycopg

#: pg_cron starts a job at the turn of the minute.
A_RUN_IS_DUE_S = 90


def test_a_job_runs_as_its_owner_and_is_recorded(owner: psycopg.Connection[tuple[object, ...]], minutely: str) -> None:
    deadline = time.monotonic() + A_RUN_IS_DUE_S
    recorded = "select is_successful, result from public.job_runs where job = %s"
    while not (runs := owner.execute(recorded, [minutely]).fetchall()):
        details = "select status, return_message from cron.job_run_details where command like '%minutely%'"
        assert time.monotonic() < deadline, owner.execute(details).fetchall()
        time.sleep(0.5)
    [(is_successful, result), *_] = runs
    assert (is_successful, str(result).split()[0]) == (True, "postgres")
