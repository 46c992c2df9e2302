"""An agent in this process, on a gateway whose clocks the test has in its hands."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from fluxio_edge.agent import run_agent
from fluxio_edge.clock import Sources
from fluxio_edge.config import Environment, load_agent
from fluxio_edge.spool import Spool
from support.receiver import wait_until


class Clocks:
    """A gateway that was switched on in 1970, for all it knows."""

    def __init__(self) -> None:
        self.behind = time.time() - 20.0
        self.synchronized = False

    @property
    def sources(self) -> Sources:
        return Sources(
            wall=lambda: time.time() - self.behind,
            is_synchronized=lambda: self.synchronized,
            boot_id=lambda: "boot-1",
        )

    def set(self) -> None:
        self.behind, self.synchronized = 0.0, True


Story = Callable[[Spool], Awaitable[None]]


async def eventually(condition: Callable[[], object], what: str) -> None:
    await asyncio.to_thread(wait_until, condition, what)


def live(story: Story, clocks: Clocks, config: Path, *, wait_s: float) -> None:
    """An agent of `config` in this process, on a gateway with `clocks`, until `story` has been told."""
    config.write_text(f"{config.read_text()}\n[clock]\nwait_s = {wait_s}")
    setup = load_agent(config, Environment(api_url=None, api_key=None, api_key_file=None))

    async def both(spool: Spool) -> None:
        stop = asyncio.Event()
        agent = asyncio.create_task(run_agent(setup, spool, stop, sources=clocks.sources))
        try:
            await story(spool)
        finally:
            stop.set()
            await agent

    with Spool(setup.config.spool.path) as spool:
        asyncio.run(both(spool))
