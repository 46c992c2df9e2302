"""What the scheduler needs from the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Job:
    """A job of private.jobs."""

    name: str
    #: Five fields as in crontab(5), in UTC.
    schedule: str
    #: pg_cron wakes it; then nobody else needs to.
    is_in_cron: bool


class Jobs(Protocol):
    """The jobs of one project. Both methods raise problems.Unavailable."""

    def all(self) -> list[Job]:
        """Every job there is now."""

    def run(self, name: str) -> str:
        """Run it unless it runs already, and have that recorded; what it did, or `failed: ` and why."""
