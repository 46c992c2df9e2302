"""Background processes are known by a lock, never by a number alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fluxio_local.errors import LocalStackError
from fluxio_local.processes import Background

SLEEP = ["sleep", "60"]


def test_a_started_process_runs_until_it_is_stopped(tmp_path: Path) -> None:
    process = Background("sleeper", tmp_path)
    process.start(SLEEP, env={}, cwd=tmp_path)
    try:
        assert Background("sleeper", tmp_path).is_running()
    finally:
        process.stop()
    assert not process.is_running()


def test_a_second_start_is_refused(tmp_path: Path) -> None:
    process = Background("sleeper", tmp_path)
    process.start(SLEEP, env={}, cwd=tmp_path)
    try:
        with pytest.raises(LocalStackError, match="runs already"):
            process.start(SLEEP, env={}, cwd=tmp_path)
    finally:
        process.stop()


def test_stop_leaves_a_stranger_with_the_same_pid_alone(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEP) as stranger:
        (tmp_path / "sleeper.pid").write_text(str(stranger.pid))
        process = Background("sleeper", tmp_path)
        assert not process.is_running()
        process.stop()
        assert stranger.poll() is None
        stranger.kill()


def test_a_child_left_behind_counts_as_running_and_is_stopped_too(tmp_path: Path) -> None:
    process = Background("parent", tmp_path)
    process.start(["sh", "-c", "sleep 60 & exit 0"], env={}, cwd=tmp_path)
    assert process.is_running()
    process.stop()
    assert not process.is_running()


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    process = Background("stubborn", tmp_path)
    process.start(["sh", "-c", "trap '' TERM; echo armed; while :; do sleep 1; done"], env={}, cwd=tmp_path)
    while "armed" not in process.last_lines():
        os.sched_yield()
    process.stop(grace_s=0.2)
    assert not process.is_running()


def test_its_environment_and_output_are_kept(tmp_path: Path) -> None:
    process = Background("printer", tmp_path)
    process.start(["sh", "-c", "echo $GREETING"], env={"GREETING": "hello"}, cwd=tmp_path)
    while process.is_running():
        os.sched_yield()
    assert process.last_lines() == "hello"
    process.stop()
