"""The agent: meters -> spool -> API, wired together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from fluxio_edge.buses import Buses
from fluxio_edge.clock import GatewayClock, Sources
from fluxio_edge.config import AgentSetup
from fluxio_edge.heartbeat import Heartbeat
from fluxio_edge.meter_settings import MeterSettings
from fluxio_edge.poller import Poller
from fluxio_edge.progress import MeterState
from fluxio_edge.reading import Reading
from fluxio_edge.sender import Sender
from fluxio_edge.spool import Spool
from fluxio_edge.status import Status
from fluxio_edge.status_page import serving
from fluxio_edge.systemd import Systemd
from fluxio_edge.transport import open_client
from fluxio_edge.watchdog import Watchdog
from fluxio_edge.writer import Writer

_log = logging.getLogger(__name__)

#: How long a stopping agent may take to send what it has.
_FLUSH_S = 3.0


async def run_agent(
    setup: AgentSetup,
    spool: Spool,
    stop: asyncio.Event,
    *,
    sources: Sources | None = None,
    systemd: Systemd | None = None,
) -> None:
    """Poll, store and send until `stop` is set, then send what waits if that is quickly done.

    The caller closes `spool`. Raises ConfigError.
    """
    config, systemd = setup.config, systemd or Systemd()
    clock = GatewayClock(config.clock, sources)
    meters = [MeterState(meter.device_id, clock=clock) for meter in config.meters]
    status = Status(spool, clock, meters)
    buses = Buses(config)
    async with open_client(config.api, config.sending, setup.api_url) as client:
        status.sender = sender = Sender(setup, spool, client, clock, Heartbeat(config.heartbeat, status.for_api))
        status.writer = writer = Writer(spool, config.spool, clock, sender.notify)
        polling = [
            asyncio.create_task(_poller(setup, meter, buses, writer, clock, state).run())
            for meter, state in zip(config.meters, meters, strict=True)
        ]
        storing, sending = asyncio.create_task(writer.run()), asyncio.create_task(sender.run())
        beats = [writer.beat, sender.beat, *(meter.beat for meter in meters)]
        async with contextlib.AsyncExitStack() as exits:
            exits.callback(buses.close)
            exits.push_async_callback(_cancel, *polling, storing, sending)
            if config.status.enabled:
                await exits.enter_async_context(serving(status.snapshot, config.status.port))
            watchdog = exits.enter_context(Watchdog(beats, config.status.stuck_s))
            watching = asyncio.create_task(watchdog.run(systemd, status.line))
            exits.push_async_callback(_cancel, watching)
            _log.info("polling %s meter(s), sending to %s", len(meters), setup.api_url)
            systemd.ready()
            await _until(stop, storing, sending)
            systemd.stopping()
            await _cancel(*polling)
            writer.finish()
            await asyncio.wait({storing}, timeout=_FLUSH_S)
            sender.stop()
            await asyncio.wait({sending}, timeout=_FLUSH_S)
    _log.info("stopped, %s reading(s) wait", spool.waiting)


def _poller(
    setup: AgentSetup,
    meter: MeterSettings,
    buses: Buses,
    writer: Writer,
    clock: GatewayClock,
    state: MeterState,
) -> Poller:
    async def store(reading: Reading) -> None:
        state.reading = reading
        await writer.store(reading)

    return Poller(
        meter.device_id,
        setup.profiles[meter.profile],
        buses.link(meter),
        store,
        interval_s=meter.interval_s,
        backoff_max_s=setup.config.bus_of(meter).backoff_max_s,
        clock=clock,
        state=state,
    )


async def _until(stop: asyncio.Event, *work: asyncio.Task[None]) -> None:
    """Until `stop` is set; raises what one of `work` raised if it ends by itself, which is a fault."""
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({stopping, *work}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _cancel(stopping)
    for task in work:
        if task.done():
            task.result()


async def _cancel(*tasks: asyncio.Task[Any]) -> None:
    """Cancel until they end: Python 3.11's wait_for loses a cancellation that meets a result (bpo-37658)."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.1)
    await asyncio.gather(*tasks, return_exceptions=True)
