"""Databases of older releases, upgraded by `supabase db push`."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fluxio_local import paths
from fluxio_local.bootstrap import run_sql_files
from fluxio_local.stack import Stack
from support import needs
from support.stacks import throwaway_stack
from support.upgrade_dump import DUMPS, restore_database

from .rules import REWRITTEN

RELEASES = sorted(DUMPS.glob("fluxio-*.sql.gz"))

#: Columns by table, as the release had them.
Columns = Mapping[str, list[str]]
#: Rows by table, as text, and how often each is there.
Rows = Mapping[str, Counter[str]]


@contextmanager
def restored(dump: bytes, pg_bin: Path | None) -> Iterator[Stack]:
    """A PostgreSQL with the roles and `dump` in it; nothing else is started."""
    with throwaway_stack(pg_bin=pg_bin) as stack:
        stack.start_postgres()
        run_sql_files(paths.BOOTSTRAP, stack.admin_database_url, only="10_roles.sql")
        # The dumps are PostgreSQL 18's, whose sessions have one setting more than those of 15 and 16.
        restore_database(stack, dump.replace(b"\nSET transaction_timeout = 0;\n", b"\n"))
        yield stack


def columns_of(connection: psycopg.Connection[tuple[Any, ...]]) -> Columns:
    """Every table of ours and of Auth, a partitioned one as a whole, and its columns that an upgrade leaves alone."""
    found = connection.execute(
        "select oid::regclass::text, array_agg(attname::text order by attnum)"
        " from pg_class inner join pg_attribute on attrelid = oid"
        " where relkind in ('r', 'p') and not relispartition and attnum > 0 and not attisdropped"
        " and relnamespace::regnamespace::text in ('public', 'private', 'auth')"
        " group by oid"
    )
    return {table: [name for name in names if name not in REWRITTEN.get(table, {})] for table, names in found}


def rows_of(connection: psycopg.Connection[tuple[Any, ...]], columns: Columns) -> Rows:
    """Every row of the tables, as far as `columns` go."""
    return {
        table: Counter(
            text for (text,) in connection.execute(f"select row({', '.join(names)})::text from {table}".encode())
        )
        for table, names in columns.items()
    }


@dataclass(frozen=True)
class Upgrade:
    """A stack that began as an older release, and the rows it began with."""

    stack: Stack
    columns: Columns
    before: Rows
    pg_bin: Path | None


@pytest.fixture(scope="module", params=["wheel", "debian15"])
def pg_bin(request: pytest.FixtureRequest) -> Path | None:
    """The PostgreSQL to upgrade on: 18 and 15."""
    return needs.postgres_15() if request.param == "debian15" else None


@pytest.fixture(scope="module", params=RELEASES, ids=lambda file: file.name.removesuffix(".sql.gz"))
def upgrade(request: pytest.FixtureRequest, pg_bin: Path | None) -> Iterator[Upgrade]:
    """Each release's populated database after the upgrade."""
    with restored(gzip.decompress(request.param.read_bytes()), pg_bin) as stack:
        with psycopg.connect(stack.admin_database_url) as connection:
            columns = columns_of(connection)
            before = rows_of(connection, columns)
        stack.start()
        yield Upgrade(stack, columns, before, pg_bin)


@pytest.fixture(scope="module")
def fresh(pg_bin: Path | None) -> Iterator[Stack]:
    """A new installation on the same PostgreSQL, with its first partitions."""
    with throwaway_stack(pg_bin=pg_bin) as stack:
        stack.start()
        with psycopg.connect(stack.database_url, autocommit=True) as connection:
            connection.execute("select private.create_flow_data_months(now(), now())")
        yield stack
