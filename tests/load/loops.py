"""Load: as fast as answers come (closed loop), or at a given rate whatever the answers do (open loop)."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from .machine import Machine, used_between
from .plant import Gateway
from .ways import Open


@dataclass
class Sample:
    """What some seconds of load did."""

    seconds: float = 0.0
    #: Of each POST that was answered [s], in no order.
    latencies: list[float] = field(default_factory=list)
    readings: int = 0
    #: Stored beside what was measured: each connection's first POST.
    warmed_up: int = 0
    #: By part [s].
    cpu_s: dict[str, float] = field(default_factory=dict)

    def add(self, other: Sample) -> None:
        """Take in another turn of the same."""
        self.seconds += other.seconds
        self.latencies += other.latencies
        self.readings += other.readings
        self.warmed_up += other.warmed_up
        for name, used in other.cpu_s.items():
            self.cpu_s[name] = self.cpu_s.get(name, 0.0) + used

    @property
    def requests_per_s(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def readings_per_s(self) -> float:
        return self.readings / self.seconds

    def percentile_ms(self, share: float) -> float:
        """The latency that `share` of the POSTs stayed within [ms]."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000

    def cores(self, name: str) -> float:
        """How many cores a part kept busy."""
        return self.cpu_s.get(name, 0.0) / self.seconds


async def closed_loop(way: Open, gateways: list[Gateway], batch: int, seconds: float, machine: Machine) -> Sample:
    """Every gateway on a connection of its own, each POST right after the answer to the last."""
    sample = Sample()
    async with AsyncExitStack() as stack:
        senders = [(await stack.enter_async_context(way(gateway)), gateway.feed()) for gateway in gateways]
        for send, feed in senders:
            await send(feed.rows(batch))
            sample.warmed_up += batch
        before, began = machine.cpu_s(), time.perf_counter()

        async def run(number: int) -> None:
            send, feed = senders[number]
            while time.perf_counter() < began + seconds:
                rows = feed.rows(batch)
                posted = time.perf_counter()
                await send(rows)
                sample.latencies.append(time.perf_counter() - posted)
                sample.readings += batch

        async with asyncio.TaskGroup() as group:
            for number in range(len(senders)):
                group.create_task(run(number))
        sample.seconds = time.perf_counter() - began
        sample.cpu_s = used_between(before, machine.cpu_s())
    return sample


async def open_loop(
    way: Open, gateways: list[Gateway], batch: int, posts_per_s: float, seconds: float, machine: Machine
) -> Sample:
    """POSTs at their times, by whichever gateway is free; a latency counts from when its POST was due."""
    sample = Sample()
    async with AsyncExitStack() as stack:
        free: asyncio.Queue[int] = asyncio.Queue()
        senders = [(await stack.enter_async_context(way(gateway)), gateway.feed()) for gateway in gateways]
        for number, (send, feed) in enumerate(senders):
            await send(feed.rows(batch))
            sample.warmed_up += batch
            free.put_nowait(number)
        before, began = machine.cpu_s(), time.perf_counter()

        async def post(due: float) -> None:
            number = await free.get()
            send, feed = senders[number]
            await send(feed.rows(batch))
            sample.latencies.append(time.perf_counter() - due)
            sample.readings += batch
            free.put_nowait(number)

        async with asyncio.TaskGroup() as group:
            for place in range(max(round(posts_per_s * seconds), 1)):
                due = began + place / posts_per_s
                await asyncio.sleep(max(due - time.perf_counter(), 0))
                group.create_task(post(due))
        sample.seconds = time.perf_counter() - began
        sample.cpu_s = used_between(before, machine.cpu_s())
    return sample
