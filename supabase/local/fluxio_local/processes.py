"""Background processes that a later command finds again.

A process inherits a lock on its pid file, so "does it still run" is asked of the
lock: a number in a file may by then be some other process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from .errors import LocalStackError

POLL_S = 0.05


class Background:
    """One process that outlives the command that starts it. `directory` gets NAME.pid and NAME.log."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.log = directory / f"{name}.log"
        self._pid_file = directory / f"{name}.pid"

    def is_running(self) -> bool:
        """Whether the process, or a child it left behind, is alive."""
        try:
            with self._pid_file.open("r+") as file:
                # Shared, so that two who ask at once do not take each other for the process.
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    @property
    def pid(self) -> int:
        """Its number, while it runs."""
        return int(self._pid_file.read_text())

    def start(self, command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path) -> None:
        """Start `command` with exactly `env` beside this process's environment. Raises if it runs already."""
        self.log.touch(mode=0o600)
        with self._pid_file.open("a+") as lock, self.log.open("ab") as log:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LocalStackError(f"{self.name} runs already") from None
            process = subprocess.Popen(  # noqa: S603 - a command of ours
                [str(part) for part in command],
                env={**os.environ, **env},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[lock.fileno()],
            )
            lock.truncate(0)
            lock.write(str(process.pid))
            lock.flush()
        # The process is found again by its lock; nobody waits for this handle.
        process.returncode = 0

    def stop(self, *, grace_s: float = 10.0, kill: bool = False) -> None:
        """End the process (SIGTERM, after `grace_s` SIGKILL; at once with `kill`). Fine if it does not run."""
        if self.is_running():
            pid = self.pid
            self._signal(pid, signal.SIGKILL if kill else signal.SIGTERM)
            if not self._wait_gone(grace_s):
                self._signal(pid, signal.SIGKILL)
                if not self._wait_gone(grace_s):
                    raise LocalStackError(f"{self.name} (pid {pid}) does not end")
        self._pid_file.unlink(missing_ok=True)

    def last_lines(self, count: int = 15) -> str:
        """The end of its log, for an error message."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])

    def _signal(self, pid: int, number: signal.Signals) -> None:
        # Its own session, so its own group: children go with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, number)

    def _wait_gone(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, os.WNOHANG)
            if not self.is_running():
                return True
            time.sleep(POLL_S)
        return False
