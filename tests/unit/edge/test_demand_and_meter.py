"""The simulated day and the transmitters that measure it."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from fluxio_edge.simulator.command import Command
from fluxio_edge.simulator.demand import EPOCH, LEAST, MOST, Demand
from fluxio_edge.simulator.meter import Meter
from fluxio_edge.simulator.plant_file import SimulatedMeter
from support.hand_clock import NOON, HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def meter(clock: HandClock) -> Meter:
    settings = SimulatedMeter(name="M1", unit=1, mean_flow=58, totalizer_start=1000)
    return Meter(settings, clock=clock, seed="s", utc_offset_h=0)


def test_demand_stays_within_its_bounds_the_whole_day() -> None:
    for seed in ("a", "b", "c"):
        demand = Demand(100, seed=seed)
        day = [demand.flow(NOON + timedelta(seconds=20 * step)) for step in range(4320)]
        assert LEAST * 100 < min(day) < 62
        assert 125 < max(day) < MOST * 100


def test_least_is_drawn_at_night_and_most_in_the_evening() -> None:
    demand = Demand(100, seed="a")
    midnight = NOON.replace(hour=0)
    by_hour = {
        hour: sum(demand.flow(midnight + timedelta(hours=hour, minutes=m)) for m in range(60)) for hour in range(24)
    }
    assert min(by_hour, key=lambda hour: by_hour[hour]) in (1, 2, 3, 4)
    assert max(by_hour, key=lambda hour: by_hour[hour]) in (17, 18, 19, 20)
    assert by_hour[8] > by_hour[12] * 0.9


def test_the_plants_hours_can_be_ahead_of_utc() -> None:
    here, there = Demand(100, seed="a"), Demand(100, seed="a", utc_offset_h=6)
    difference = [here.flow(NOON + timedelta(hours=h)) - there.flow(NOON + timedelta(hours=h - 6)) for h in range(24)]
    assert max(abs(each) for each in difference) < 15  # the noise, which does not follow the hours


def test_volume_is_the_integral_of_flow() -> None:
    demand = Demand(58, seed="a")
    steps = 36_000
    summed = sum(demand.flow(NOON + timedelta(seconds=(i + 0.5) / 10)) for i in range(steps)) / 36_000
    assert demand.volume(NOON + timedelta(hours=1)) - demand.volume(NOON) == pytest.approx(summed, rel=1e-6)
    assert demand.volume(EPOCH) == 0


def test_the_same_seed_gives_the_same_day_and_another_seed_another() -> None:
    assert Demand(58, seed="a").flow(NOON) == Demand(58, seed="a").flow(NOON)
    assert Demand(58, seed="a").flow(NOON) != Demand(58, seed="b").flow(NOON)


def test_flow_is_velocity_times_wetted_area(meter: Meter) -> None:
    values = meter.measure()
    area = meter.settings.channel_width * values["level"]
    assert values["flow_rate"] / 3600 == pytest.approx(values["velocity"] * area)
    assert 0.05 < values["level"] < 0.3
    assert 0.1 < values["velocity"] < 2
    assert 10 < values["temperature"] < 18


def test_the_totalizer_grows_by_the_flow(meter: Meter, clock: HandClock) -> None:
    before = meter.measure()["totalizer"]
    clock.forward(minutes=10)
    grown = meter.measure()["totalizer"] - before
    assert grown == pytest.approx(meter.measure()["flow_rate"] / 6, rel=0.15)


def test_a_held_flow_is_held_and_counted(meter: Meter, clock: HandClock) -> None:
    meter.apply(Command(flow_rate=120))
    before = meter.measure()
    clock.forward(hours=1)
    after = meter.measure()
    assert before["flow_rate"] == after["flow_rate"] == 120
    assert after["totalizer"] - before["totalizer"] == pytest.approx(120)
    assert after["level"] > 0.12


def test_released_the_flow_follows_the_day_and_the_totalizer_goes_on(meter: Meter, clock: HandClock) -> None:
    meter.apply(Command(flow_rate=120))
    clock.forward(hours=1)
    held = meter.measure()["totalizer"]
    meter.apply(Command(flow_rate=None))
    assert meter.measure()["flow_rate"] < 85
    assert meter.measure()["totalizer"] == pytest.approx(held)


def test_a_command_changes_only_what_it_names(meter: Meter) -> None:
    meter.apply(Command(flow_rate=120, fault="nan"))
    meter.apply(Command(temperature=20))
    assert math.isnan(meter.measure()["flow_rate"]), "the fault is still there"
    meter.apply(Command(fault=None))
    values = meter.measure()
    assert (values["flow_rate"], values["temperature"]) == (120, 20)


def test_zero_flow_leaves_water_in_the_channel(meter: Meter, clock: HandClock) -> None:
    meter.apply(Command(flow_rate=0))
    before = meter.measure()
    clock.forward(hours=1)
    after = meter.measure()
    assert all(
        after[metric] == before[metric] for metric in ("flow_rate", "level", "velocity", "pressure", "totalizer")
    )
    assert (before["flow_rate"], before["velocity"]) == (0, 0)
    assert before["level"] > 0


def test_the_totalizer_never_goes_back_by_itself(meter: Meter, clock: HandClock) -> None:
    before = meter.measure()["totalizer"]
    meter.apply(Command(flow_rate=-50))
    clock.forward(hours=1)
    assert meter.measure()["totalizer"] == before
    meter.apply(Command(flow_rate=None))
    clock.forward(hours=-5)
    assert meter.measure()["totalizer"] == before


def test_the_totalizer_can_be_set(meter: Meter, clock: HandClock) -> None:
    meter.apply(Command(totalizer=0, flow_rate=36))
    clock.forward(seconds=100)
    assert meter.measure()["totalizer"] == pytest.approx(1.0)


def test_a_restarted_plant_goes_on_where_it_was(clock: HandClock) -> None:
    settings = SimulatedMeter(name="M1", unit=1, mean_flow=58, totalizer_start=1000)
    first = Meter(settings, clock=clock, seed="s", utc_offset_h=0)
    clock.forward(hours=3)
    second = Meter(settings, clock=clock, seed="s", utc_offset_h=0)
    assert second.measure() == pytest.approx(first.measure())


def test_a_sensor_without_an_echo_has_no_flow_but_a_level(meter: Meter) -> None:
    meter.apply(Command(fault="nan"))
    values = meter.measure()
    assert [metric for metric, value in values.items() if math.isnan(value)] == ["flow_rate", "velocity"]
