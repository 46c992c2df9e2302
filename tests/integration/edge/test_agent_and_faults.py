"""What the agent makes of meters that fail in every way a simulated one can."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.plant import RunningPlant, agent_file, running_agent, running_plant
from support.receiver import Receiver, listening, wait_until

FAULTS = ("silent", "drop", "slow", "busy", "illegal", "nan", "stuck", "frozen", "ghost", "swapped")
METERS = {f"M_{fault}": unit for unit, fault in enumerate((*FAULTS, "well"), 1)}


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlant]:
    file = tmp_path_factory.mktemp("plant") / "plant.toml"
    file.write_text(
        "\n".join(f'[[meters]]\nname = "{name}"\nunit = {unit}\nmean_flow = 58' for name, unit in METERS.items())
        + "".join(f'\n[[events]]\nmeters = ["M_{fault}"]\nfault = "{fault}"\ndelay_s = 0.1' for fault in FAULTS)
        # Enough flow for a float32 counter to move between two polls.
        + "\n[[events]]\nflow_rate = 360_000.0\ntotalizer = 1000"
    )
    with running_plant(file) as plant:
        yield plant


@pytest.fixture(scope="module")
def receiver(plant: RunningPlant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """With some seconds of readings."""
    folder: Path = tmp_path_factory.mktemp("agent")
    (folder / "key").write_text("flx_test")
    receiver = Receiver()
    with listening(receiver), running_agent(agent_file(folder, plant, receiver.url, meters=METERS)) as agent:
        wait_until(lambda: len(receiver.of("M_slow")) > 5 and len(receiver.of("M_well")) > 5, "readings")
        agent.stop()
        yield receiver


@pytest.mark.parametrize("fault", ["silent", "drop", "busy", "illegal"])
def test_a_meter_that_gives_nothing_makes_no_reading(receiver: Receiver, fault: str) -> None:
    assert receiver.of(f"M_{fault}") == []


@pytest.mark.parametrize("fault", ["well", "slow"])
def test_a_meter_that_is_only_slow_is_read_well(receiver: Receiver, fault: str) -> None:
    readings = receiver.of(f"M_{fault}")
    assert {reading["quality"] for reading in readings} == {"good"}
    assert {reading["flow_rate"] for reading in readings} == {360_000.0}


def test_no_value_is_not_zero(receiver: Receiver) -> None:
    for reading in receiver.of("M_nan"):
        assert (reading.get("flow_rate"), reading["quality"], reading["flags"]) == (None, "suspect", ["invalid_float"])


def test_words_in_the_wrong_order_are_no_values(receiver: Receiver) -> None:
    for reading in receiver.of("M_swapped"):
        assert "flow_rate" not in reading
        assert reading["quality"] == "suspect"
        # The counter goes on: now and then its swapped words happen to be NaN.
        assert reading["flags"] in (["implausible_order"], ["implausible_order", "invalid_float"])


def test_a_ghost_is_sent_as_the_zeros_that_it_is(receiver: Receiver) -> None:
    """It is the database that knows a ghost."""
    readings = receiver.of("M_ghost")
    assert len(readings) > 5
    for reading in readings:
        assert [reading[metric] for metric in ("flow_rate", "level", "velocity", "totalizer")] == [0, 0, 0, 0]


def test_a_stuck_sensor_goes_on_counting_and_a_frozen_transmitter_does_not(receiver: Receiver) -> None:
    counts = {fault: [each["totalizer"] for each in receiver.of(f"M_{fault}")] for fault in ("stuck", "frozen", "well")}
    assert len(set(counts["frozen"])) == 1
    assert len(set(counts["stuck"])) > 3
    assert counts["well"] == sorted(set(counts["well"]), key=float)  # type: ignore[arg-type] # they are numbers
