"""The workflows run what everybody runs, with as few rights as they can."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
#: What prepares a machine, before anything of ours can run.
PREPARES = ("apt-get ", "git config ")


def parsed(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    return content


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in parsed(path)["jobs"].values() for step in job["steps"]]


def test_there_are_two() -> None:
    assert [path.name for path in WORKFLOWS] == ["database.yml", "test.yml"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_each_command_is_one_of_the_project(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    clis = {f"node_modules/.bin/{name}" for name in ("supabase",)}
    for step in steps(path):
        for line in step.get("run", "").splitlines():
            first, *rest = line.split()
            if line.startswith(PREPARES):
                continue
            if first == "make":
                assert re.search(rf"^[^#\n]*{re.escape(rest[0])}[^\n]*:", makefile, re.MULTILINE), line
            elif first not in clis:
                assert os.access(ROOT / first, os.X_OK), line


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_each_may_only_read_and_takes_actions_by_commit(path: Path) -> None:
    assert parsed(path)["permissions"] == {"contents": "read"}
    for job in parsed(path)["jobs"].values():
        assert "permissions" not in job
        assert job["timeout-minutes"] > 0
    for step in steps(path):
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"])
        # What a stranger wrote is data: an expression in a command would be run.
        assert "${{" not in step.get("run", "")


def test_the_tests_are_those_of_ci_run() -> None:
    commands = [step.get("run", "").strip() for step in steps(ROOT / ".github" / "workflows" / "test.yml")]
    assert commands[-1] == ".ci/run"


def test_a_push_to_the_project_is_shown_first_and_happens_on_main_only() -> None:
    path = ROOT / ".github" / "workflows" / "database.yml"
    jobs = parsed(path)["jobs"]
    pushes = {
        name: [step["run"].partition("supabase ")[2] for step in job["steps"] if "db push" in step.get("run", "")]
        for name, job in jobs.items()
    }
    shown = "db push --remote --dry-run"
    assert pushes == {"show": [shown], "apply": [shown, "db push --remote --yes"]}
    assert "pull_request'" in jobs["show"]["if"]
    assert jobs["apply"]["if"] == "github.event_name != 'pull_request' && github.ref == 'refs/heads/main'"
    assert jobs["apply"]["environment"] == "database"
