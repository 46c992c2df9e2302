"""A dump taken as docs/operations.md says becomes, in an empty database, the same system again."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from fluxio_local import paths
from fluxio_local.bootstrap import run_sql_files
from fluxio_local.stack import Stack
from support.stacks import throwaway_stack
from support.upgrade_dump import populate

ROOT = Path(__file__).parents[3]
#: Lines of pages' ```sh blocks that the tests run as they stand.
COMMANDS = re.findall(r"(?m)^(?:pg_dump|psql) .*$", (ROOT / "docs" / "operations.md").read_text())
DUMP, RESTORE, CHECK = COMMANDS

TABLES = ("flow_data", "latest_readings", "devices", "alerts", "api_keys", "audit_logs", "ingest_dead_letters", "users")


def run(command: str, stack: Stack, folder: Path) -> subprocess.CompletedProcess[str]:
    """A documented line, in `folder`, on the database of `stack`."""
    line = command.replace('"$DATABASE_URL"', shlex.quote(stack.admin_database_url))
    line = line.replace("sql/operations", str(ROOT / "sql" / "operations"))
    path = f"{stack.postgres.bin}{os.pathsep}{os.defpath}"
    done = subprocess.run(
        ["sh", "-c", line], cwd=folder, capture_output=True, text=True, check=False,
        env={"PATH": path, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def sums(stack: Stack) -> dict[str, object]:
    """Of each table how many rows, and a checksum of them."""
    with psycopg.connect(stack.admin_database_url) as connection:
        return {
            table: connection.execute(
                f"select count(*), md5(string_agg(t::text, '' order by t::text)) from public.{table} as t".encode()
            ).fetchone()
            for table in TABLES
        }


@pytest.fixture(scope="module")
def original() -> Iterator[Stack]:
    with throwaway_stack() as stack:
        stack.start(include_seed=True)
        populate(stack)
        yield stack


@pytest.fixture(scope="module")
def restored(original: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, dict[str, object]]]:
    folder = tmp_path_factory.mktemp("backup")
    run(DUMP, original, folder)
    before = sums(original)
    with throwaway_stack() as stack:
        stack.start_postgres()
        run_sql_files(paths.BOOTSTRAP, stack.admin_database_url, only="10_roles.sql")
        run(RESTORE, stack, folder)
        assert sums(stack) == before
        stack.start()
        yield stack, before


def test_every_row_is_there_again(restored: tuple[Stack, dict[str, object]]) -> None:
    stack, before = restored
    assert sums(stack)["flow_data"] == before["flow_data"]


def test_it_agrees_with_itself(restored: tuple[Stack, dict[str, object]], tmp_path: Path) -> None:
    assert "For comparison" in run(CHECK, restored[0], tmp_path).stdout


def test_ingest_goes_on(restored: tuple[Stack, dict[str, object]]) -> None:
    with psycopg.connect(restored[0].admin_database_url) as connection:
        row = connection.execute(
            "select created_at, flow_rate from public.flow_data where device_id = 'NIVUS_03' and totalizer is not null"
            " order by created_at desc limit 1"
        ).fetchone()
        assert row is not None
        again = {"device_id": "NIVUS_03", "created_at": row[0].isoformat(), "flow_rate": row[1]}
        later = {"device_id": "NIVUS_03", "flow_rate": 7.5, "body_sha256": "11" * 32, "body_index": 0}
        answer = connection.execute("select public.ingest_readings(%s)", [json.dumps([again, later])]).fetchall()
    said = json.dumps([one[0] for one in answer], default=str)
    assert "duplicate" in said
    assert "new" in said
