"""What is sent next: new readings at once in small batches, a backlog behind them in large ones.

New readings never wait for more than one batch of the backlog, and the backlog not for ever for new
readings. Between two of its batches the backlog leaves the link to others for a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, Literal

from fluxio_edge.batch_size import BatchSize
from fluxio_edge.forward_settings import SendingSettings
from fluxio_edge.spool import Spool, Spooled

Lane = Literal["live", "backlog"]

#: So many full batches in a row, and new readings come faster than small batches can take them.
_FULL_IN_A_ROW: Final = 5


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings for one POST, and the limit that they were taken under."""

    lane: Lane
    readings: list[Spooled]
    size: BatchSize


class Lanes:
    """Chooses batches from a spool. What is in it at the start is backlog."""

    def __init__(self, spool: Spool, settings: SendingSettings, *, now: Callable[[], float] = time.monotonic) -> None:
        """`now` [s] paces the backlog."""
        self._spool = spool
        self._now = now
        self._newest_first = settings.order == "newest"
        self._share = settings.catch_up_share
        self._pause = settings.catch_up_pause_s
        self._live = BatchSize(min(settings.live_batch, settings.batch))
        self._large = BatchSize(settings.batch)
        #: Readings up to this seq are backlog.
        self._boundary = 0
        #: New readings up to this seq were sent.
        self._sent = 0
        self._full = 0
        self._turn: Lane = "backlog"
        self._due = now()
        self._behind = False
        self.all_is_backlog()

    @property
    def backlog_due_in(self) -> float | None:
        """How long the backlog still leaves the link to others [s]; None without a backlog."""
        return max(0.0, self._due - self._now()) if self._behind else None

    @property
    def has_full_batch(self) -> bool:
        """Whether enough new readings wait for a batch."""
        return self._spool.last_seq - max(self._boundary, self._sent) >= self._live.limit

    def all_is_backlog(self) -> None:
        """What waits now has waited for the link, or was put there by another process."""
        self._boundary = self._spool.last_seq
        self._behind = self._spool.waiting > 0
        self._full = 0

    def next_batch(self, without: Collection[int] = ()) -> Batch | None:
        """The readings to send now, None if there are none (yet). Reads the disk."""
        backlog_is_due = self.backlog_due_in == 0
        first_backlog = backlog_is_due and self._turn == "live"
        for lane in ("backlog", "live") if first_backlog else ("live", "backlog"):
            if lane == "live":
                batch = self._take_live(without)
            else:
                batch = self._take_backlog(without) if backlog_is_due else None
            if batch is not None:
                self._turn = batch.lane
                return batch
        return None

    def sent(self, batch: Batch, took: float) -> None:
        """`batch` was settled, after `took` seconds."""
        batch.size.succeeded()
        if batch.lane == "backlog":
            self._due = self._now() + max(self._pause, took * (1 / self._share - 1))
            return
        self._sent = max(self._sent, batch.readings[-1].seq)
        self._full = self._full + 1 if len(batch.readings) >= batch.size.limit else 0
        if self._full >= _FULL_IN_A_ROW:
            self.all_is_backlog()

    def _take_live(self, without: Collection[int]) -> Batch | None:
        if self._spool.last_seq == self._boundary:
            return None
        readings = self._spool.take(self._live.limit, after=self._boundary, without=without)
        return Batch("live", readings, self._live) if readings else None

    def _take_backlog(self, without: Collection[int]) -> Batch | None:
        readings = self._spool.take(
            self._large.limit, upto=self._boundary, newest_first=self._newest_first, without=without
        )
        if readings:
            return Batch("backlog", readings, self._large)
        # What is held back or passed over may be sent later.
        self._behind = bool(without) or self._spool.held > 0
        return None
