"""The load generator runs in all its parts, and what it says was stored is stored; how fast is for `make bench`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from support import needs

TESTS = Path(__file__).parents[2]


def test_every_part_runs_for_a_moment_and_counts_right() -> None:
    needs.chromium_path()
    done = subprocess.run(
        [sys.executable, "-m", "load", "--quick"],
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    rows = re.findall(r"^ +(\d+) +(\d+) +(\d+) (\w+) +(\d+) +(\d+) ", done.stdout, re.MULTILINE)
    ways = ("api", "constant", "rest", "rpc", "copy")
    points = [("60", conns, batch, way) for conns in ("1", "4") for batch in ("1", "10") for way in ways]
    points += [("600", "4", "10", way) for way in ways]
    assert [row[:4] for row in rows if row[3] != "paced"] == points
    assert [row[3] for row in rows].count("paced") == 2
    assert all(int(row[4]) > 0 for row in rows)
    assert "from POST to page" in done.stdout
    assert re.search(r"^[1-9]\d* values seen", done.stdout, re.MULTILINE)
