"""Running a plant until it is told to stop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path

from fluxio_edge.errors import ConfigError
from fluxio_edge.simulator.answer_log import AnswerLog
from fluxio_edge.simulator.bus import Record
from fluxio_edge.simulator.control import open_control
from fluxio_edge.simulator.plant import Plant
from fluxio_edge.simulator.plant_file import MAIN_BUS, SimulatedBus
from fluxio_edge.simulator.serial_server import SerialServer
from fluxio_edge.simulator.tcp_server import TcpServer


async def run_plant(
    plant: Plant,
    stop: asyncio.Event,
    say: Callable[[str], None],
    *,
    main: SimulatedBus,
    control_port: int = 0,
    answers: Path | None = None,
) -> None:
    """Serve `plant` until `stop` is set; `say` gets one line of JSON when it can be polled.

    `main` says where the meters answer that name no bus; each answer with words is written to the
    file `answers`. The line: {"ready": true, "host": ..., "port": ..., "framer": ...,
    "control": "http://...", "meters": {NAME: UNIT, ...}, "buses": {NAME: {"kind": "tcp", "host": ...,
    "port": ...} or {"kind": "serial", "device": ...}, ...}}; host, port and framer are those of `main`.
    Raises ConfigError if a port or a device cannot be used.
    """
    async with AsyncExitStack() as opened:
        control = opened.enter_context(closing(open_control(plant, control_port)))
        log = opened.enter_context(closing(_answer_log(answers))) if answers else None
        places = {}
        for bus in _buses(plant, main):
            places[bus.name] = await _serve(plant, bus, log, opened)
        ready = {
            "ready": True,
            "host": places.get(MAIN_BUS, {}).get("host"),
            "port": places.get(MAIN_BUS, {}).get("port"),
            "framer": "socket" if main.kind == "tcp" else "rtu",
            "control": control.url,
            "meters": {name: meter.settings.unit for name, meter in plant.meters.items()},
            "buses": places,
        }
        say(json.dumps(ready))
        await stop.wait()


def _buses(plant: Plant, main: SimulatedBus) -> list[SimulatedBus]:
    """The file's, and the main one if a meter is on it."""
    used = any(meter.settings.bus == MAIN_BUS for meter in plant.meters.values())
    return [main.model_copy(update={"name": MAIN_BUS})] * used + plant.file.buses


async def _serve(plant: Plant, bus: SimulatedBus, log: Record | None, opened: AsyncExitStack) -> dict[str, object]:
    """Serve one bus until `opened` ends; where it can be polled."""
    meters = plant.bus(bus.name, record=log)
    if bus.kind == "serial":
        line = SerialServer(
            meters, device=bus.device, baud_rate=bus.baud_rate, parity=bus.parity, stop_bits=bus.stop_bits
        )
        await line.start()
        opened.push_async_callback(line.stop)
        return {"kind": bus.kind, "device": line.path}
    server = TcpServer(meters, host=bus.host, port=bus.port, framing="socket" if bus.kind == "tcp" else "rtu")
    await server.start()
    opened.push_async_callback(server.stop)
    return {"kind": bus.kind, "host": bus.host, "port": server.port}


def _answer_log(path: Path) -> AnswerLog:
    try:
        return AnswerLog(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
