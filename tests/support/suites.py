"""Whole suites run again by a test, in a pytest of their own: the same tests on another database."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PGTAP = ROOT / "supabase" / "tests"

#: pytest's last line when nothing failed and nothing was skipped.
ALL_PASSED = re.compile(r"^(\d+) passed(?:, (\d+) subtests passed)? in ", re.MULTILINE)


@dataclass(frozen=True)
class Passed:
    """How much passed; `claims` are those of pgTAP files."""

    tests: int
    claims: int


def run_suite(folder: Path, **environment: str) -> Passed:
    """Run every test of `folder` with `environment` set; fail with what pytest said unless all pass, none skipped."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider", "--durations=5", str(folder)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    found = ALL_PASSED.search(done.stdout)
    if done.returncode != 0 or found is None:
        pytest.fail(f"{folder.relative_to(ROOT)}, run with {', '.join(environment)}:\n{done.stdout}", pytrace=False)
    return Passed(tests=int(found[1]), claims=int(found[2] or 0))


def planned_claims() -> int:
    """How many claims the pgTAP files say they make."""
    plans = re.compile(r"^select plan\((\d+)\);$", re.MULTILINE)
    return sum(int(plan) for file in PGTAP.glob("test_*.sql") for plan in plans.findall(file.read_text()))
