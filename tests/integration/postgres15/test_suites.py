"""The suites of the database hold on Debian's PostgreSQL 15 as they do on the wheel's 18."""

from __future__ import annotations

import psycopg
import pytest

from support import needs
from support.stacks import throwaway_stack
from support.suites import PGTAP, ROOT, planned_claims, run_suite


def test_every_pgtap_claim_holds() -> None:
    with throwaway_stack(pg_bin=needs.postgres_15()) as stack:
        stack.start()
        with psycopg.connect(stack.database_url) as connection:
            assert connection.info.server_version // 10_000 == 15
        passed = run_suite(PGTAP, FLUXIO_TEST_ADMIN_DATABASE_URL=stack.database_url)
    # On 18 each file fails by itself if it makes more or fewer claims than planned.
    assert passed.claims == planned_claims() > 0
    assert passed.tests == len(list(PGTAP.glob("test_*.sql")))


@pytest.mark.timeout(600)
def test_concurrency_and_row_security_hold() -> None:
    passed = run_suite(ROOT / "tests" / "integration" / "database", FLUXIO_LOCAL_PG_BIN=str(needs.postgres_15()))
    assert passed.tests > 0
