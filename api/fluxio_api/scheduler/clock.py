"""When jobs are due."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from cronsim import CronSim

from .ports import Job


class DueTimes:
    """Remembers when each job is due next. Pure: whoever asks brings the time.

    A job that is seen for the first time is due at once: after a pause of the
    scheduler everything is, and a job that has nothing to do costs nothing. So
    its own clock is never compared with the database's.
    """

    def __init__(self) -> None:
        self._next: dict[str, tuple[str, datetime]] = {}

    def take(self, jobs: Iterable[Job], now: datetime, *, busy: Collection[str] = ()) -> list[Job]:
        """The jobs that are due and not pg_cron's; each is then due again by its schedule.

        `now` in UTC; `busy`: names of jobs that run and have to wait for their
        end. Raises cronsim.CronSimError for a schedule that is none.
        """
        due: list[Job] = []
        next_due: dict[str, tuple[str, datetime]] = {}
        for job in jobs:
            if job.is_in_cron:
                continue
            schedule, at = self._next.get(job.name, (job.schedule, now))
            coming = next(CronSim(job.schedule, now))
            # Never later than the schedule says from now on: the clock may have been set back.
            at = coming if schedule != job.schedule else min(at, coming)
            if at <= now and job.name not in busy:
                due.append(job)
                at = coming
            next_due[job.name] = (job.schedule, at)
        self._next = next_due
        return due
