"""Runs the page's unit tests, which are JavaScript, so that one pytest run covers them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = sorted((ROOT / "tests" / "unit" / "dashboard").glob("*.test.js"))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_javascript_unit_tests_pass(path: Path) -> None:
    node = shutil.which("node")
    assert node is not None, "Node.js 20 or newer is needed; it is a prerequisite of every make target"
    run = subprocess.run(
        [node, "--test", "--test-reporter=spec", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_javascript_tests_were_found() -> None:
    assert {"channel.test.js", "fleet.test.js", "link.test.js", "series.test.js"} <= {path.name for path in TESTS}
