"""What a plant's meters do by themselves."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice

import pytest
from pydantic import ValidationError

from fluxio_edge.simulator.command import Command
from fluxio_edge.simulator.plant import Plant
from fluxio_edge.simulator.plant_file import Event, PlantFile
from fluxio_edge.simulator.timetable import timetable
from support.hand_clock import NOON, HandClock

METERS = [{"name": "M1", "unit": 1, "mean_flow": 58}, {"name": "M2", "unit": 2, "mean_flow": 58}]


def event(**fields: object) -> Event:
    return Event.model_validate(fields)


def plant_of(clock: HandClock, *events: dict[str, object]) -> Plant:
    return Plant(PlantFile.model_validate({"meters": METERS, "events": list(events)}), clock=clock)


def seconds(events: list[Event], count: int, *, start_s: float = 0) -> list[tuple[float, Command]]:
    steps = islice(timetable(events, "M1", NOON + timedelta(seconds=start_s)), count)
    return [((moment - NOON).total_seconds(), command) for moment, command in steps]


SILENT, MENDED = Command(fault="silent"), Command(fault=None)


def test_an_event_begins_ends_and_comes_again() -> None:
    steps = seconds([event(fault="silent", at_s=30, for_s=20, every_s=600)], 4)
    assert steps == [(30, SILENT), (50, MENDED), (630, SILENT), (650, MENDED)]


def test_an_event_without_an_end_stays() -> None:
    assert seconds([event(fault="silent", at_s=30)], 9) == [(30, SILENT)]


def test_events_are_by_time_and_what_ends_makes_room_for_what_begins() -> None:
    events = [event(fault="busy", at_s=20, for_s=5), event(fault="silent", at_s=10, for_s=10)]
    steps = seconds(events, 4)
    assert [(at, command.fault) for at, command in steps] == [(10, "silent"), (20, None), (20, "busy"), (25, None)]


def test_a_moment_of_long_ago_that_comes_again_is_found_where_it_is_now() -> None:
    daily = event(fault="silent", at=NOON - timedelta(days=4000), for_s=60, every_s=86_400)
    assert seconds([daily], 3) == [(0, SILENT), (60, MENDED), (86_400, SILENT)]
    assert seconds([daily], 2, start_s=30) == [(30, SILENT), (60, MENDED)]
    assert seconds([daily], 1, start_s=60) == [(86_400, SILENT)]


def test_an_event_is_of_the_meters_that_it_names() -> None:
    clock = HandClock()
    plant = plant_of(clock, {"meters": ["M2"], "fault": "busy", "at_s": 5}, {"flow_rate": 7, "at_s": 9})
    assert [meter.fault for meter in plant.meters.values()] == [None, None]
    clock.forward(seconds=5)
    assert [meter.fault for meter in plant.meters.values()] == [None, "busy"]
    clock.forward(seconds=4)
    assert [meter.measure()["flow_rate"] for meter in plant.meters.values()] == [7, 7]


def test_an_event_counts_from_when_it_was_due_and_not_from_when_anybody_looked() -> None:
    clock = HandClock()
    looked, unseen = (plant_of(clock, {"flow_rate": 360, "at_s": 10, "for_s": 50}).meters["M1"] for _ in range(2))
    for _ in range(120):
        clock.forward(seconds=1)
        looked.measure()
    assert unseen.measure() == pytest.approx(looked.measure())


def test_a_reset_is_an_event_too() -> None:
    clock = HandClock()
    meter = plant_of(clock, {"flow_rate": 36}, {"totalizer": 0, "at_s": 100}).meters["M1"]
    clock.forward(seconds=99)
    assert meter.measure()["totalizer"] > 1000
    clock.forward(seconds=101)
    assert meter.measure()["totalizer"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"at_s": 1}, "needs something to do"),
        ({"at_s": 1, "at": NOON, "fault": "busy"}, "at or at_s, not both"),
        ({"at": NOON.replace(tzinfo=None), "fault": "busy"}, "should have timezone info"),
        ({"fault": "busy", "for_s": 10, "every_s": 10}, "for_s must be shorter"),
        ({"fault": "sleepy"}, "should be 'silent'"),
        ({"fault": "busy", "flow": 1}, "Extra inputs"),
    ],
)
def test_a_wrong_event_is_told_in_words(fields: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        event(**fields)


def test_an_event_of_a_meter_that_is_not_there_is_a_fault_of_the_file() -> None:
    with pytest.raises(ValidationError, match="there is no meter M9"):
        plant_of(HandClock(), {"meters": ["M9"], "fault": "busy"})
