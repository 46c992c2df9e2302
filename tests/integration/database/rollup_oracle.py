"""What statistics must say, computed from readings in plain Python, by other code than the database's."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Meter:
    """What a device's configuration says about its readings."""

    device_id: str
    interval_s: int = 60
    totalizer_max: float | None = None
    subtracts: bool = False


@dataclass(frozen=True)
class Sample:
    """One reading."""

    at: datetime
    flow: float | None
    totalizer: float | None
    quality: str = "good"

    @property
    def is_bad(self) -> bool:
        return self.quality == "bad"


@dataclass(frozen=True)
class Statistics:
    """The columns of get_flow_statistics, in its order."""

    avg: float | None
    low: float | None
    high: float | None
    volume: float | None
    points: int
    resets: int
    rollovers: int
    expected: int
    received: int
    bad: int


def statistics(meter: Meter, samples: Iterable[Sample], start: datetime, end: datetime) -> Statistics:
    """What `get_flow_statistics` has to answer about `start <= at < end`."""
    line = sorted(samples, key=lambda sample: sample.at)
    inside = [sample for sample in line if start <= sample.at < end]
    flows = [sample.flow for sample in inside if not sample.is_bad and sample.flow is not None]
    volumes: list[float] = []
    kinds: list[str] = []
    previous: float | None = None
    for sample in line:
        if sample.is_bad or sample.totalizer is None:
            continue
        if previous is not None and start <= sample.at < end:
            kind, volume = step(meter, previous, sample.totalizer)
            kinds.append(kind)
            volumes.append(volume)
        previous = sample.totalizer
    bad = sum(sample.is_bad for sample in inside)
    return Statistics(
        avg=math.fsum(flows) / len(flows) if flows else None,
        low=min(flows, default=None),
        high=max(flows, default=None),
        volume=math.fsum(volumes) if volumes else None,
        points=len(inside) - bad,
        resets=kinds.count("reset"),
        rollovers=kinds.count("rollover"),
        expected=due(meter, line[0].at, start, end) if line else 0,
        received=len(inside),
        bad=bad,
    )


def step(meter: Meter, previous: float, following: float) -> tuple[str, float]:
    """The kind of a step of the counter and what it is worth [m3]."""
    change = following - previous
    end = meter.totalizer_max
    if change >= 0:
        return "forward", change
    if end is not None and previous > 0.9 * end and 0 <= following < 0.1 * end:
        return "rollover", max(end - previous, 0) + following
    if -change <= abs(previous) / 100:
        return "reverse", change if meter.subtracts else 0
    return "reset", 0


def hour_of(at: datetime) -> datetime:
    """The UTC hour of an instant, whatever zone it is told in."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def due(meter: Meter, first: datetime, start: datetime, end: datetime) -> int:
    """How many readings the window owes, from the hour of the first one on."""

    def passed(at: datetime) -> int:
        return -((EPOCH - at) // timedelta(seconds=meter.interval_s))

    start = max(start, hour_of(first))
    end = min(end, datetime.now(UTC))
    return passed(end) - passed(start) if start < end else 0


def same(one: Sequence[float | int | None], other: Sequence[float | int | None]) -> bool:
    """Whether rows are equal, doubles to 1e-9 of their size."""
    return len(one) == len(other) and all(
        a == b or (a is not None and b is not None and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9))
        for a, b in zip(one, other, strict=True)
    )


def invent(meter: Meter, chance: random.Random, start: datetime, hours: int) -> list[Sample]:
    """Some days of a badly behaved meter: gaps, ghosts, bad and half readings, noise, resets, rollovers."""
    samples: dict[datetime, Sample] = {}
    at, total = start, chance.uniform(0, 900)
    while at < start + hours * HOUR:
        at += timedelta(microseconds=chance.randrange(1, 2 * meter.interval_s * 1_000_000))
        if chance.random() < 0.01:
            at += timedelta(minutes=chance.randrange(30, 400))
        total += chance.uniform(0, 5)
        event = chance.random()
        if event < 0.02:
            total -= 0.009 * abs(total)
        elif event < 0.03:
            total = chance.uniform(0, 20)
        elif meter.totalizer_max is not None and total > meter.totalizer_max:
            total -= meter.totalizer_max
        flow: float | None = chance.uniform(-5, 100)
        totalizer: float | None = total
        quality = chance.choices(["good", "suspect", "bad"], [90, 6, 4])[0]
        if chance.random() < 0.1:
            totalizer = None
        elif chance.random() < 0.1:
            flow = None
        if chance.random() < 0.02:
            flow, totalizer, quality = 0.0, 0.0, "bad"  # a ghost
        samples[at] = Sample(at, flow, totalizer, quality)
    return list(samples.values())
