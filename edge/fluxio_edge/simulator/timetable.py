"""When a plant's meters do what by themselves: the `[[events]]` of its file."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from fluxio_edge.simulator.command import Command
from fluxio_edge.simulator.plant_file import Event

#: Whether it begins something (after what ends at the same moment), when, and what.
_Step = tuple[datetime, bool, Command]


def timetable(events: Iterable[Event], meter: str, start: datetime) -> Iterator[tuple[datetime, Command]]:
    """The commands to `meter` from `start` on, by time; endless if an event repeats.

    What is still going on at `start` begins then.
    """
    steps = heapq.merge(
        *(_steps(event, start) for event in events if event.meters is None or meter in event.meters),
        key=lambda step: step[:2],
    )
    return ((moment, command) for moment, _, command in steps)


def _steps(event: Event, start: datetime) -> Iterator[_Step]:
    first = start + timedelta(seconds=event.at_s) if event.at is None else event.at
    command = event.command()
    for begin in _beginnings(event, first, start):
        end = None if event.for_s is None else begin + timedelta(seconds=event.for_s)
        if end is not None and end <= start:
            continue
        yield max(begin, start), True, command
        if end is not None:
            yield end, False, command.undone()


def _beginnings(event: Event, first: datetime, start: datetime) -> Iterator[datetime]:
    if event.every_s is None:
        yield first
        return
    period = timedelta(seconds=event.every_s)
    missed = max(0, (start - first) // period)
    for number in itertools.count(missed):
        yield first + number * period
