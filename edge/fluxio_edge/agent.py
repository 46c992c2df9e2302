"""The agent: meters -> spool -> API, wired together."""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from urllib.parse import urlsplit

import httpx

from fluxio_edge.buses import Buses
from fluxio_edge.config import AgentSetup
from fluxio_edge.meter_settings import MeterSettings
from fluxio_edge.poller import Poller, Store
from fluxio_edge.reading import Clock, Reading, utc_now
from fluxio_edge.sender import Sender
from fluxio_edge.spool import Spool

_log = logging.getLogger(__name__)

#: How long a stopping agent may take to send what it has.
_FLUSH_S = 3.0


async def run_agent(setup: AgentSetup, spool: Spool, stop: asyncio.Event, *, clock: Clock = utc_now) -> None:
    """Poll, store and send until `stop` is set, then send what waits if that is quickly done.

    The caller closes `spool`.
    """
    buses = Buses(setup.config)
    async with _client(setup) as client:
        sender = Sender(setup, spool, client)

        async def store(reading: Reading) -> None:
            await asyncio.to_thread(spool.add, reading)
            sender.notify()

        pollers = [_poller(setup, meter, buses, store, clock) for meter in setup.config.meters]
        _log.info("polling %s meter(s), sending to %s", len(pollers), setup.api_url)
        polling = [asyncio.create_task(poller.run()) for poller in pollers]
        sending = asyncio.create_task(sender.run())
        try:
            await _until(stop, sending)
            await _cancel(*polling)
            sender.stop()
            await asyncio.wait({sending}, timeout=_FLUSH_S)
        finally:
            await _cancel(*polling, sending)
            buses.close()
    _log.info("stopped, %s reading(s) wait", spool.waiting)


def _poller(setup: AgentSetup, meter: MeterSettings, buses: Buses, store: Store, clock: Clock) -> Poller:
    return Poller(
        meter.device_id,
        setup.profiles[meter.profile],
        buses.link(meter),
        store,
        interval_s=meter.interval_s,
        backoff_max_s=setup.config.bus_of(meter).backoff_max_s,
        clock=clock,
    )


def _client(setup: AgentSetup) -> httpx.AsyncClient:
    """One kept-alive connection; a proxy of the environment is not used for a local API."""
    host = urlsplit(setup.api_url).hostname
    return httpx.AsyncClient(
        timeout=setup.config.sending.timeout_s,
        limits=httpx.Limits(max_connections=1, keepalive_expiry=120),
        trust_env=host not in ("127.0.0.1", "::1", "localhost"),
    )


async def _until(stop: asyncio.Event, sending: asyncio.Task[None]) -> None:
    """Until `stop` is set; raises what the sender raised if it ends by itself, which is a fault."""
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({stopping, sending}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _cancel(stopping)
    if sending.done():
        sending.result()


async def _cancel(*tasks: asyncio.Task[Any]) -> None:
    """Cancel until they end: Python 3.11's wait_for loses a cancellation that meets a result (bpo-37658)."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.1)
    await asyncio.gather(*tasks, return_exceptions=True)
