"""Runs the pgTAP files of this folder against a local Supabase of their own.

FLUXIO_TEST_ADMIN_DATABASE_URL names another database to use instead: an
empty-of-data one with all migrations, pgTAP in the search path, and rights on auth.users.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from support.stacks import throwaway_stack

HELPERS = Path(__file__).parent / "test_00_helpers.sql"


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let pytest-pgtap 0.4.0 make its subtests: it calls a class that pytest calls private."""
    item.add_marker(pytest.mark.filterwarnings("ignore:A private pytest class:pytest.PytestDeprecationWarning"))


@pytest.fixture(scope="session")
def pgtap_database_url() -> Iterator[str]:
    """Where the pgTAP files run; as `postgres`, who is no superuser, as on hosted Supabase."""
    if url := os.environ.get("FLUXIO_TEST_ADMIN_DATABASE_URL"):
        yield url
        return
    with throwaway_stack() as stack:
        stack.start()
        yield stack.database_url


@pytest.fixture(scope="session")
def pgtap_connection(pgtap_database_url: str) -> Iterator[psycopg.Connection]:
    """What pytest-pgtap runs each file on, with the schema `tests` made, so that one file can run alone."""
    with psycopg.connect(pgtap_database_url) as connection:
        connection.execute(HELPERS.read_bytes())
        yield connection
