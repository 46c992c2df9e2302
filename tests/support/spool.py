"""An API that spools, and what it was told to keep."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg

from fluxio_api.ingest.spool.spool import Spool, SpoolState
from fluxio_local.stack import Stack

from .api_server import ApiServer, running_api

#: Made once: it costs more than the rest of a POST.
_TLS = ssl.create_default_context()

#: Of the tests that use it; a device may have far more.
_MOST_BYTES = 1_073_741_824


@contextmanager
def spooling_api(stack: Stack, directory: Path, **settings: str) -> Iterator[ApiServer]:
    """An API on `stack` whose spool is in `directory`/spool."""
    with running_api(stack, directory, FLUXIO_SPOOL_DIR=str(directory / "spool"), **settings) as server:
        yield server


def held(directory: Path) -> SpoolState:
    """What the spool of `spooling_api` holds."""
    with closing(Spool(directory / "spool", max_bytes=_MOST_BYTES)) as spool:
        return spool.state()


def wait_until_drained(directory: Path, *, seconds: float = 60) -> None:
    """Return once nothing waits in the spool."""
    until = time.monotonic() + seconds
    while (state := held(directory)).entries:
        assert time.monotonic() < until, f"waited {seconds} s in vain for an empty spool: {state}"
        # Not more often: each look opens the file, and those who write it wait.
        time.sleep(0.2)


@dataclass
class Stream:
    """Readings of one device, each with a value of its own, and which of them were acknowledged."""

    url: str
    device: str
    headers: dict[str, str]
    #: Value by its time as the API answered it, in the order of the answers.
    acknowledged: dict[datetime, float] = field(default_factory=dict)
    #: How often each status was answered.
    statuses: dict[int, int] = field(default_factory=dict)
    _value: int = 0

    def post(self, *, timed: bool = True) -> int:
        """Send the next reading once; the status."""
        self._value += 1
        body: dict[str, object] = {"device_id": self.device, "totalizer": self._value}
        if timed:
            body["created_at"] = datetime.now(UTC).isoformat()
        answer = httpx.post(f"{self.url}/api/ingest", json=body, headers=self.headers, timeout=60, verify=_TLS)
        status = answer.status_code
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status in (200, 202):
            (result,) = answer.json()["results"]
            self.acknowledged[datetime.fromisoformat(result["created_at"])] = float(self._value)
        return status


@dataclass(frozen=True)
class Stored:
    """A device's rows."""

    #: (created_at, totalizer), in the order in which they were committed.
    rows: list[tuple[datetime, float]]

    @property
    def values(self) -> list[float]:
        return [value for _, value in self.rows]


def stored(stack: Stack, device: str) -> Stored:
    """What the database holds of `device`; over a connection of its own, since others may have broken."""
    with psycopg.connect(stack.database_url) as connection:
        rows = connection.execute(
            "select created_at, totalizer from public.flow_data where device_id = %s"
            " order by xmin::text::bigint, created_at",
            [device],
        ).fetchall()
    return Stored(rows)
