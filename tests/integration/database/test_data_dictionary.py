"""docs/data-dictionary.md is what the database says of itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from fluxio_local.stack import Stack

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "data-dictionary.md"


def dictionary(stack: Stack) -> str:
    """As the script's own head says to call it."""
    return subprocess.run(
        [
            stack.postgres.bin / "psql", stack.database_url, "--no-psqlrc", "--tuples-only", "--no-align",
            "--file", ROOT / "sql" / "operations" / "data_dictionary.sql",
        ],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
    ).stdout  # fmt: skip


def test_the_page_is_the_databases_own_words(stack: Stack) -> None:
    assert PAGE.read_text() == dictionary(stack), "make it anew as sql/operations/data_dictionary.sql says"
