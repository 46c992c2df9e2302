"""Running a plant until it is told to stop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from typing import Literal

from fluxio_edge.errors import ConfigError
from fluxio_edge.simulator.control import Control
from fluxio_edge.simulator.modbus_server import PlantServer
from fluxio_edge.simulator.plant import Plant


async def run_plant(
    plant: Plant,
    stop: asyncio.Event,
    say: Callable[[str], None],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    framer: Literal["socket", "rtu"] = "socket",
    control_port: int = 0,
) -> None:
    """Serve `plant` until `stop` is set; `say` gets one line of JSON when it can be polled.

    The line: {"ready": true, "host": ..., "port": ..., "framer": ..., "control": "http://...",
    "meters": {NAME: UNIT, ...}}. Raises ConfigError if a port is taken.
    """
    try:
        control = Control(plant, port=control_port)
    except OSError as error:
        raise ConfigError(f"control port {control_port} cannot be used: {error.strerror}") from error
    with closing(control):
        server = PlantServer(plant, host=host, port=port, framer=framer)
        try:
            await server.start()
        except RuntimeError as error:
            raise ConfigError(f"Modbus port {port} on {host} cannot be used") from error
        try:
            ready = {
                "ready": True,
                "host": host,
                "port": server.port,
                "framer": framer,
                "control": control.url,
                "meters": {name: meter.settings.unit for name, meter in plant.meters.items()},
            }
            say(json.dumps(ready))
            await stop.wait()
        finally:
            await server.stop()
