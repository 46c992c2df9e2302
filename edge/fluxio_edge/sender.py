"""Emptying the spool towards the API, at the pace that the API allows."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from datetime import datetime
from typing import Final

import httpx

from fluxio_edge.api import Outcome, Settled, Unsettled
from fluxio_edge.backoff import Backoff
from fluxio_edge.clock import GatewayClock
from fluxio_edge.condition import Condition
from fluxio_edge.config import AgentSetup
from fluxio_edge.errors import ConfigError
from fluxio_edge.faults import Faults
from fluxio_edge.heartbeat import Heartbeat
from fluxio_edge.lanes import Batch, Lanes
from fluxio_edge.progress import Beat
from fluxio_edge.reading import utc_now
from fluxio_edge.refusals import Refusals
from fluxio_edge.spool import Refused, Spool
from fluxio_edge.transport import Transport

_log = logging.getLogger(__name__)

#: While the key is refused: how often to look whether another key has been put in its place.
_KEY_LOOK_S: Final = 10.0
#: While nothing waits: how often to look whether another process has put something there.
_IDLE_S: Final = 10.0
#: How often the API is asked for the time if its answers do not tell it.
_ASK_S: Final = 60.0


class Sender:
    """Sends what is in the spool and settles each reading by its verdict.

    A reading leaves the spool only after the API's verdict on it. While the API is away, refuses
    the key or is busy, nothing leaves and polling goes on.
    """

    def __init__(
        self,
        setup: AgentSetup,
        spool: Spool,
        client: httpx.AsyncClient,
        clock: GatewayClock,
        heartbeat: Heartbeat | None = None,
    ) -> None:
        """`client` is used for every request and closed by the caller."""
        settings = setup.config.sending
        self._read_key = setup.read_key
        self._spool = spool
        self._clock = clock
        self._heartbeat = heartbeat
        self._transport = Transport(
            client,
            setup.api_url,
            timeout_s=settings.timeout_s,
            gzip_from=settings.gzip_from,
            heard=clock.heard,
            clock=clock,
        )
        self._linger = settings.linger_s
        self._timeout_s = settings.timeout_s
        self._refused_s = settings.refused_s
        self._backoff = Backoff(1.0, settings.backoff_max_s)
        self._lanes = Lanes(spool, settings)
        self._faults = Faults()
        self._refusals = Refusals()
        self._news = asyncio.Event()
        self._stop = asyncio.Event()
        self._key = ""
        self._ask_at = 0.0
        self.link = Condition("link", _log)
        self.beat = Beat("sending")
        self.accepted = 0
        self.refused = 0
        self.posts = 0
        self.accepted_at: datetime | None = None

    @property
    def signal(self) -> int | None:
        """The modem's signal strength as it was told last [dBm]."""
        return None if self._heartbeat is None else self._heartbeat.signal

    def notify(self) -> None:
        """Readings were stored."""
        self._news.set()

    def stop(self) -> None:
        """End `run` soon: after the POST that is on its way, and after what waits if that goes well."""
        self._stop.set()
        self._news.set()

    async def run(self) -> None:
        """Send until `stop` is called; raises nothing. Cancelled, it leaves the spool as it is."""
        while not self._stop.is_set():
            self.beat.expect(4 * self._timeout_s)  # a heartbeat, and a POST without compression and again
            self._news.clear()
            delay = await self.send_once()
            if delay is None:
                await self._wait_for_key()
            elif delay and self.link.kind is None:
                await self._wait_for_news(delay)
            elif delay:
                await self._pause(delay)
        while self._spool.waiting > self._spool.held and self.link.kind is None:
            delay = await self.send_once()
            if delay is None:
                break
            await asyncio.sleep(delay)

    async def send_once(self) -> float | None:
        """Send one batch; the seconds to wait before the next, None if the key is refused."""
        try:
            if not self._clock.knows_api and (delay := await self._ask_the_time()):
                return delay
            if self._heartbeat is not None and self._heartbeat.due_in == 0 and self.link.kind is None:
                await self._heartbeat.send(self._transport, self._read_key())
            batch = await asyncio.to_thread(self._next_batch)
            if batch is None:
                return self._rest()
            self._key = self._read_key()
            started = time.monotonic()
            outcome = await self._transport.post_readings(self._key, batch.readings)
            self.posts += 1
            return await self._apply(outcome, batch, time.monotonic() - started)
        except ConfigError as error:
            self.link.trouble("key", f"sending pauses, readings are kept: {error}")
            self._key = ""
            return None
        except sqlite3.Error as error:
            self.link.trouble("disk", f"the spool cannot be read: {error}")
            return self._backoff.next_delay()

    async def _ask_the_time(self) -> float:
        """The clock is in doubt: the API tells the time with every answer. The wait if there is none."""
        if time.monotonic() < self._ask_at:
            return 0.0
        silent = await self._transport.ask()
        if silent is None:
            self._ask_at = time.monotonic() + _ASK_S  # unless it told the time
            return 0.0
        return self._trouble(silent)

    def _next_batch(self) -> Batch | None:
        """What to send now, with the times of readings that were held back if they are known. Reads the disk."""
        hindsight = self._clock.hindsight()
        if hindsight is not None and self._spool.held:
            self._spool.release(hindsight)
        if self._spool.refresh():
            self._lanes.all_is_backlog()
        return self._lanes.next_batch(self._faults.passed)

    def _rest(self) -> float:
        """Nothing is to be sent now; how long, if no reading is stored meanwhile."""
        if self._faults.passed:
            self._faults.start_over()
            return self._backoff.next_delay()
        waits = [_IDLE_S, self._lanes.backlog_due_in, self._heartbeat and self._heartbeat.due_in]
        return min(wait for wait in waits if wait)

    async def _apply(self, outcome: Outcome, batch: Batch, took: float) -> float | None:
        if isinstance(outcome, Settled):
            await self._settle(batch, outcome)
            self._lanes.sent(batch, took)
            self._backoff.reset()
            if self.link.kind is not None:
                self._lanes.all_is_backlog()
            self.link.well(f"readings are accepted again, {self._spool.waiting} wait")
            return 0.0
        if outcome.kind == "key":
            self.link.trouble("key", f"sending pauses, readings are kept: {outcome.reason}")
            return None
        count = len(batch.readings)
        if outcome.kind in ("body", "size") and (count > 1 or outcome.code):
            return await self._narrow(outcome, batch)
        if outcome.kind in ("fault", "slow") and count > 1:
            batch.size.halve(count, lasting=False)
        elif outcome.kind == "fault" and self._faults.failed(batch.readings[0].seq):
            return await self._narrow(outcome, batch)
        return self._trouble(outcome)

    def _trouble(self, outcome: Unsettled) -> float:
        """Say what is wrong with the link; how long to wait."""
        self.link.trouble("away" if outcome.kind == "slow" else outcome.kind, f"readings are kept: {outcome.reason}")
        delay = self._backoff.next_delay()
        return delay if outcome.retry_after is None else outcome.retry_after + delay / 10

    async def _narrow(self, outcome: Unsettled, batch: Batch) -> float:
        """Halve the batch until one reading is left; that one is to blame."""
        count = len(batch.readings)
        if count > 1:
            batch.size.halve(count, lasting=outcome.kind == "size")
            return 0.0
        await self._settle(batch, Settled((), (Refused(batch.readings[0].seq, outcome.code, outcome.reason),)))
        batch.size.succeeded()
        return 0.0

    async def _settle(self, batch: Batch, outcome: Settled) -> None:
        await asyncio.to_thread(self._spool.settle, outcome.accepted, outcome.refused)
        self._faults.settled([*outcome.accepted, *(each.seq for each in outcome.refused)])
        self._refusals.tell(batch.readings, outcome)
        self.accepted += len(outcome.accepted)
        self.refused += len(outcome.refused)
        self.accepted_at = utc_now()

    async def _wait_for_key(self) -> None:
        """Wait for the next attempt, or until there is another key than the refused one."""
        until = time.monotonic() + self._refused_s
        while not self._stop.is_set() and (left := until - time.monotonic()) > 0:
            await self._pause(min(left, _KEY_LOOK_S))
            try:
                if self._read_key() != self._key:
                    return
            except ConfigError:
                continue

    async def _wait_for_news(self, seconds: float) -> None:
        """Wait until readings were stored and others had time to join them, but no longer than `seconds`."""
        self.beat.expect(seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
                until = time.monotonic() + self._linger
                while not self._stop.is_set() and not self._lanes.has_full_batch:
                    self._news.clear()
                    async with asyncio.timeout(max(0.0, until - time.monotonic())):
                        await self._news.wait()

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than until `stop`."""
        self.beat.expect(seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()
