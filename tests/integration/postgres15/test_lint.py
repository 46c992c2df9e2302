"""plpgsql_check finds nothing in our functions: PL/pgSQL itself looks into a body only as far as a call goes."""

from __future__ import annotations

import json

import psycopg
import pytest

from fluxio_local.stack import Stack
from support import needs
from support.supabase_cli import supabase_db

#: The CLI leaves trigger functions out: they have to be checked with each of their tables.
TRIGGER_FINDINGS = """
select format('%s on %s, line %s: %s', trigger.tgfoid::regprocedure, trigger.tgrelid::regclass, found.lineno,
  concat_ws('; ', found.message, found.detail, found.hint))
from pg_catalog.pg_trigger as trigger
inner join pg_catalog.pg_proc as function on function.oid = trigger.tgfoid
inner join pg_catalog.pg_language as language on language.oid = function.prolang
cross join lateral extensions.plpgsql_check_function_tb(
  function.oid, trigger.tgrelid, oldtable => trigger.tgoldtable, newtable => trigger.tgnewtable,
  extra_warnings => true, performance_warnings => false, security_warnings => true
) as found
where language.lanname = 'plpgsql' and trigger.tgparentid = 0
and function.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
"""


@pytest.fixture(scope="module")
def linted(stack_with_cron: Stack) -> Stack:
    """A stack with plpgsql_check, and with pg_cron, whose tables a function of ours names."""
    needs.debian_extension("plpgsql_check", "postgresql-15-plpgsql-check")
    with psycopg.connect(stack_with_cron.admin_database_url, autocommit=True) as admin:
        admin.execute("create extension plpgsql_check with schema extensions")
    return stack_with_cron


def test_supabase_db_lint_warns_of_nothing(linted: Stack) -> None:
    done = supabase_db(
        linted.database_url, "lint", "--schema", "public,private", "--level", "warning", "--fail-on", "warning"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # It says so only if it looked: in both schemas.
    assert {"Linting schema: public", "Linting schema: private"} <= set(done.stderr.splitlines())
    assert json.loads(done.stdout or "[]") == []


def test_trigger_functions_are_as_clean(linted: Stack) -> None:
    with psycopg.connect(linted.admin_database_url) as admin:
        assert admin.execute(TRIGGER_FINDINGS).fetchall() == []


def test_a_fault_would_be_found(linted: Stack) -> None:
    with psycopg.connect(linted.admin_database_url) as admin:
        admin.execute(
            "create function private.tg_faulty() returns trigger language plpgsql as"
            " $$ begin perform old_rows.nothing from old_rows; return null; end; $$"
        )
        admin.execute(
            "create trigger faulty after update on public.sites referencing old table as old_rows"
            " for each statement execute function private.tg_faulty()"
        )
        [(finding,)] = admin.execute(TRIGGER_FINDINGS).fetchall()
        assert "old_rows.nothing does not exist" in finding
        admin.rollback()
