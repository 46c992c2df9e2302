"""How much memory and processor time a process takes, from /proc."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_PAGE, _TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Sample:
    """A process at one moment: resident memory in MB (10^6), processor time since its start in s."""

    pid: int
    memory_mb: float
    cpu_s: float


def sample(pid: int) -> Sample | None:
    """How the process is now, None if it is gone."""
    try:
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    except (OSError, IndexError):
        return None
    return Sample(pid, resident * _PAGE / 1e6, (int(user) + int(system)) / _TICKS)


def children(pid: int) -> list[int]:
    """The processes that `pid` has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Watch:
    """Samples the process that `pid` names, each second; a context manager."""

    def __init__(self, pid: Callable[[], int]) -> None:
        self.samples: list[Sample] = []
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(1):
            if taken := sample(self._pid()):
                self.samples.append(taken)

    @property
    def cpu_s(self) -> float:
        """Processor time of all the processes that were watched, up to their last samples."""
        return sum({each.pid: each.cpu_s for each in self.samples}.values())
