"""The loop that wakes jobs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from cronsim import CronSimError

from ..problems import Unavailable
from .clock import DueTimes
from .ports import Job, Jobs

_log = logging.getLogger(__name__)

#: Between two looks at the jobs [s]; their schedules know minutes.
_LOOK_S = 15.0
#: Jobs that may run at the same time: a long one must not keep the alert clock waiting.
_AT_ONCE = 4


def _now() -> datetime:
    return datetime.now(UTC)


class Scheduler:
    """Wakes every job that is due, until it is told to stop.

    Several schedulers and pg_cron may run beside each other: the database runs a
    job once at a time. A job that is still running is not woken again.
    """

    def __init__(self, jobs: Jobs, *, clock: Callable[[], datetime] = _now) -> None:
        self._jobs = jobs
        self._clock = clock
        self._due = DueTimes()
        self._running: set[str] = set()
        self._failing: set[str] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def run(self) -> None:
        """Go on until `stop`; then wait for the jobs under way."""
        _log.info("scheduler started")
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="job") as pool:
            while not self._stop.is_set():
                for job in self.due():
                    pool.submit(self.wake, job)
                self._stop.wait(_LOOK_S)
        _log.info("scheduler stopped")

    def stop(self) -> None:
        """Make `run` return; safe in a signal handler."""
        self._stop.set()

    def due(self) -> list[Job]:
        """The jobs to wake now, each exactly once; none while the database is away."""
        try:
            jobs = self._jobs.all()
            with self._lock:
                due = self._due.take(jobs, self._clock(), busy=self._running)
                self._running |= {job.name for job in due}
                return due
        except Unavailable:
            # Logged once by whoever lost it.
            return []
        except CronSimError as error:
            _log.error("a schedule cannot be read: %s", error)
            return []

    def wake(self, job: Job) -> None:
        """Run one job, and say how it ended where that is worth a line."""
        try:
            self._tell(job.name, self._jobs.run(job.name))
        except Unavailable:
            _log.warning("job %s could not be run: the database is away", job.name)
        except Exception:  # noqa: BLE001 - one job's fault must not end the others
            _log.exception("job %s could not be run", job.name)
        finally:
            with self._lock:
                self._running.discard(job.name)

    def _tell(self, name: str, result: str) -> None:
        has_failed = result.startswith("failed: ")
        with self._lock:
            failed_before = name in self._failing
            (self._failing.add if has_failed else self._failing.discard)(name)
        if has_failed and not failed_before:
            _log.error("job %s %s", name, result)
        elif failed_before and not has_failed:
            _log.warning("job %s works again: %s", name, result)
        elif not has_failed and result not in {"nothing to do", "runs already"}:
            _log.info("job %s: %s", name, result)
