"""`supabase db push` from every release's populated database: nothing is lost, and it is as good as a fresh one."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
import pytest

from fluxio_local.stack import Stack
from support.supabase_cli import supabase_db
from support.upgrade_dump import dump_database

from .conftest import RELEASES, Upgrade, restored, rows_of
from .rules import GROWN, RULES

Connection = psycopg.Connection[tuple[Any, ...]]

#: Not in a fresh database, which has no demo data.
SEED_RECORD = "supabase_migrations.seed_files"


@pytest.fixture
def owner(upgrade: Upgrade) -> Iterator[Connection]:
    """The upgraded database as `postgres`; what a test does is taken back."""
    with psycopg.connect(upgrade.stack.database_url) as connection:
        yield connection
        connection.rollback()


def schema_of(stack: Stack) -> tuple[set[str], set[frozenset[str]]]:
    """All that pg_dump says of a database but rows: objects, owners, grants, comments, policies, publications.

    The partitions come apart, since how many there are depends on the data: what is said of each, of a month `MONTH`.
    """
    text = dump_database(stack, "--schema-only", f"--exclude-table={SEED_RECORD}").decode()
    # What stands between two blocks depends on the next one.
    text = re.sub(r"(?m)^(\\(un)?restrict|SET default_\w+) .*$", "", text)
    blocks: set[str] = set()
    months: defaultdict[str, set[str]] = defaultdict(set)
    for block in re.split(r"\n(?=--\n-- Name: )", text):
        if (name := re.search(r"flow_data_\d{4}_\d\d", block)) is None:
            blocks.add(block.strip())
            continue
        said = block.strip().replace(name[0], "MONTH").replace(f"of {name[0][-7:].replace('_', '-')} (", "of MONTH (")
        months[name[0]].add(re.sub(r"FROM \('\d{4}-\d\d-01 [^']+'\) TO \('\d{4}-\d\d-01 [^']+'\)", "BOUNDS", said))
    return blocks, {frozenset(said) for said in months.values()}


def role_settings_of(stack: Stack) -> list[tuple[Any, ...]]:
    """What pg_dump leaves to pg_dumpall: roles, their memberships and settings."""
    with psycopg.connect(stack.admin_database_url) as connection:
        return connection.execute(
            "select rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,"
            " rolbypassrls,"
            " array(select roleid::regrole::text from pg_auth_members where member = role.oid order by 1),"
            " array(select (setdatabase <> 0) || ' ' || setconfig::text from pg_db_role_setting"
            "  where setrole = role.oid order by 1)"
            " from pg_roles as role where rolname !~ '^pg_' order by rolname"
        ).fetchall()


def test_there_is_a_release_to_upgrade_from() -> None:
    assert RELEASES


def test_the_release_had_rows(upgrade: Upgrade) -> None:
    filled = {table for table, rows in upgrade.before.items() if rows}
    assert filled >= {
        "flow_data", "latest_readings", "alerts", "alert_rules", "ingest_dead_letters", "devices", "users",
        "auth.users", "organizations", "sites", "gateways", "api_keys", "audit_logs",
    }  # fmt: skip


def test_every_row_is_kept_as_it_was(upgrade: Upgrade) -> None:
    with psycopg.connect(upgrade.stack.admin_database_url) as admin:
        after = rows_of(admin, upgrade.columns)
    for table, rows in upgrade.before.items():
        assert rows - after[table] == {}, f"{table}: lost or changed; a column that is rewritten goes into REWRITTEN"
        if table not in GROWN:
            assert after[table] - rows == {}, f"{table}: rows that were not there; a table that grows goes into GROWN"


def test_the_schema_is_the_fresh_one(upgrade: Upgrade, fresh: Stack) -> None:
    # A restored view or trigger is worded anew, so the fresh schema takes the same road.
    with restored(dump_database(fresh, "--schema-only"), upgrade.pg_bin) as fresh_restored:
        expected, expected_month = schema_of(fresh_restored)
    found, months = schema_of(upgrade.stack)
    assert found - expected == set()
    assert expected - found == set()
    assert months == expected_month
    assert len(months) == 1, "partitions differ from each other"
    assert role_settings_of(upgrade.stack) == role_settings_of(fresh)


def test_the_comparison_sees_what_matters(fresh: Stack) -> None:
    blocks, [month] = schema_of(fresh)
    for kind in ("ACL", "COMMENT", "POLICY", "ROW SECURITY", "FUNCTION", "TRIGGER", "PUBLICATION TABLE", "DEFAULT ACL"):
        assert any(f"; Type: {kind};" in block for block in blocks), kind
    for kind in ("ROW SECURITY", "TABLE ATTACH", "INDEX ATTACH", "COMMENT"):
        assert any(f"; Type: {kind};" in block for block in month), kind


@pytest.mark.parametrize("rule", RULES)
def test_its_data_obey_the_rules(owner: Connection, rule: str) -> None:
    assert owner.execute(RULES[rule]).fetchall() == []


def test_every_counter_is_ahead_of_its_column(owner: Connection) -> None:
    counters = owner.execute(
        "select attrelid::regclass::text, attname, pg_get_serial_sequence(attrelid::regclass::text, attname)"
        " from pg_attribute inner join pg_class on pg_class.oid = attrelid"
        " where attidentity <> '' and relnamespace::regnamespace::text in ('public', 'private') and not relispartition"
    ).fetchall()
    assert counters
    for table, column, sequence in counters:
        given = f"(select case when is_called then last_value else 0 end from {sequence})"
        query = f"select coalesce(max({column}), 0) <= {given} from {table}"
        assert owner.execute(query.encode()).fetchall() == [(True,)], table


def test_an_old_reading_sent_again_is_a_duplicate_and_a_new_one_is_taken(owner: Connection) -> None:
    # However old the dump is when this runs.
    owner.execute("update private.settings set raw_retention = interval '100 years'")
    device, created_at, flow_rate, totalizer = owner.execute(
        "select device_id, created_at, flow_rate, totalizer from public.flow_data"
        " where device_id = 'SOUTH_01' order by created_at limit 1"
    ).fetchall()[0]
    # The newest: the others of its name were rotated out.
    [(key,)] = owner.execute(
        "select id from public.api_keys where name = 'south'"
        " order by created_at desc, expires_at desc nulls first limit 1"
    ).fetchall()
    now = datetime.now(UTC)
    readings = [
        {"device_id": device, "created_at": at.isoformat(), "received_at": now.isoformat(), "api_key_id": str(key),
         "flow_rate": flow_rate, "totalizer": totalizer}
        for at in (created_at, now)
    ]  # fmt: skip
    owner.execute("set local role service_role")
    verdicts = owner.execute(
        "select verdict from public.ingest_readings(%s) order by index", [json.dumps(readings)]
    ).fetchall()
    assert verdicts == [("duplicate",), ("new",)]
    latest: LiteralString = "select created_at from public.latest_readings where device_id = %s"
    assert owner.execute(latest, [device]).fetchall() == [(now,)]


def test_every_job_runs_on_its_data(owner: Connection) -> None:
    # At the time the release was last in use.
    outcomes = owner.execute(
        "select name, private.run_job(name, (select max(received_at) + interval '1 hour' from public.flow_data))"
        " from private.jobs"
    ).fetchall()
    assert outcomes
    assert [outcome for outcome in outcomes if outcome[1].startswith("failed")] == []
    for rule, query in RULES.items():
        assert owner.execute(query).fetchall() == [], f"after the jobs: {rule}"


def test_pushing_again_changes_nothing(upgrade: Upgrade) -> None:
    before = dump_database(upgrade.stack)
    done = supabase_db(upgrade.stack.database_url, "push", "--yes")
    assert "Remote database is up to date" in done.stdout, done.stderr
    restrict = rb"(?m)^\\(un)?restrict .*$"
    assert re.sub(restrict, b"", dump_database(upgrade.stack)) == re.sub(restrict, b"", before)


def test_the_gateway_serves_it(upgrade: Upgrade) -> None:
    assert upgrade.stack.gateway.is_ready()
