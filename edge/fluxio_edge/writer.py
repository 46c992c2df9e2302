"""Readings on their way to the disk: one write for all that come close together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from fluxio_edge.clock import GatewayClock
from fluxio_edge.condition import Condition
from fluxio_edge.forward_settings import SpoolSettings
from fluxio_edge.hindsight import Held
from fluxio_edge.progress import Beat
from fluxio_edge.reading import Reading, iso_utc
from fluxio_edge.spool import Spool

_log = logging.getLogger(__name__)

#: Readings that wait in memory for a disk that fails; beyond it the oldest are lost and counted.
_KEPT: Final = 1_000
#: Wait between attempts at a disk that fails [s].
_RETRY_S: Final = 1.0
#: How often readings are looked for that have become too old [s].
_AGING_S: Final = 3_600.0


class Writer:
    """Gathers readings for `gather_s` and stores them in one transaction.

    What a power cut can cost is what was read in that time, one reading of a meter as a rule: the one
    being taken.
    """

    def __init__(self, spool: Spool, settings: SpoolSettings, clock: GatewayClock, stored: Callable[[], None]) -> None:
        """`stored` is called after each write."""
        self._spool = spool
        self._settings = settings
        self._clock = clock
        self._stored = stored
        self._queue: list[tuple[Reading, Held | None]] = []
        self._news = asyncio.Event()
        self._finishing = False
        self._age_at = time.monotonic()
        self._disk = Condition("spool", _log)
        self.beat = Beat("storing")
        #: Readings that could not be stored.
        self.lost = 0

    @property
    def trouble(self) -> str | None:
        """What is wrong with the disk."""
        return self._disk.reason

    async def store(self, reading: Reading) -> None:
        """Take in a reading; it is on disk a moment later."""
        self._queue.append(self._clock.settle(reading))
        self._news.set()

    async def run(self) -> None:
        """Write until `finish`; raises nothing."""
        while not self._finishing:
            self.beat.expect(60)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(self._settings.settle_s, 1.0)):
                    await self._news.wait()
            self._news.clear()
            if self._queue:
                await self._pause(self._settings.gather_s)
                if not await self._write():
                    await self._pause(_RETRY_S)
                    self._news.set()
            else:
                await self._tidy()
        if self._queue and not await self._write():
            self.lost += len(self._queue)
            _log.error("spool: %s reading(s) could not be stored and are lost", len(self._queue))

    def finish(self) -> None:
        """Write what was taken in, then let `run` end."""
        self._finishing = True
        self._news.set()

    async def _write(self) -> bool:
        """Store what was gathered; whether the disk took it."""
        gathered = self._queue[:]
        try:
            await asyncio.to_thread(self._spool.add_all, gathered)
        except sqlite3.Error as error:
            excess = len(self._queue) - _KEPT
            if excess > 0:
                del self._queue[:excess]
                self.lost += excess
            kind, fate = ("lost", f"{self.lost} are lost") if self.lost else ("failing", "they wait in memory")
            self._disk.trouble(kind, f"readings cannot be stored, {fate}: {error}")
            return False
        del self._queue[: len(gathered)]
        self._disk.well(f"readings are stored again, {self.lost} were lost")
        self._stored()
        return True

    async def _tidy(self) -> None:
        """What can be done while no reading comes."""
        try:
            if self._spool.settled:
                await asyncio.to_thread(self._spool.flush_due)
            if time.monotonic() >= self._age_at and self._clock.state == "set":
                self._age_at = time.monotonic() + _AGING_S
                oldest = self._clock() - timedelta(days=self._settings.max_age_days)
                dropped = await asyncio.to_thread(self._spool.drop_older, iso_utc(oldest))
                if dropped:
                    _log.error("spool: %s reading(s) from before %s were too old and are dropped", dropped, oldest)
        except sqlite3.Error as error:
            self._disk.trouble("failing", f"cannot be written: {error}")

    async def _pause(self, seconds: float) -> None:
        """Wait, but not once the agent stops."""
        until = time.monotonic() + seconds
        while not self._finishing and (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 0.2))
