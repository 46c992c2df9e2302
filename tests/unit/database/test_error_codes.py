"""docs/error-codes.md lists exactly the SQLSTATEs that migrations raise."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def raised() -> set[str]:
    """The five-letter codes in the migrations; named conditions are PostgreSQL's own."""
    files = (ROOT / "supabase" / "migrations").glob("*.sql")
    return {code for file in files for code in re.findall(r"errcode = '(\w{5})'", file.read_text())}


def listed() -> set[str]:
    return set(re.findall(r"^\| `(\w{5})` \|", (ROOT / "docs" / "error-codes.md").read_text(), re.MULTILINE))


def test_every_code_is_listed_and_no_other() -> None:
    assert listed() == raised()


def test_no_code_can_be_mistaken_for_one_of_postgresql() -> None:
    assert [code for code in listed() if not re.fullmatch(r"[A-EGI-OQ-WYZ][A-Z]{4}", code)] == []
