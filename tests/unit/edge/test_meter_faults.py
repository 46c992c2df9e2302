"""What goes wrong with a simulated transmitter, and what its totalizer makes of it."""

from __future__ import annotations

import math

import pytest

from fluxio_edge.simulator.command import Command, Fault
from fluxio_edge.simulator.meter import Meter
from fluxio_edge.simulator.plant_file import SimulatedMeter
from support.hand_clock import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def meter_of(clock: HandClock, **settings: float) -> Meter:
    made = SimulatedMeter.model_validate({"name": "M1", "unit": 1, "mean_flow": 58, "totalizer_start": 1000} | settings)
    return Meter(made, clock=clock, seed="s", utc_offset_h=0)


def integrate(meter: Meter, clock: HandClock, *, steps: int, step_s: float) -> float:
    """m3: the sum of the flow that the meter shows in the middle of each step, times the step."""
    summed = 0.0
    for _ in range(steps):
        clock.forward(seconds=step_s / 2)
        summed += max(meter.measure()["flow_rate"], 0.0) * step_s / 3600
        clock.forward(seconds=step_s / 2)
    return summed


def test_the_totalizer_adds_up_whatever_is_done_to_the_flow(clock: HandClock) -> None:
    meter = meter_of(clock)
    before, summed = meter.measure()["totalizer"], 0.0
    for command in (
        Command(),
        Command(flow_rate=120),
        Command(flow_rate=-30),
        Command(flow_rate=None),
        Command(fault="stuck"),
        Command(fault=None),
        Command(level=0.5, velocity=3),
    ):
        meter.apply(command)
        summed += integrate(meter, clock, steps=2400, step_s=0.25)
    assert meter.measure()["totalizer"] - before == pytest.approx(summed, rel=1e-6)


def test_the_totalizer_of_a_day_is_the_days_mean_flow_times_24_hours(clock: HandClock) -> None:
    meter = meter_of(clock)
    before = meter.measure()["totalizer"]
    clock.forward(days=1)
    assert meter.measure()["totalizer"] - before == pytest.approx(58 * 24, rel=0.01)


def test_how_often_a_meter_is_read_changes_nothing(clock: HandClock) -> None:
    read, unread = meter_of(clock), meter_of(clock)
    for _ in range(100):
        clock.forward(seconds=7)
        read.measure()
    assert read.measure() == unread.measure()


def test_a_counter_at_its_end_starts_again_and_loses_nothing(clock: HandClock) -> None:
    meter = meter_of(clock, totalizer_max=10_000)
    meter.apply(Command(flow_rate=36, totalizer=9_999))
    clock.forward(seconds=50)
    assert meter.measure()["totalizer"] == pytest.approx(9_999.5)
    clock.forward(seconds=100)
    assert meter.measure()["totalizer"] == pytest.approx(0.5)


def test_a_reset_counter_counts_from_zero(clock: HandClock) -> None:
    meter = meter_of(clock)
    meter.apply(Command(flow_rate=36, totalizer=0))
    assert meter.measure()["totalizer"] == 0
    clock.forward(seconds=100)
    assert meter.measure()["totalizer"] == pytest.approx(1)


def test_a_stuck_sensor_keeps_its_values_and_is_counted(clock: HandClock) -> None:
    meter = meter_of(clock)
    meter.apply(Command(fault="stuck"))
    before = meter.measure()
    clock.forward(hours=6)
    after = meter.measure()
    for metric in ("flow_rate", "level", "velocity", "temperature", "pressure"):
        assert after[metric] == before[metric]
    assert after["totalizer"] - before["totalizer"] == pytest.approx(before["flow_rate"] * 6)
    meter.apply(Command(fault=None))
    assert meter.measure()["flow_rate"] != before["flow_rate"]
    assert meter.measure()["totalizer"] == after["totalizer"]


def test_a_sensor_that_sticks_without_an_echo_sticks_at_what_flows(clock: HandClock) -> None:
    meter = meter_of(clock)
    meter.apply(Command(fault="nan"))
    meter.apply(Command(fault="stuck"))
    clock.forward(hours=1)
    assert all(math.isfinite(value) for value in meter.measure().values())


def test_a_frozen_transmitter_shows_later_what_flowed_meanwhile(clock: HandClock) -> None:
    frozen, well = meter_of(clock), meter_of(clock)
    frozen.apply(Command(fault="frozen"))
    before = frozen.measure()
    clock.forward(hours=6)
    assert frozen.measure() == before
    frozen.apply(Command(fault=None))
    assert frozen.measure() == pytest.approx(well.measure())


@pytest.mark.parametrize("fault", ["nan", "ghost", "swapped", "silent"])
def test_what_is_wrong_with_the_showing_changes_no_counting(clock: HandClock, fault: Fault) -> None:
    faulty, well = meter_of(clock), meter_of(clock)
    faulty.apply(Command(fault=fault))
    clock.forward(hours=1)
    faulty.apply(Command(fault=None))
    assert faulty.measure() == pytest.approx(well.measure())


def test_a_ghost_holds_nothing_but_zeros(clock: HandClock) -> None:
    meter = meter_of(clock)
    meter.apply(Command(fault="ghost", flow_rate=50))
    assert set(meter.measure().values()) == {0.0}


def test_a_fault_of_the_line_can_meet_a_share_of_the_requests(clock: HandClock) -> None:
    def faults() -> list[Fault | None]:
        meter = meter_of(clock)
        meter.apply(Command(fault="busy", fault_share=0.25))
        return [meter.ask().fault for _ in range(1000)]

    assert 200 < faults().count("busy") < 300
    assert faults() == faults(), "the same requests meet it on every run"


def test_a_fault_of_the_values_is_there_in_every_request(clock: HandClock) -> None:
    meter = meter_of(clock)
    meter.apply(Command(fault="ghost", fault_share=0.25))
    assert {meter.ask().fault for _ in range(100)} == {"ghost"}


def test_undoing_lets_go_of_what_was_held_and_not_of_the_counter() -> None:
    command = Command(flow_rate=1, fault="slow", delay_s=2, fault_share=0.5, totalizer=7)
    assert command.undone() == Command(flow_rate=None, fault=None)
    assert command.undone().model_fields_set == {"flow_rate", "fault"}
