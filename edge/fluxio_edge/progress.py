"""Whether the parts of the agent still move, and what was last seen of each meter."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from fluxio_edge.reading import Reading, utc_now


class Beat:
    """A part that says when it will be heard of next."""

    def __init__(self, name: str, *, now: Callable[[], float] = time.monotonic) -> None:
        """`name` is for the log; `now` [s]."""
        self.name = name
        self._now = now
        self._due = now()

    def expect(self, within: float) -> None:
        """The part moves; it will be heard of again within so many seconds."""
        self._due = self._now() + within

    @property
    def late(self) -> float:
        """By how many seconds the part is late, at least 0."""
        return max(0.0, self._now() - self._due)


class MeterState:
    """One meter as its poller sees it."""

    def __init__(self, device_id: str, *, clock: Callable[[], datetime] = utc_now) -> None:
        """Nothing was asked yet."""
        self.device_id = device_id
        self.beat = Beat(f"polling {device_id}")
        self.polls = 0
        self.answers = 0
        self.asked_at: datetime | None = None
        self.answered_at: datetime | None = None
        self.reading: Reading | None = None
        #: What is wrong in words, None while all is well.
        self.trouble: str | None = None
        self._clock = clock

    def begins(self) -> None:
        """A poll begins."""
        self.polls += 1
        self.asked_at = self._clock()
        self.beat.expect(0)

    def ended(self, *, answered: bool, trouble: str | None, next_in: float) -> None:
        """A poll has ended; the next begins in so many seconds."""
        if answered:
            self.answers += 1
            self.answered_at = self._clock()
        self.trouble = trouble
        self.beat.expect(next_in)
