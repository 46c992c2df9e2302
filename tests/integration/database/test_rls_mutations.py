"""The tests of row security fail when row security is broken; `make mutate-rls` runs this file.

A test that passes with a policy set to `true` proves nothing. So each policy of each table is loosened, dropped and
doubled in turn, each right that is nobody's is granted, and row security is turned off. The pgTAP file that claims to
watch the table must notice, be it by reading the catalog. The matrix of every caller, table and verb must notice too,
wherever somebody can then do something else: it tries what they can do.

Every change is taken back with its own transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from support.row_security import (
    Connection,
    Kind,
    doubled,
    dropped,
    granted,
    granted_by_column,
    loosened,
    loosened_by_one,
    rows,
    turned_off,
)
from support.stacks import throwaway_stack

PGTAP = Path(__file__).parents[3] / "supabase" / "tests"

MATRIX = "test_27_rls_matrix.sql"
COLUMNS = "test_28_column_grants.sql"

#: Which file watches which table.
WATCHED_BY = {
    "organizations": "test_20_rls_organizations.sql",
    "sites": "test_20_rls_organizations.sql",
    "users": "test_21_rls_users.sql",
    "invitations": "test_26_rls_invitations.sql",
    "gateways": "test_22_rls_devices.sql",
    "devices": "test_22_rls_devices.sql",
    "api_keys": "test_23_rls_api_keys.sql",
    "audit_logs": "test_23_rls_api_keys.sql",
    "alert_rules": "test_24_rls_alert_rules.sql",
    "alerts": "test_25_rls_alerts.sql",
    "flow_data": "test_30_flow_data.sql",
    "flow_data_hourly": "test_42_rollup_access.sql",
    "flow_data_daily": "test_42_rollup_access.sql",
    "statements": "test_80_statements.sql",
    "latest_readings": "test_30_flow_data.sql",
    "ingest_dead_letters": "test_38_dead_letters.sql",
    "register_profiles": "test_47_register_profiles.sql",
    "register_profile_registers": "test_47_register_profiles.sql",
    "register_profile_status": "test_47_register_profiles.sql",
    "device_aliases": "test_48_device_aliases.sql",
    "job_runs": "test_50_jobs.sql",
    "notification_outbox": "test_60_notification_outbox.sql",
    "notification_channels": "test_67_notification_channels.sql",
    "notification_attempts": "test_67_notification_channels.sql",
}


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    """As `postgres`, who owns the tables, with the schema `tests` made and no rows of other tests."""
    with throwaway_stack() as stack:
        stack.start()
        with psycopg.connect(stack.database_url, autocommit=True) as connection:
            connection.execute((PGTAP / "test_00_helpers.sql").read_bytes())
            yield connection


def without_begin(file: str) -> str:
    """A pgTAP file to be run in a transaction that is open already."""
    head, begin, rest = (PGTAP / file).read_text().partition("\nbegin;\n")
    assert begin, f"{file} does not begin with a transaction"
    return head + "\n" + rest


def failures(connection: Connection, file: str, change: str = "") -> list[str]:
    """The failed claims of a pgTAP file on a database changed so; an error counts as one."""
    failed: list[str] = []
    connection.execute("begin")
    try:
        if change:
            connection.execute(change.encode())
        cursor = connection.execute(without_begin(file).encode())
        more: bool | None = True
        while more:
            if cursor.description:
                failed += [str(row[0]) for row in cursor.fetchall() if str(row[0]).startswith("not ok")]
            more = cursor.nextset()
    except psycopg.Error as error:
        if not failed and connection.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
            failed.append(str(error))
    finally:
        connection.execute("rollback")
    return failed


def test_every_table_is_watched(connection: Connection) -> None:
    tables = rows(
        connection,
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')",
    )
    assert {str(name) for (name,) in tables} == set(WATCHED_BY)


@pytest.mark.parametrize("file", sorted({*WATCHED_BY.values(), MATRIX, COLUMNS}))
def test_an_unchanged_database_fails_nothing(connection: Connection, file: str) -> None:
    assert failures(connection, file) == []


def named(kind: Kind) -> str:
    return kind.__name__


@pytest.mark.parametrize(("table", "file"), WATCHED_BY.items())
@pytest.mark.parametrize("kind", [loosened, dropped, doubled, turned_off], ids=named)
def test_its_file_notices(connection: Connection, kind: Kind, table: str, file: str) -> None:
    changes = kind(connection, table)
    assert changes, "nothing to break"
    assert [each.name for each in changes if not failures(connection, file, each.change)] == []


@pytest.mark.parametrize(("table", "file"), WATCHED_BY.items())
def test_its_file_notices_a_grant_of_the_whole_table(connection: Connection, table: str, file: str) -> None:
    # What nobody held of any column is for the matrix, which meets all of those.
    changes = [each for each in granted(connection, table) if not each.is_open]
    assert [each.name for each in changes if not failures(connection, file, each.change)] == []


@pytest.mark.parametrize("table", WATCHED_BY)
def test_a_grant_of_one_column_more_is_noticed(connection: Connection, table: str) -> None:
    changes = granted_by_column(connection, table)
    assert [each.name for each in changes if not failures(connection, COLUMNS, each.change)] == []


class Matrix:
    """The matrix's rows and expectations, made once in a transaction that stays open."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        setup, marker, _ = without_begin(MATRIX).partition("\n-- What is claimed ")
        assert marker, f"{MATRIX} does not say where its claims begin"
        connection.execute("begin")
        connection.execute(setup.encode())

    def surprises(self, relation: str, change: str = "") -> list[tuple[object, ...]]:
        """Who can do what to a relation that they should not, or not what they should, on a database changed so."""
        self.connection.execute("savepoint unchanged")
        try:
            if change:
                self.connection.execute(change.encode())
            return rows(
                self.connection,
                "select caller, verb, expected, outcome from pg_temp.tried(%s) where outcome is distinct from expected",
                relation,
            )
        finally:
            self.connection.execute("rollback to unchanged")


@pytest.fixture(scope="class")
def matrix(connection: Connection) -> Iterator[Matrix]:
    yield Matrix(connection)
    connection.execute("rollback")


class TestMatrix:
    """Together, so that the transaction ends with them."""

    @pytest.mark.parametrize("table", WATCHED_BY)
    @pytest.mark.parametrize("kind", [loosened, loosened_by_one, dropped, doubled, granted, turned_off], ids=named)
    def test_the_matrix_notices(self, connection: Connection, matrix: Matrix, kind: Kind, table: str) -> None:
        assert matrix.surprises(table) == []
        changes = [each for each in kind(connection, table) if each.is_open]
        assert [each.name for each in changes if not matrix.surprises(table, each.change)] == []

    @pytest.mark.parametrize(
        "change",
        ["alter view public.{view} set (security_invoker = false)", "grant select on public.{view} to anon"],
        ids=["as-its-owner", "anon-granted"],
    )
    def test_the_matrix_notices_a_view(self, connection: Connection, matrix: Matrix, change: str) -> None:
        views = rows(
            connection,
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'v'"
            " and not exists (select from pg_depend where objid = pg_class.oid and deptype = 'e')",
        )
        assert views
        assert [view for (view,) in views if not matrix.surprises(str(view), change.format(view=view))] == []
