"""Each block of commands in the documents runs as it stands, unless it is marked; see support/documents.py."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fluxio_local.stack import Stack
from support import needs
from support.api_server import api_env
from support.documents import ROOT, RUN, Block, run_with
from support.stacks import throwaway_stack

#: Run, and looked at more closely, by tests of their own: test_gateway_guide.py and test_backup.py.
ELSEWHERE = run_with("gateways.md", "$FLUXIO_API_URL") + run_with("operations.md", "$DATABASE_URL")
HERE = [block for block in RUN if block not in ELSEWHERE]

#: At the top, what is made; anywhere, what Python leaves.
_MADE = {".git", ".local", ".venv", ".env", "node_modules", "dist", "build", ".hypothesis", "test-results"}
_LEFT = shutil.ignore_patterns("*.egg-info", "__pycache__", ".*_cache")
#: For a block [s]; `make wheel` takes five.
_LONGEST_S = 180


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A stack with the seed's meters, which the documents name."""
    with throwaway_stack() as stack:
        stack.start(include_seed=True)
        yield stack


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkout of its own with `make setup` done: what is installed is this one's."""
    folder = tmp_path_factory.mktemp("documents") / "fluxio"
    shutil.copytree(
        ROOT, folder, ignore=lambda where, names: _LEFT(where, names) | (_MADE if Path(where) == ROOT else set())
    )
    for installed in (".venv", "node_modules"):
        (folder / installed).mkdir()
        for entry in (ROOT / installed).iterdir():
            if entry.name != "ready":
                (folder / installed / entry.name).symlink_to(entry)
    (folder / ".venv" / "ready").write_text(f"{folder}\n")
    (folder / "node_modules" / "ready").touch()
    (folder / "dashboard_static" / "vendor" / "ready").touch()
    yield folder
    shutil.rmtree(folder)


def run(block: Block, folder: Path, environment: dict[str, str]) -> tuple[int, str, str]:
    """As somebody types it, the next line only if the one before went well: its end, its output and its errors."""
    process = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", block.text], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        output, errors = process.communicate(timeout=_LONGEST_S)
    except subprocess.TimeoutExpired:
        # What the shell started too, such as a server.
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        pytest.fail(f"{block} runs until it is stopped: mark it")
    return process.returncode, output, errors


def test_each_block_runs_somewhere() -> None:
    assert len(HERE) >= 8
    assert len(ELSEWHERE) >= 4


@pytest.mark.parametrize("block", HERE, ids=str)
def test_a_block_runs_as_it_stands(block: Block, stack: Stack, checkout: Path) -> None:
    if "promtool" in block.text:
        needs.promtool()
    commands = (checkout / ".venv" / "bin", checkout / "node_modules" / ".bin", os.environ["PATH"])
    code, output, errors = run(
        block, checkout,
        api_env(
            stack,
            PATH=os.pathsep.join(map(str, commands)),
            SITE_URL="https://flow.example.com",
            FLUXIO_PUBLIC_API_URL="https://api.example.com",
            FLUXIO_LOCAL_DIR=str(checkout / ".local"),
            FLUXIO_NEW_PASSWORD="a-password-of-these-tests",
        ),
    )  # fmt: skip
    assert code == 0, output + errors
    if block.prints:
        assert block.prints in output


def test_a_block_that_fails_in_the_middle_is_noticed(tmp_path: Path) -> None:
    block = Block("x.md", 1, "sh", "false\ntrue\n", None, None)
    code, _, _ = run(block, tmp_path, dict(os.environ))
    assert code != 0
