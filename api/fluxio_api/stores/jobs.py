"""The database's jobs."""

from __future__ import annotations

import logging

from pydantic import BaseModel, TypeAdapter, ValidationError

from ..problems import Unavailable
from ..scheduler.ports import Job
from .upstream import Refused, Upstream

_log = logging.getLogger(__name__)


class _Row(BaseModel):
    name: str
    schedule: str
    is_in_cron: bool


_ROWS = TypeAdapter(list[_Row])


class SupabaseJobs:
    """public.get_jobs and public.run_job, which is given up to ten minutes."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def all(self) -> list[Job]:
        """Every job; raises problems.Unavailable."""
        query = self._upstream.service.rpc("get_jobs", {})
        try:
            rows = _ROWS.validate_python(self._upstream.call(query.execute, repeatable=True).data)
        except (Refused, ValidationError) as error:
            _log.error("get_jobs failed: %s", error)
            raise Unavailable("The jobs cannot be listed now.") from error
        return [Job(row.name, row.schedule, row.is_in_cron) for row in rows]

    def run(self, name: str) -> str:
        """What the job did, or `failed: ` and why; raises problems.Unavailable."""
        query = self._upstream.service.rpc("run_job", {"job": name})
        try:
            # A second run is harmless, and one that goes on answers "runs already".
            return str(self._upstream.call(query.execute, repeatable=True).data)
        except Refused as error:
            return f"failed: {error.code}"
