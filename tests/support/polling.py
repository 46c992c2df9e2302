"""Polling in the test's own process, without spool and sender."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from fluxio_edge.buses import Buses
from fluxio_edge.meter_settings import MeterTables
from fluxio_edge.poller import Poller
from fluxio_edge.profiles import load_profile
from fluxio_edge.reading import Reading, utc_now


class Polled:
    """Readings by meter, as the bodies that would be sent."""

    def __init__(self) -> None:
        self.readings: dict[str, list[dict[str, Any]]] = {}

    async def store(self, reading: Reading) -> None:
        self.readings.setdefault(reading.device_id, []).append(json.loads(reading.body))

    def of(self, meter: str) -> list[dict[str, Any]]:
        return self.readings.get(meter, [])


async def poll_until(
    tables: dict[str, Any], enough: Callable[[Polled], object], *, seconds: float = 30, polled: Polled | None = None
) -> Polled:
    """Poll what `tables` (as in the file) describe until `enough` says so; fails after `seconds`."""
    settings = MeterTables.model_validate(tables)
    polled = polled or Polled()
    buses = Buses(settings)
    pollers = [
        Poller(
            meter.device_id,
            load_profile(meter.profile),
            buses.link(meter),
            polled.store,
            interval_s=meter.interval_s,
            backoff_max_s=settings.bus_of(meter).backoff_max_s,
            clock=utc_now,
        )
        for meter in settings.meters
    ]
    tasks = [asyncio.create_task(poller.run()) for poller in pollers]
    try:
        async with asyncio.timeout(seconds):
            while not enough(polled):
                await asyncio.sleep(0.02)
    finally:
        while pending := [task for task in tasks if not task.done()]:
            for task in pending:
                task.cancel()
            await asyncio.wait(pending, timeout=0.1)
        buses.close()
    return polled
