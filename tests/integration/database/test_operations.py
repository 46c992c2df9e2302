"""The runbook's scripts run as they are documented, on a database with something in it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from fluxio_local.stack import Stack
from support.stacks import throwaway_stack
from support.upgrade_dump import populate

SCRIPTS = Path(__file__).parents[3] / "sql" / "operations"

#: What each script is called with; one that is not listed takes nothing.
VARIABLES = {
    "health.sql": {"hours": "24"},
    "bloat.sql": {"top": "20"},
    "slow_queries.sql": {"top": "20"},
    "backfill_rollups.sql": {"oldest": "2026-10-01", "newest": "2026-11-01"},
    "replay_dead_letters.sql": {"reason": "unknown_device", "since": "2026-01-01", "time_offset": "0", "most": "1000"},
    "rotate_key.sql": {"key_prefix": "00000000", "overlap": "7 days"},
}


@pytest.fixture(scope="module")
def populated() -> Iterator[Stack]:
    with throwaway_stack() as stack:
        stack.start(include_seed=True)
        populate(stack)
        yield stack


def run(stack: Stack, script: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The script as `postgres`, who is no superuser."""
    options = [f"--set={name}={value}" for name, value in variables.items()]
    return subprocess.run(
        [stack.postgres.bin / "psql", "--no-psqlrc", *options, "--file", script, stack.database_url],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
    )


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.sql")), ids=lambda file: file.name)
def test_it_runs_as_documented(populated: Stack, script: Path) -> None:
    done = run(populated, script, **VARIABLES.get(script.name, {}))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "row" in done.stdout


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.sql")), ids=lambda file: file.name)
def test_it_says_how_to_call_it(script: Path) -> None:
    header = script.read_text().partition("*/")[0]
    assert f"-f sql/operations/{script.name}" in header
    told = set(re.findall(r"-v (\w+)=", header))
    assert told == set(VARIABLES.get(script.name, {}))
    assert re.search(r"Read-only|Writes", header)


def test_a_rotated_key_is_shown_and_the_old_one_ends(populated: Stack) -> None:
    with psycopg.connect(populated.admin_database_url) as connection:
        row = connection.execute("select key_prefix from public.create_api_key('rotate me')").fetchone()
    assert row is not None
    done = run(populated, SCRIPTS / "rotate_key.sql", key_prefix=row[0], overlap="1 hour")
    assert re.search(r"flx_[0-9a-f]{8}_[0-9a-f]{64}", done.stdout)
    with psycopg.connect(populated.admin_database_url) as connection:
        ends = connection.execute(
            "select expires_at <= now() + interval '1 hour' from public.api_keys where key_prefix = %s", row
        ).fetchone()
    assert ends == (True,)


def test_a_dead_letter_becomes_a_reading_once_its_device_is_known(populated: Stack) -> None:
    with psycopg.connect(populated.admin_database_url, autocommit=True) as connection:
        connection.execute("insert into public.devices (device_id) values ('UNKNOWN')")
        done = run(populated, SCRIPTS / "replay_dead_letters.sql", **VARIABLES["replay_dead_letters.sql"])
        assert re.search(r"new\s*\|\s*\|\s*1", done.stdout), done.stdout + done.stderr
        assert connection.execute("select count(*) from public.flow_data where device_id = 'UNKNOWN'").fetchone() == (
            1,
        )


def test_restore_check_finds_what_does_not_agree(populated: Stack) -> None:
    with psycopg.connect(populated.admin_database_url, autocommit=True) as connection:
        connection.execute("update public.latest_readings set created_at = created_at - interval '1 day'")
        try:
            done = run(populated, SCRIPTS / "restore_check.sql")
        finally:
            connection.execute("update public.latest_readings set created_at = created_at + interval '1 day'")
    assert done.returncode != 0
    assert "does not agree with itself" in done.stderr
    assert run(populated, SCRIPTS / "restore_check.sql").returncode == 0
