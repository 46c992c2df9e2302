"""`flask --app fluxio_api check-project` on a project that is whole, and on one with each thing missing."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from fluxio_api.project_check import Finding, Person, check_project
from fluxio_api.project_check.database import RELATIONS
from fluxio_api.settings import Settings
from fluxio_local.stack import Stack
from support.api_server import ApiServer, api_env, running_api
from support.stacks import throwaway_stack
from support.system import wait_until

EMAIL, PASSWORD = "check@example.com", "password-of-the-check-1"


@pytest.fixture(scope="module")
def project() -> Iterator[Stack]:
    """A project with an administrator, a gateway key and jobs that have run; what a test breaks, it mends."""
    with throwaway_stack() as stack:
        stack.start()
        for arguments in (["create-admin", EMAIL], ["create-key", "Gateway"]):
            done = flask(stack, *arguments, FLUXIO_NEW_PASSWORD=PASSWORD)
            assert done.returncode == 0, done.stderr
        with psycopg.connect(stack.database_url, autocommit=True) as db:
            db.execute("select private.run_job(jobs.name) from private.jobs")
        yield stack


@pytest.fixture(scope="module")
def api(project: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with running_api(project, tmp_path_factory.mktemp("api"), CORS_ORIGINS="https://flow.example.com") as server:
        yield server


def flask(stack: Stack, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "fluxio_api", *arguments],
        env=api_env(stack, **env), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def look(
    stack: Stack, *, api_url: str | None = None, page_url: str | None = None, person: Person | None = None, **env: str
) -> dict[str, Finding]:
    """The worst finding of each check."""
    values = {
        "SUPABASE_URL": stack.url,
        "SUPABASE_ANON_KEY": stack.anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_key,
    }
    settings = Settings.model_validate(values | env)
    ranks = ("ok", "unseen", "warn", "fail")
    worst: dict[str, Finding] = {}
    for finding in check_project(settings, api_url=api_url, page_url=page_url, person=person):
        known = worst.get(finding.check)
        if known is None or ranks.index(finding.state) > ranks.index(known.state):
            worst[finding.check] = finding
    return worst


@contextmanager
def changed(stack: Stack, change: str, back: str) -> Iterator[None]:
    """A change of the database for the time of the block."""
    with psycopg.connect(stack.admin_database_url, autocommit=True) as db:
        # Past the rules that keep people from it.
        db.execute("set session_replication_role = replica")
        db.execute(change)
        db.execute("notify pgrst, 'reload schema'")
        try:
            yield
        finally:
            db.execute(back)
            db.execute("notify pgrst, 'reload schema'")


def test_a_whole_project_passes_and_no_key_is_printed(project: Stack, api: ApiServer) -> None:
    arguments = ["check-project", "--api", api.url, "--page", api.url, "--email", EMAIL]
    done = flask(project, *arguments, FLUXIO_CHECK_PASSWORD=PASSWORD)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout
    as_json = flask(project, *arguments, "--json", FLUXIO_CHECK_PASSWORD=PASSWORD)
    report = json.loads(as_json.stdout)
    assert report["is_ready"] is True
    assert {finding["check"] for finding in report["findings"] if finding["state"] == "ok"} >= {
        "address", "clock", "anon key", "service key", "schema", "sign-up", "exposed schemas", "anonymous", "jobs",
        "administrator", "gateway key", "person", "realtime latest_readings", "realtime alerts", "API", "page policy",
        "page headers", "page config.json", "CORS",
    }  # fmt: skip
    for secret in (project.anon_key, project.service_role_key, PASSWORD, "eyJ"):
        assert secret not in done.stdout + done.stderr + as_json.stdout + as_json.stderr


def test_the_old_kind_of_keys_passes_too(project: Stack) -> None:
    found = look(project, SUPABASE_ANON_KEY=project.anon_jwt, SUPABASE_SERVICE_ROLE_KEY=project.service_role_jwt)
    assert [finding for finding in found.values() if finding.state == "fail"] == []


def test_every_table_and_view_is_asked_for(project: Stack) -> None:
    with psycopg.connect(project.database_url) as db:
        rows = db.execute(
            "select relname from pg_class"
            " where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm')"
        ).fetchall()
    assert sorted(name for (name,) in rows) == sorted(RELATIONS)


def test_an_address_where_nobody_answers_fails_and_asks_no_more(project: Stack) -> None:
    found = look(project, SUPABASE_URL="http://127.0.0.1:9")
    assert found["address"].state == "fail"
    assert found["project"].state == "unseen"
    assert "schema" not in found


def test_an_address_that_is_no_supabase_fails(project: Stack, api: ApiServer) -> None:
    assert look(project, SUPABASE_URL=api.url)["address"].state == "fail"


def test_swapped_keys_are_told_as_such(project: Stack) -> None:
    for anon, service in (
        (project.service_role_key, project.anon_key),
        (project.service_role_jwt, project.anon_jwt),
    ):
        done = flask(project, "check-project", SUPABASE_ANON_KEY=anon, SUPABASE_SERVICE_ROLE_KEY=service)
        # The settings say so before anybody is asked.
        assert done.returncode != 0
        assert "SUPABASE_SERVICE_ROLE_KEY is not the service role's key" in done.stdout + done.stderr
        assert anon not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("variable", "check"), [("SUPABASE_ANON_KEY", "anon key"), ("SUPABASE_SERVICE_ROLE_KEY", "service key")]
)
@pytest.mark.parametrize("key", ["sb_{}_wrong", "eyJhbGciOiJIUzI1NiJ9.e30.x", "not a key"])
def test_a_wrong_key_fails_and_is_not_printed(project: Stack, variable: str, check: str, key: str) -> None:
    key = key.format("publishable" if check == "anon key" else "secret")
    done = flask(project, "check-project", "--json", **{variable: key})
    assert done.returncode == 1, done.stderr
    assert key not in done.stdout + done.stderr
    states = {finding["check"]: finding["state"] for finding in json.loads(done.stdout)["findings"]}
    assert states[check] == "fail"
    assert states["project"] == "unseen"


def test_sign_up_that_is_on_fails(project: Stack) -> None:
    project.gateway.config["enable_signup"] = True
    project.restart_gateway()
    try:
        found = look(project)
    finally:
        del project.gateway.config["enable_signup"]
        project.restart_gateway()
    assert found["sign-up"].state == "fail"
    assert found["sign-up"].said == "anybody can make an account"


@pytest.mark.parametrize("table", ["latest_readings", "alerts"])
def test_a_table_that_is_not_published_fails(project: Stack, table: str) -> None:
    with changed(
        project,
        f"alter publication supabase_realtime drop table public.{table}",
        f"alter publication supabase_realtime add table public.{table}",
    ):
        found = look(project, person=Person(EMAIL, PASSWORD))
    assert {name for name in found if found[name].state == "fail"} == {f"realtime {table}"}
    assert f"add table public.{table}" in found[f"realtime {table}"].mend


def test_an_older_schema_fails(project: Stack) -> None:
    body = "create or replace function public.schema_version() returns text language sql immutable set search_path = ''"
    with psycopg.connect(project.database_url) as db:
        row = db.execute("select prosrc from pg_proc where proname = 'schema_version'").fetchone()
    assert row is not None
    with changed(project, f"{body} as $$ select '20260101000000' $$", f"{body} as $${row[0]}$$"):
        found = look(project)
    assert found["schema"].state == "fail"
    assert "20260101000000" in found["schema"].said
    assert "jobs" not in found


def test_no_schema_fails(project: Stack) -> None:
    rename = "alter function public.{} rename to {}"
    with changed(
        project, rename.format("schema_version()", "no_version"), rename.format("no_version()", "schema_version")
    ):
        # PostgREST hears of the change a moment later.
        gone = "there is no schema of FluxIO"
        wait_until("the change is known", lambda: look(project)["schema"].said == gone)
    wait_until("the function is known again", lambda: look(project)["schema"].state == "ok")


@pytest.mark.parametrize(("relation", "said"), [("organizations", "anybody reads"), ("statements", "anybody may ask")])
def test_what_anybody_may_read_fails(project: Stack, relation: str, said: str) -> None:
    off, on = "disable", "enable"
    with changed(
        project,
        f"grant select on public.{relation} to anon; alter table public.{relation} {off} row level security",
        f"revoke select on public.{relation} from anon; alter table public.{relation} {on} row level security",
    ):
        found = look(project)
    assert found["anonymous"].state == "fail"
    assert found["anonymous"].said == f"{said} {relation}" if "reads" in said else f"{said} for {relation}"


def test_an_exposed_schema_fails(project: Stack) -> None:
    project.gateway.config["schemas"].append("private")
    project.restart_gateway()
    try:
        found = look(project)
    finally:
        project.gateway.config["schemas"].remove("private")
        project.restart_gateway()
    assert found["exposed schemas"].said == "the Data API shows private"


def test_jobs_that_nobody_wakes_fail(project: Stack) -> None:
    older = "update public.job_runs set finished_at = finished_at {} interval '3 days'"
    with changed(project, older.format("-"), older.format("+")):
        found = look(project)
    assert found["jobs"].said == "nobody wakes them: silence raises no alert"
    assert "scheduler" in found["jobs"].mend


def test_one_job_that_failed_last_fails(project: Stack) -> None:
    spoil = "update public.job_runs set is_successful = {} where job = 'rollups'"
    with changed(project, spoil.format("false"), spoil.format("true")):
        assert look(project)["jobs"].said == "failed last: rollups"


def test_one_job_that_is_late_fails(project: Stack) -> None:
    late = "update public.job_runs set finished_at = finished_at {} interval '3 days' where job = 'alert_clock'"
    with changed(project, late.format("-"), late.format("+")):
        assert look(project)["jobs"].said == "have not run for too long: alert_clock"


def test_no_administrator_fails(project: Stack) -> None:
    with changed(
        project, "update public.users set is_active = false", "update public.users set is_active = true"
    ):  # fmt: skip
        assert look(project)["administrator"].state == "fail"


@pytest.mark.parametrize(
    ("ends", "state"), [("now() - interval '1 s'", "fail"), ("now() + interval '1 day'", "warn"), ("null", "ok")]
)
def test_a_gateway_key_that_ends_is_told(project: Stack, ends: str, state: str) -> None:
    with changed(
        project, f"update public.api_keys set expires_at = {ends}", "update public.api_keys set expires_at = null"
    ):
        assert look(project)["gateway key"].state == state


def test_a_revoked_gateway_key_is_none(project: Stack) -> None:
    with changed(
        project, "update public.api_keys set revoked_at = now()", "update public.api_keys set revoked_at = null"
    ):
        assert look(project)["gateway key"].state == "fail"
        shared = look(project, API_SECRET_KEY="shared-key-of-the-check-0123456789")
        assert shared["gateway key"].state == "warn"


def test_a_person_who_cannot_sign_in_fails(project: Stack) -> None:
    found = look(project, person=Person(EMAIL, "wrong"))
    assert found["person"].state == "fail"
    assert "wrong" not in repr(Person(EMAIL, "wrong"))


def test_an_api_that_is_away_or_something_else_fails(project: Stack) -> None:
    assert look(project, api_url="http://127.0.0.1:9")["API"].state == "fail"
    assert look(project, api_url=project.url)["API"].said == "/healthz answers 404"


def test_an_api_that_is_not_ready_fails(project: Stack, tmp_path: Path) -> None:
    with running_api(project, tmp_path, SUPABASE_URL="http://127.0.0.1:9") as server:
        found = look(project, api_url=server.url, page_url=server.url)
    assert found["API"].said == "is not ready: database unavailable"
    assert found["page config.json"].said == "leads to another Supabase"


def test_a_page_that_the_api_does_not_let_in_fails(project: Stack, api: ApiServer) -> None:
    with running_page(project, api) as page:
        found = look(project, api_url=api.url, page_url=page)
    assert found["CORS"].state == "fail"
    assert page in found["CORS"].mend


@contextmanager
def running_page(project: Stack, api: ApiServer) -> Iterator[str]:
    """The page on an origin of its own, from an API that serves it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_api(project, Path(folder), FLUXIO_PUBLIC_API_URL=api.url) as server,
    ):
        yield server.url


@pytest.mark.parametrize("address", ["flow.example.com", "ftp://flow.example.com"])
def test_an_address_without_a_scheme_is_a_usage_error(project: Stack, address: str) -> None:
    assert flask(project, "check-project", "--api", address).returncode == 2
