"""Accounts that had no row in 0.1.0 get one, in no organization, and nobody else changes."""

from __future__ import annotations

import gzip
from pathlib import Path
from uuid import UUID

import psycopg

from .conftest import restored

DUMP = Path(__file__).parent / "fluxio-0.1.0.sql.gz"
NOBODY = UUID("ffffffff-0000-0000-0000-000000000000")


def test_accounts_of_an_older_database_get_their_rows() -> None:
    people = "select id, organization_id, role, email from public.users order by id"
    entries = "select count(*) from public.audit_logs"
    with restored(gzip.decompress(DUMP.read_bytes()), None) as old:
        with psycopg.connect(old.admin_database_url) as connection:
            before = connection.execute(people).fetchall()
            entries_before = connection.execute(entries).fetchone()
            connection.execute(
                "insert into auth.users (id, email, email_confirmed_at) values (%s, 'nobody@water.example', now())",
                [NOBODY],
            )
        old.start()
        with psycopg.connect(old.database_url) as connection:
            assert connection.execute(people).fetchall() == [*before, (NOBODY, None, "viewer", "nobody@water.example")]
            assert connection.execute(entries).fetchone() == entries_before
