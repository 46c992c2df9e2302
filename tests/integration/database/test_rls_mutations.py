"""The tests of row security fail when row security is broken.

A test that passes with a policy set to `true` proves nothing. So each policy of each table is opened in turn, row
security is turned off, a policy and grants are added, and the pgTAP files that claim to watch that table must
notice. Every change is taken back with the file's own transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from support.stacks import throwaway_stack

PGTAP = Path(__file__).parents[3] / "supabase" / "tests"

#: Which file watches which table.
WATCHED_BY = {
    "organizations": "test_20_rls_organizations.sql",
    "sites": "test_20_rls_organizations.sql",
    "users": "test_21_rls_users.sql",
    "gateways": "test_22_rls_devices.sql",
    "devices": "test_22_rls_devices.sql",
    "api_keys": "test_23_rls_api_keys.sql",
    "audit_logs": "test_23_rls_api_keys.sql",
    "alert_rules": "test_24_rls_alert_rules.sql",
    "alerts": "test_25_rls_alerts.sql",
    "flow_data": "test_30_flow_data.sql",
    "flow_data_hourly": "test_42_rollup_access.sql",
    "flow_data_daily": "test_42_rollup_access.sql",
    "latest_readings": "test_30_flow_data.sql",
    "ingest_dead_letters": "test_38_dead_letters.sql",
    "job_runs": "test_50_jobs.sql",
}

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    """As `postgres`, who owns the tables, with the schema `tests` made and no rows of other tests."""
    with throwaway_stack() as stack:
        stack.start()
        with psycopg.connect(stack.database_url, autocommit=True) as connection:
            connection.execute((PGTAP / "test_00_helpers.sql").read_bytes())
            yield connection


def failures(connection: Connection, file: str, change: str = "") -> list[str]:
    """The failed claims of a pgTAP file on a database changed so; an error counts as one."""
    text = (PGTAP / file).read_text()
    head, begin, rest = text.partition("\nbegin;\n")
    assert begin, f"{file} does not begin with a transaction"
    failed: list[str] = []
    connection.execute("begin")
    try:
        if change:
            connection.execute(change.encode())
        cursor = connection.execute((head + rest).encode())
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


def opened(connection: Connection, table: str) -> dict[str, str]:
    """Statements that each open one policy of a table to everybody, by the policy's name."""
    found = connection.execute(
        "select policyname, cmd from pg_policies where schemaname = 'public' and tablename = %s", [table]
    ).fetchall()
    clauses = {
        "SELECT": "using (true)",
        "DELETE": "using (true)",
        "INSERT": "with check (true)",
        "UPDATE": "using (true) with check (true)",
    }
    return {str(name): f"alter policy {name} on public.{table} {clauses[str(command)]}" for name, command in found}


def test_every_table_is_watched(connection: Connection) -> None:
    tables = connection.execute(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
    ).fetchall()
    assert {str(name) for (name,) in tables} == set(WATCHED_BY)


@pytest.mark.parametrize("file", sorted(set(WATCHED_BY.values())))
def test_an_unchanged_database_fails_nothing(connection: Connection, file: str) -> None:
    assert failures(connection, file) == []


@pytest.mark.parametrize(("table", "file"), WATCHED_BY.items())
def test_an_open_policy_is_noticed(connection: Connection, table: str, file: str) -> None:
    changes = opened(connection, table)
    assert changes, "no policy to open"
    unnoticed = [name for name, change in changes.items() if not failures(connection, file, change)]
    assert unnoticed == []


@pytest.mark.parametrize(("table", "file"), WATCHED_BY.items())
@pytest.mark.parametrize(
    "change",
    [
        "alter table public.{table} disable row level security",
        "create policy intruder on public.{table} for select to authenticated using (true)",
        "grant all on table public.{table} to anon",
        "grant insert, update, delete on table public.{table} to authenticated",
    ],
    ids=["row-security-off", "second-policy", "anon-granted", "people-granted"],
)
def test_a_hole_is_noticed(connection: Connection, table: str, file: str, change: str) -> None:
    assert failures(connection, file, change.format(table=table)) != []
