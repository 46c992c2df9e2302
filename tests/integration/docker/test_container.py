"""Where Docker is, the migrations and the pgTAP files run on a PostgreSQL in a container: supabase/postgres."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fluxio_local.bootstrap import push_migrations
from support.containers import postgres_container
from support.suites import PGTAP, planned_claims, run_suite
from support.supabase_cli import supabase_db

# An image may have to be pulled.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    """A container's database with every migration, as `postgres`."""
    with postgres_container() as url:
        push_migrations(url, include_seed=False)
        yield url


def test_pushing_again_changes_nothing(database_url: str) -> None:
    done = supabase_db(database_url, "push", "--yes")
    assert "Remote database is up to date" in done.stdout, done.stderr


def test_every_pgtap_claim_holds(database_url: str) -> None:
    passed = run_suite(PGTAP, FLUXIO_TEST_ADMIN_DATABASE_URL=database_url)
    assert passed.claims == planned_claims() > 0
