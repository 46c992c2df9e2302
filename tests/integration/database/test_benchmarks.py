"""The benchmarks run, and ask what they say they ask; how fast is for `make bench` to tell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[3] / "sql" / "benchmarks"


@pytest.mark.parametrize(
    ("script", "options", "told"),
    [
        ("ingest.py", ["--seconds", "0.1"], "calls/s by batch"),
        (
            "reports.py",
            ["--devices", "5", "--per-device", "200", "--minutes", "3000", "--turns", "1", "--plans"],
            "get_flow_series",
        ),
    ],
    ids=["ingest", "reports"],
)
def test_it_runs_in_small(script: str, options: list[str], told: str) -> None:
    done = subprocess.run(
        [sys.executable, BENCHMARKS / script, *options], capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert told in done.stdout
