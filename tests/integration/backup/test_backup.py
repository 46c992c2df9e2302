"""A dump taken as docs/operations.md says becomes, in an empty database, the same system again."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from fluxio_api.health import REQUIRED_SCHEMA
from fluxio_local import paths
from fluxio_local.bootstrap import run_sql_files
from fluxio_local.stack import Stack
from support.documents import run_with
from support.stacks import throwaway_stack
from support.suites import PGTAP, planned_claims, run_suite
from support.upgrade_dump import populate

ROOT = Path(__file__).parents[3]
#: The page's lines, which the tests run as they stand.
DUMP, RESTORE, CHECK = "".join(block.text for block in run_with("operations.md", "$DATABASE_URL")).splitlines()

#: Whatever rows there are in these; what the services make anew at their start (_realtime and the like) is no data.
SCHEMAS = ["public", "private", "auth", "supabase_migrations"]


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
        tables = connection.execute(
            "select oid::regclass::text from pg_class where relkind = 'r' and relnamespace = any(%s::regnamespace[])",
            [SCHEMAS],
        ).fetchall()
        return {
            table: connection.execute(
                f"select count(*), md5(string_agg(t::text, '' order by t::text)) from {table} as t".encode()
            ).fetchone()
            for (table,) in tables
        }


@contextmanager
def restored_from(original: Stack, folder: Path) -> Iterator[Stack]:
    """A database of its own, made of a dump of `original`; only PostgreSQL runs."""
    run(DUMP, original, folder)
    with throwaway_stack() as stack:
        stack.start_postgres()
        run_sql_files(paths.BOOTSTRAP, stack.admin_database_url, only="10_roles.sql")
        run(RESTORE, stack, folder)
        yield stack


@pytest.fixture(scope="module")
def original() -> Iterator[Stack]:
    with throwaway_stack() as stack:
        stack.start(include_seed=True)
        populate(stack)
        yield stack


@pytest.fixture(scope="module")
def restored(original: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with restored_from(original, tmp_path_factory.mktemp("backup")) as stack:
        yield stack


def test_every_row_is_there_again_also_once_it_runs(original: Stack, tmp_path: Path) -> None:
    before = sums(original)
    assert len(before) > 30
    with restored_from(original, tmp_path) as restored:
        assert sums(restored) == before
        restored.start()
        assert sums(restored) == before


def test_it_agrees_with_itself(restored: Stack, tmp_path: Path) -> None:
    assert "For comparison" in run(CHECK, restored, tmp_path).stdout


def test_ingest_goes_on(restored: Stack) -> None:
    restored.start()
    with psycopg.connect(restored.admin_database_url) as connection:
        assert connection.execute("select public.schema_version()").fetchone() == (REQUIRED_SCHEMA,)
        row = connection.execute(
            "select created_at, flow_rate from public.flow_data where device_id = 'NIVUS_03' and totalizer is not null"
            " order by created_at desc limit 1"
        ).fetchone()
        assert row is not None
        again = {"device_id": "NIVUS_03", "created_at": row[0].isoformat(), "flow_rate": row[1]}
        later = {"device_id": "NIVUS_03", "flow_rate": 7.5, "body_sha256": "11" * 32, "body_index": 0}
        verdicts = connection.execute(
            "select verdict from public.ingest_readings(%s) order by index", [json.dumps([again, later])]
        ).fetchall()
    assert verdicts == [("duplicate",), ("new",)]


def test_a_restored_database_passes_the_suite(tmp_path: Path) -> None:
    with throwaway_stack() as empty:
        empty.start()
        with restored_from(empty, tmp_path) as stack:
            stack.start()
            passed = run_suite(PGTAP, FLUXIO_TEST_ADMIN_DATABASE_URL=stack.database_url)
    assert passed.claims == planned_claims() > 0
