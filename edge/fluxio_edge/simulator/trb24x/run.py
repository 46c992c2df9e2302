"""Running a gateway beside its plant until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from contextlib import closing

import httpx

from fluxio_edge.simulator.control import open_control
from fluxio_edge.simulator.plant import Plant
from fluxio_edge.simulator.trb24x.gateway import Gateway, Target
from fluxio_edge.simulator.trb24x.shapes import Shape

_TIMEOUT_S = 30.0


async def run_gateway(
    plant: Plant,
    shape: Shape,
    target: Target,
    stop: asyncio.Event,
    say: Callable[[str], None],
    *,
    segments: int | None,
    poll_s: float,
    period_s: float,
    control_port: int = 0,
) -> None:
    """Poll every `poll_s` and POST every `period_s` seconds until `stop` is set.

    `say` gets a line of JSON at the beginning, {"ready": true, "control": "http://..."}, and one at the
    end, {"posts": ..., "waiting": ...}. Raises ConfigError if the control's port is taken.
    """
    with closing(open_control(plant, control_port)) as control:
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as client:
            gateway = Gateway(plant, shape, target, client, segments=segments)
            say(json.dumps({"ready": True, "control": control.url}))

            async def poll() -> None:
                gateway.poll()

            work = [asyncio.create_task(_repeat(poll, poll_s)), asyncio.create_task(_repeat(gateway.collect, period_s))]
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({stopping, *work}, return_when=asyncio.FIRST_COMPLETED)
            for task in (stopping, *work):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            say(json.dumps({"posts": gateway.posts, "waiting": gateway.waiting}))


async def _repeat(work: Callable[[], Awaitable[None]], period_s: float) -> None:
    """Do it now and once each period; what takes longer than a period is not made up for."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        await work()
        due = max(due + period_s, loop.time())
        await asyncio.sleep(due - loop.time())
