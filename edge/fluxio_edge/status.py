"""What the agent knows of itself, for the page, the command, Prometheus and the API."""

from __future__ import annotations

import importlib.metadata
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fluxio_edge.clock import GatewayClock
from fluxio_edge.clock import State as ClockState
from fluxio_edge.heartbeat import State
from fluxio_edge.progress import MeterState
from fluxio_edge.sender import Sender
from fluxio_edge.spool import Spool
from fluxio_edge.spool_file import Counts
from fluxio_edge.writer import Writer


@dataclass(frozen=True, slots=True)
class ClockStatus:
    """The gateway's clock; `ahead_of_api` [s] is None until the API has told its time."""

    state: ClockState
    now: datetime
    ahead_of_api: float | None


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """The way to the API; counts are since the agent's start."""

    trouble: str | None
    accepted_at: datetime | None
    posts: int
    accepted: int
    refused: int
    signal_dbm: int | None


@dataclass(frozen=True, slots=True)
class MeterStatus:
    """A meter; counts are since the agent's start, `reading` is the last one."""

    device_id: str
    trouble: str | None
    asked_at: datetime | None
    answered_at: datetime | None
    polls: int
    answers: int
    reading: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything at one moment. `lost` readings could not be stored."""

    version: str
    uptime_s: float
    clock: ClockStatus
    link: LinkStatus
    spool: Counts
    lost: int
    disk_trouble: str | None
    meters: list[MeterStatus]


class Status:
    """Tells of an agent that starts now."""

    def __init__(self, spool: Spool, clock: GatewayClock, meters: Sequence[MeterState]) -> None:
        """`writer` and `sender` are set before anything is asked."""
        self.writer: Writer
        self.sender: Sender
        self._spool = spool
        self._clock = clock
        self._meters = meters
        self._version = importlib.metadata.version("fluxio")
        self._started = time.monotonic()

    def line(self) -> str:
        """In a few words."""
        return (
            f"{len(self._meters)} meter(s), {self._troubled()} in trouble; {self._spool.waiting} reading(s) wait; "
            f"link: {self.sender.link.reason or 'well'}; clock: {self._clock.state}"
        )

    def for_api(self) -> State:
        """In a heartbeat."""
        return {
            "fw": f"fluxio-edge {self._version}",
            "uptime_s": round(time.monotonic() - self._started),
            "backlog": self._spool.waiting,
            "held": self._spool.held,
            "lost": self.writer.lost,
            "clock": self._clock.state,
            "meters": len(self._meters),
            "meters_in_trouble": self._troubled(),
        }

    def snapshot(self) -> Snapshot:
        """Everything; reads the disk. Raises sqlite3.Error."""
        sender = self.sender
        return Snapshot(
            version=self._version,
            uptime_s=round(time.monotonic() - self._started, 1),
            clock=ClockStatus(self._clock.state, datetime.now(UTC), self._clock.ahead_of_api),
            link=LinkStatus(
                trouble=sender.link.reason,
                accepted_at=sender.accepted_at,
                posts=sender.posts,
                accepted=sender.accepted,
                refused=sender.refused,
                signal_dbm=sender.signal,
            ),
            spool=self._spool.counts(),
            lost=self.writer.lost,
            disk_trouble=self.writer.trouble,
            meters=[_meter(meter) for meter in self._meters],
        )

    def _troubled(self) -> int:
        return sum(meter.trouble is not None for meter in self._meters)


def _meter(meter: MeterState) -> MeterStatus:
    return MeterStatus(
        device_id=meter.device_id,
        trouble=meter.trouble,
        asked_at=meter.asked_at,
        answered_at=meter.answered_at,
        polls=meter.polls,
        answers=meter.answers,
        reading=None if meter.reading is None else json.loads(meter.reading.body),
    )
