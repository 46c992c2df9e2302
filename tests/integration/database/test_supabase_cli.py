"""The Supabase CLI is content with the database that its own `db push` made."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from fluxio_local import paths
from fluxio_local.stack import Stack


def supabase(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the CLI against the stack's database, as its user would."""
    return subprocess.run(
        [str(paths.SUPABASE_CLI), "db", *arguments, f"--remote={stack.database_url}?sslmode=disable"],
        cwd=paths.ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )


def test_pushing_again_changes_nothing(stack: Stack) -> None:
    done = supabase(stack, "push", "--yes")
    assert "Remote database is up to date" in done.stdout


def test_the_advisors_warn_of_nothing(stack: Stack) -> None:
    # Below that they tell that an index of a new database was not used yet. The schema `tests` is not the product's.
    done = supabase(stack, "advisors", "--level", "warn")
    findings: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    ours = [found for found in findings if found["metadata"]["schema"] != "tests"]
    assert [(found["name"], found["detail"]) for found in ours] == []
