"""The list of licences knows which combinations may be used."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

LICENCES = runpy.run_path(str(Path(__file__).parents[2] / ".ci" / "licences.py"))


@pytest.mark.parametrize(
    ("licence", "is_good"),
    [
        ("MIT", True),
        ("Apache-2.0 AND BSD-2-Clause", True),
        ("MIT OR GPL-3.0-only", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("(MIT OR Apache-2.0) AND AGPL-3.0-only", False),
        ("not stated", False),
    ],
)
def test_every_part_of_an_alternative_must_be_good(licence: str, is_good: bool) -> None:
    assert LICENCES["is_good"](licence) is is_good
