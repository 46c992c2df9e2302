"""Alive, ready, and written for this schema."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from fluxio_api.health import CACHE_S, REQUIRED_SCHEMA, Readiness
from fluxio_api.problems import Unavailable

from .conftest import Shelf

ROOT = Path(__file__).parents[3]
MIGRATIONS = sorted((ROOT / "supabase" / "migrations").glob("*.sql"))
VERSION = re.compile(r"function public\.schema_version\(\).*?select '([0-9]{14})';", re.DOTALL)


def test_the_process_is_alive_whatever_else_is_not(client: FlaskClient, shelf: Shelf) -> None:
    shelf.failure = Unavailable("away")
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_it_is_ready_when_the_database_is(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ready", "checks": {"database": "ok"}})


@pytest.mark.parametrize(
    ("version", "failure", "fault"),
    [
        (REQUIRED_SCHEMA, Unavailable("away"), "unavailable"),
        ("20251231235959", None, "outdated"),
        ("", None, "outdated"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_else(
    client: FlaskClient, shelf: Shelf, version: str, failure: Exception | None, fault: str
) -> None:
    shelf.schema_version, shelf.failure = version, failure
    answer = client.get("/readyz")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    document = answer.get_json()
    assert (document["code"], document["checks"]) == ("not_ready", {"database": fault})
    assert int(answer.headers["Retry-After"]) > 0


def test_a_newer_schema_is_fine(client: FlaskClient, shelf: Shelf) -> None:
    shelf.schema_version = "29991231235959"
    assert client.get("/readyz").status_code == 200


def test_probes_do_not_load_what_they_ask() -> None:
    now, asked = 100.0, 0

    def check() -> str | None:
        nonlocal asked
        asked += 1
        return "full" if asked == 1 else None

    readiness = Readiness(clock=lambda: now)
    readiness.add("spool", check)
    assert [readiness.found() for _ in range(5)] == [{"spool": "full"}] * 5
    now += CACHE_S
    assert readiness.found() == {"spool": None}
    assert asked == 2


def test_a_check_that_hangs_holds_one_probe() -> None:
    now = 100.0
    goes_on, is_asked = threading.Event(), threading.Event()

    def check() -> str | None:
        is_asked.set()
        goes_on.wait(10)
        return None

    readiness = Readiness(clock=lambda: now)
    readiness.add("database", check)
    goes_on.set()
    readiness.found()
    goes_on.clear()
    is_asked.clear()
    now += CACHE_S
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(readiness.found)
        assert is_asked.wait(10)
        assert readiness.found() == {"database": None}, "others get the last answer"
        assert not hanging.done()
        goes_on.set()
        assert hanging.result(10) == {"database": None}


def test_the_version_is_that_of_the_migration_that_says_it() -> None:
    said = {path.name[:14]: found.group(1) for path in MIGRATIONS if (found := VERSION.search(path.read_text()))}
    assert said, "no migration says the version"
    assert all(name == version for name, version in said.items())
    assert max(said) == REQUIRED_SCHEMA


def test_a_migration_that_changes_what_the_api_calls_says_a_new_version() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "api").rglob("*.py"))
    called = set(re.findall(r'rpc\(\s*"(\w+)"', sources))
    assert {"ingest_readings", "authenticate_api_key", "record_dead_letter"} <= called
    defines = re.compile(rf"function public\.(?:{'|'.join(sorted(called))})\(")
    later = [path.name for path in MIGRATIONS if path.name[:14] > REQUIRED_SCHEMA and defines.search(path.read_text())]
    assert later == [], "replace public.schema_version there and raise REQUIRED_SCHEMA"
