"""`supabase db push` from every release's populated database: nothing is lost, and the schema is the fresh one."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from fluxio_local import paths
from fluxio_local.bootstrap import run_sql_files
from fluxio_local.stack import Stack
from support.stacks import throwaway_stack
from support.upgrade_dump import dump_database, restore_database

DUMPS = sorted(Path(__file__).parent.glob("fluxio-*.sql.gz"))

COUNTED = (
    "flow_data",
    "latest_readings",
    "alerts",
    "ingest_dead_letters",
    "devices",
    "users",
    "organizations",
    "audit_logs",
)


@contextmanager
def restored(dump: bytes) -> Iterator[Stack]:
    """A PostgreSQL with the roles and `dump` in it; nothing else is started."""
    with throwaway_stack() as stack:
        stack.start_postgres()
        run_sql_files(paths.BOOTSTRAP, stack.admin_database_url, only="10_roles.sql")
        restore_database(stack, dump)
        yield stack


def counts(stack: Stack) -> dict[str, int]:
    with psycopg.connect(stack.admin_database_url) as connection:
        found = {}
        for table in COUNTED:
            row = connection.execute(f"select count(*) from public.{table}").fetchone()
            assert row is not None
            found[table] = int(row[0])
    return found


def hours_without_rollup(stack: Stack) -> list[tuple[object, ...]]:
    """Hours with readings that the rollups do not know of."""
    with psycopg.connect(stack.admin_database_url) as connection:
        return connection.execute(
            "select device_id, private.utc_hour(created_at) from public.flow_data"
            " except select device_id, hour from public.flow_data_hourly"
        ).fetchall()


def schema_of(stack: Stack) -> list[str]:
    """The product's schemas as pg_dump says them, without the partitions, which depend on the data."""
    text = dump_database(stack, "--schema-only", "--schema=public", "--schema=private").decode()
    blocks = re.split(r"\n(?=--\n-- Name: )", re.sub(r"(?m)^\\(un)?restrict .*$", "", text))
    return sorted(block.strip() for block in blocks if not re.search(r"flow_data_\d{4}_\d\d", block))


def test_there_is_a_dump_to_upgrade_from() -> None:
    assert DUMPS


@pytest.mark.parametrize("dump", DUMPS, ids=lambda file: file.stem)
def test_an_older_database_becomes_the_fresh_one_and_keeps_its_rows(dump: Path, stack: Stack) -> None:
    with restored(gzip.decompress(dump.read_bytes())) as old:
        before = counts(old)
        assert all(before.values()), before

        old.start()

        assert counts(old) == before
        assert hours_without_rollup(old) == []
        # A restored view or trigger is worded anew, so the fresh schema takes the same road.
        with restored(dump_database(stack, "--schema-only")) as fresh:
            assert schema_of(old) == schema_of(fresh)
        assert old.gateway.is_ready()
