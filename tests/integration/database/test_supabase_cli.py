"""The Supabase CLI is content with the database that its own `db push` made."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from fluxio_local.stack import Stack
from support.supabase_cli import supabase_db


def test_pushing_again_changes_nothing(stack: Stack) -> None:
    done = supabase_db(stack.database_url, "push", "--yes")
    assert "Remote database is up to date" in done.stdout, done.stderr


def test_the_advisors_warn_of_nothing(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    done = supabase_db(stack.database_url, "advisors", "--level", "info", "--fail-on", "warn")
    findings: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    assert done.returncode == 0, [(found["name"], found["detail"]) for found in findings if found["level"] != "INFO"]
    # Told, not judged: that an index of a new database was not used yet, and that a table of `private` has no policy.
    with capsys.disabled():
        told = Counter(found["name"] for found in findings)
        print("\nadvisors, level info:", ", ".join(f"{count} x {name}" for name, count in sorted(told.items())))  # noqa: T201
