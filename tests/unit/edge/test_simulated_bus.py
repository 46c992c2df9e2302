"""Simulated meters answering requests, with frames left out and words decoded here."""

from __future__ import annotations

import dataclasses
import math
import struct
from typing import get_args

import pytest

from fluxio_edge.profiles import load_profile
from fluxio_edge.registers import ORDERS, ByteOrder, Metric, Register, RegisterType, WordOrder, decode
from fluxio_edge.simulator.bus import Answer, Bus
from fluxio_edge.simulator.command import Command, Fault
from fluxio_edge.simulator.memory import Memory, hold, status_word
from fluxio_edge.simulator.meter import Meter, State
from fluxio_edge.simulator.plant import Plant
from fluxio_edge.simulator.plant_file import MAIN_BUS, PlantFile
from fluxio_edge.status_words import Meaning
from support.hand_clock import HandClock

METERS = [{"name": "M1", "unit": 1, "mean_flow": 58}, {"name": "M2", "unit": 2, "mean_flow": 80}]
#: Function code 4, addresses 10 to 17: flow to temperature of a NivuFlow 750.
REQUEST = struct.pack(">BHH", 4, 10, 8)
TOTALIZER = struct.pack(">BHH", 4, 5200, 2)


def plant_of(clock: HandClock, **file: object) -> Plant:
    return Plant(PlantFile.model_validate({"meters": METERS} | file), clock=clock)


def words(answer: Answer) -> list[int]:
    assert answer.way == "answer"
    assert answer.pdu[0] < 0x80, f"exception {answer.pdu[1]}"
    return list(struct.unpack(f">{answer.pdu[1] // 2}H", answer.pdu[2:]))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def bus(clock: HandClock) -> Bus:
    return plant_of(clock).bus(MAIN_BUS)


def in_state(clock: HandClock, **command: float | str) -> tuple[Bus, Meter]:
    plant = plant_of(clock)
    plant.meters["M1"].apply(Command.model_validate(command))
    return plant.bus(MAIN_BUS), plant.meters["M1"]


def test_two_runs_with_one_seed_and_one_clock_answer_the_same() -> None:
    events = [
        {"fault": "busy", "fault_share": 0.3, "at_s": 40, "for_s": 60},
        {"meters": ["M2"], "fault": "swapped", "at_s": 130, "for_s": 5},
        {"flow_rate": 0, "at_s": 200},
    ]

    def run(seed: str) -> list[Answer]:
        clock = HandClock()
        bus = plant_of(clock, events=events, seed=seed).bus(MAIN_BUS)
        answers = []
        for _ in range(300):
            clock.forward(seconds=1)
            answers += [bus.answer(unit, request) for unit in (1, 2) for request in (REQUEST, TOTALIZER)]
        return answers

    first = run("a")
    assert first == run("a")
    assert first != run("b")
    assert 60 < sum(answer.pdu[0] >= 0x80 for answer in first) < 90, "three tenths of the busy minute"


def test_meters_of_one_plant_differ(bus: Bus) -> None:
    assert words(bus.answer(1, REQUEST)) != words(bus.answer(2, REQUEST))


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (struct.pack(">BHH", 3, 10, 2), 2),  # kept in input registers, so no holding register
        (struct.pack(">BHH", 4, 9, 2), 2),
        (struct.pack(">BHH", 4, 17, 2), 2),
        (struct.pack(">BHH", 4, 10, 0), 3),
        (struct.pack(">BHH", 4, 10, 126), 3),
        (struct.pack(">BHHBHH", 16, 10, 2, 4, 1, 2), 1),
        (struct.pack(">BHH", 1, 0, 8), 1),
        (b"\x04\x00", 3),
    ],
)
def test_what_cannot_be_answered_has_its_exception(bus: Bus, request_: bytes, code: int) -> None:
    assert bus.answer(1, request_) == Answer("answer", bytes([request_[0] | 0x80, code]))


def test_a_read_may_begin_inside_a_quantity(bus: Bus) -> None:
    whole = words(bus.answer(1, REQUEST))
    assert words(bus.answer(1, struct.pack(">BHH", 4, 11, 4))) == whole[1:5]


def test_holding_and_input_registers_of_one_address_are_two(clock: HandClock) -> None:
    flow, level = Register("flow_rate", 4, 0, "uint16"), Register("level", 3, 0, "uint16")
    meter = Meter(plant_of(clock).meters["M1"].settings, clock=clock, seed="s", utc_offset_h=0)
    meter.apply(Command(flow_rate=258, level=772))
    bus = Bus({1: (meter, Memory([flow, level]))})
    assert words(bus.answer(1, struct.pack(">BHH", 4, 0, 1))) == [258]
    assert words(bus.answer(1, struct.pack(">BHH", 3, 0, 1))) == [772]


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        ("silent", Answer("silent")),
        ("drop", Answer("hang up")),
        ("busy", Answer("answer", b"\x84\x06")),
        ("illegal", Answer("answer", b"\x84\x02")),
    ],
)
def test_a_fault_of_the_line_is_for_every_request(clock: HandClock, fault: Fault, answer: Answer) -> None:
    bus, meter = in_state(clock, fault=fault)
    assert bus.answer(1, REQUEST) == answer
    assert words(bus.answer(2, REQUEST)), "and for no other meter"
    meter.apply(Command(fault=None))
    assert words(bus.answer(1, REQUEST))


def test_a_slow_meter_answers_late_and_well(clock: HandClock) -> None:
    bus, meter = in_state(clock, fault="slow", delay_s=1.5)
    answer = bus.answer(1, REQUEST)
    assert answer.delay_s == 1.5
    meter.apply(Command(fault=None))
    assert answer == dataclasses.replace(bus.answer(1, REQUEST), delay_s=1.5)


def test_swapped_words_are_the_right_words_in_the_wrong_order(clock: HandClock) -> None:
    bus, meter = in_state(clock, fault="swapped")
    swapped = words(bus.answer(1, REQUEST))
    meter.apply(Command(fault=None))
    right = words(bus.answer(1, REQUEST))
    assert swapped == [right[index ^ 1] for index in range(8)]
    flow = Register("flow_rate", 4, 10, "float32", "little", 3600.0)
    assert decode(flow, swapped[:2]).flag == "implausible_order"


def test_a_ghost_is_all_zeros(clock: HandClock) -> None:
    bus, _ = in_state(clock, fault="ghost")
    assert words(bus.answer(1, REQUEST)) == [0] * 8
    assert words(bus.answer(1, TOTALIZER)) == [0, 0]


def test_a_meter_without_an_echo_has_nan_for_flow_and_velocity(clock: HandClock) -> None:
    bus, _ = in_state(clock, fault="nan")
    flow, _, velocity, _ = (words(bus.answer(1, REQUEST))[index : index + 2] for index in range(0, 8, 2))
    assert flow == velocity == [0x0000, 0x7FC0]


@pytest.mark.parametrize("orders", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("type_", get_args(RegisterType))
def test_every_type_and_order_holds_what_the_meter_measures(
    type_: RegisterType, orders: tuple[WordOrder, ByteOrder]
) -> None:
    register = Register("totalizer", 4, 0, type_, orders[0], 0.5, byte_order=orders[1], offset=100)
    state = State({"totalizer": 5936.5}, None, 0)
    assert decode(register, hold(register, state)).value == 5936.5


@pytest.mark.parametrize(
    ("type_", "value", "held"),
    [
        ("int16", 40_000.0, 0x7FFF),
        ("int16", -40_000.0, 0x8000),
        ("uint16", -1.0, 0),
        ("uint16", 70_000.0, 0xFFFF),
        ("int16", math.nan, 0x8000),
        ("uint16", math.nan, 0xFFFF),
    ],
)
def test_what_a_type_cannot_hold_is_at_its_end(type_: RegisterType, value: float, held: int) -> None:
    assert hold(Register("level", 4, 0, type_), State({"level": value}, None, 0)) == [held]


@pytest.mark.parametrize(("no_data", "held"), [((), 0x8000), ((32767.0,), 0x7FFF), ((-9999.0, 1.0), 0xD8F1)])
def test_no_value_is_the_number_that_the_profile_has_for_it(no_data: tuple[float, ...], held: int) -> None:
    register = Register("level", 4, 0, "int16", scale=0.01, offset=-50, no_data=no_data)
    words = hold(register, State({"level": math.nan}, None, 0))
    assert words == [held]
    assert not no_data or decode(register, words).flag == "no_data"


def test_an_end_of_an_integers_range_is_the_same_in_every_unit() -> None:
    register = Register("temperature", 4, 0, "int16", scale=-0.01, offset=20)
    assert hold(register, State({"temperature": 1000.0}, None, 0)) == [0x8000]
    assert hold(register, State({"temperature": -1000.0}, None, 0)) == [0x7FFF]


def test_a_clamp_on_meter_says_which_of_its_values_are_valid(clock: HandClock) -> None:
    profile = load_profile("nivusonic")
    settings = plant_of(clock).meters["M1"].settings
    meter = Meter(settings, clock=clock, seed="s", utc_offset_h=0)
    bus = Bus({1: (meter, Memory(profile.decoders(), profile.meanings(), profile.blocks()))})
    request = struct.pack(">BHH", 4, 0, 6)
    meter.apply(Command(flow_rate=3.6 * 258, level=0.772))
    well = words(bus.answer(1, request))
    assert (well[:2], well[4]) == ([258, 772], 0), "and the register that is read along"
    meter.apply(Command(fault="nan"))
    failing = words(bus.answer(1, request))
    invalid = {each.metric for each in profile.meanings() if each.holds(failing[5]) and not each.holds(well[5])}
    assert invalid == {"flow_rate", "velocity"}
    assert not any(each.holds(well[5]) for each in profile.meanings() if each.metric)


def test_a_status_of_a_whole_word_is_said_and_else_avoided() -> None:
    metric: Metric = "level"
    meanings = [Meaning(4, 9, 0, "starting"), Meaning(4, 9, 1, "no_echo", metric=metric)]
    assert status_word(meanings, State({metric: 1.0}, None, 0)) == 2
    assert status_word(meanings, State({metric: math.nan}, None, 0)) == 1


def test_every_answer_with_words_is_recorded_and_no_other(clock: HandClock) -> None:
    recorded: list[tuple[str, int, int, list[int]]] = []
    plant = plant_of(clock)
    bus = plant.bus(MAIN_BUS, record=lambda *answer: recorded.append(answer))
    answer = bus.answer(1, REQUEST)
    plant.meters["M1"].apply(Command(fault="busy"))
    bus.answer(1, REQUEST)
    bus.answer(77, REQUEST)
    assert recorded == [("M1", 4, 10, words(answer))]
