"""Emptying the spool towards the API, at the pace that the API allows."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3

import httpx

from fluxio_edge.api import Outcome, Settled, Unsettled, post_readings
from fluxio_edge.backoff import Backoff
from fluxio_edge.batch_size import BatchSize
from fluxio_edge.condition import Condition
from fluxio_edge.config import AgentSetup
from fluxio_edge.errors import ConfigError
from fluxio_edge.faults import Faults
from fluxio_edge.refusals import Refusals
from fluxio_edge.spool import Refused, Spool, Spooled

_log = logging.getLogger(__name__)

#: While the key is refused: how often to look whether another key has been put in its place.
_KEY_LOOK_S = 10.0


class Sender:
    """Sends what is in the spool, the oldest first, and settles each reading by its verdict.

    A reading leaves the spool only after the API's verdict on it. While the API is away, refuses
    the key or is busy, nothing leaves and polling goes on.
    """

    def __init__(self, setup: AgentSetup, spool: Spool, client: httpx.AsyncClient) -> None:
        """`client` is used for every request and closed by the caller."""
        settings = setup.config.sending
        self._read_key = setup.read_key
        self._url = setup.api_url
        self._spool = spool
        self._client = client
        self._linger = settings.linger_s
        self._timeout_s = settings.timeout_s
        self._refused_s = settings.refused_s
        self._backoff = Backoff(1.0, settings.backoff_max_s)
        self._size = BatchSize(settings.batch)
        self._faults = Faults()
        self._link = Condition("link", _log)
        self._refusals = Refusals()
        self._news = asyncio.Event()
        self._stop = asyncio.Event()
        self._key = ""

    def notify(self) -> None:
        """A reading was stored."""
        self._news.set()

    def stop(self) -> None:
        """End `run` soon: after the POST that is on its way, and after what waits if that goes well."""
        self._stop.set()
        self._news.set()

    async def run(self) -> None:
        """Send until `stop` is called; raises nothing. Cancelled, it leaves the spool as it is."""
        while not self._stop.is_set():
            self._news.clear()
            if not self._spool.waiting:
                await self._news.wait()
                await self._pause(self._linger)
            delay = await self.send_once()
            if delay is None:
                await self._wait_for_key()
            elif delay:
                await self._pause(delay)
        while self._spool.waiting and self._link.kind is None:
            await self.send_once()

    async def send_once(self) -> float | None:
        """Send one batch; the seconds to wait before the next, None if the key is refused."""
        try:
            batch = await asyncio.to_thread(self._spool.oldest, self._size.limit, after=self._faults.passed)
            if not batch:
                self._faults.start_over()
                return self._backoff.next_delay()
            self._key = self._read_key()
            outcome = await post_readings(self._client, self._url, self._key, batch, timeout_s=self._timeout_s)
            return await self._apply(outcome, batch)
        except ConfigError as error:
            self._link.trouble("key", f"sending pauses, readings are kept: {error}")
            self._key = ""
            return None
        except sqlite3.Error as error:
            self._link.trouble("disk", f"the spool cannot be read: {error}")
            return self._backoff.next_delay()

    async def _apply(self, outcome: Outcome, batch: list[Spooled]) -> float | None:
        if isinstance(outcome, Settled):
            await self._settle(batch, outcome)
            self._size.succeeded()
            self._backoff.reset()
            self._link.well(f"readings are accepted again, {self._spool.waiting} wait")
            return 0.0
        if outcome.kind == "key":
            self._link.trouble("key", f"sending pauses, readings are kept: {outcome.reason}")
            return None
        if outcome.kind in ("body", "size") and (len(batch) > 1 or outcome.code):
            return await self._narrow(outcome, batch)
        if outcome.kind in ("fault", "slow") and len(batch) > 1:
            self._size.halve(len(batch), lasting=False)
        elif outcome.kind == "fault" and self._faults.failed(batch[0].seq):
            return await self._narrow(outcome, batch)
        self._link.trouble("away" if outcome.kind == "slow" else outcome.kind, f"readings are kept: {outcome.reason}")
        delay = self._backoff.next_delay()
        return delay if outcome.retry_after is None else outcome.retry_after + delay / 10

    async def _narrow(self, outcome: Unsettled, batch: list[Spooled]) -> float:
        """Halve the batch until one reading is left; that one is to blame."""
        if len(batch) > 1:
            self._size.halve(len(batch), lasting=outcome.kind == "size")
            return 0.0
        await self._settle(batch, Settled((), (Refused(batch[0].seq, outcome.code, outcome.reason),)))
        self._size.succeeded()
        return 0.0

    async def _settle(self, batch: list[Spooled], outcome: Settled) -> None:
        await asyncio.to_thread(self._spool.settle, outcome.accepted, outcome.refused)
        self._faults.settled([*outcome.accepted, *(each.seq for each in outcome.refused)])
        self._refusals.tell(batch, outcome)

    async def _wait_for_key(self) -> None:
        """Wait for the next attempt, or until there is another key than the refused one."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._refused_s
        while not self._stop.is_set() and (left := until - loop.time()) > 0:
            await self._pause(min(left, _KEY_LOOK_S))
            try:
                if self._read_key() != self._key:
                    return
            except ConfigError:
                continue

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than until `stop`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()
