"""The plant seen by a Modbus client that is not ours, with words decoded here."""

from __future__ import annotations

import asyncio
import json
import math
import signal
import struct
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import httpx
import pytest
from click.testing import CliRunner
from click.testing import Result as Outcome
from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.pdu import ModbusPDU

from fluxio_edge.cli import main
from support.plant import EXAMPLES, RunningPlant, running_plant

Result = TypeVar("Result")

#: metric: (wire address, factor to our unit)
PLACES = {
    "flow_rate": (10, 3600.0),
    "level": (12, 1.0),
    "velocity": (14, 1.0),
    "temperature": (16, 1.0),
    "totalizer": (5200, 1.0),
}


@pytest.fixture(scope="module", params=["socket", "rtu"])
def plant(request: pytest.FixtureRequest) -> Iterator[RunningPlant]:
    with running_plant(framer=request.param) as plant:
        yield plant


@pytest.fixture(autouse=True)
def _as_it_was(plant: RunningPlant) -> Iterator[None]:
    yield
    for name in ("NIVUS_01", "NIVUS_02"):
        plant.set(name, flow_rate=None, temperature=None, fault=None)


def ask(plant: RunningPlant, work: Callable[[AsyncModbusTcpClient], Awaitable[Result]]) -> Result:
    async def connected() -> Result:
        framer = FramerType.RTU if plant.framer == "rtu" else FramerType.SOCKET
        client = AsyncModbusTcpClient("127.0.0.1", port=plant.port, framer=framer, timeout=0.5, retries=0)
        try:
            assert await client.connect()
            return await work(client)
        finally:
            client.close()

    return asyncio.run(connected())


def inputs(plant: RunningPlant, unit: int, address: int, count: int = 2) -> ModbusPDU:
    return ask(plant, lambda client: client.read_input_registers(address, count=count, device_id=unit))


def number(low: int, high: int) -> float:
    """A float32 whose low word comes first."""
    (value,) = struct.unpack(">f", struct.pack(">HH", high, low))
    return float(value)


def measured(plant: RunningPlant, unit: int, metric: str) -> float:
    address, factor = PLACES[metric]
    return number(*inputs(plant, unit, address).registers) * factor


def test_a_flow_is_in_cubic_metres_per_second_with_the_low_word_first(plant: RunningPlant) -> None:
    plant.set("NIVUS_01", flow_rate=450)
    assert inputs(plant, 1, 10).registers == [0x0000, 0x3E00]
    plant.set("NIVUS_01", temperature=94.225075)
    assert inputs(plant, 1, 16).registers == [0x733D, 0x42BC]


def test_every_unit_is_a_meter_of_its_own(plant: RunningPlant) -> None:
    for unit, low, high in ((1, 30, 82), (2, 42, 113), (3, 12, 34), (4, 68, 183)):
        assert low < measured(plant, unit, "flow_rate") < high
    plant.set("NIVUS_02", flow_rate=7)
    assert measured(plant, 2, "flow_rate") == pytest.approx(7)
    assert measured(plant, 1, "flow_rate") > 30


def test_the_quantities_of_one_answer_belong_together(plant: RunningPlant) -> None:
    registers = inputs(plant, 1, 10, 8).registers
    flow, level, velocity, temperature = (number(*registers[i : i + 2]) for i in (0, 2, 4, 6))
    assert flow == pytest.approx(0.30 * level * velocity, rel=1e-5)
    assert 10 < temperature < 18


def test_the_totalizer_is_where_the_manual_says(plant: RunningPlant) -> None:
    assert measured(plant, 3, "totalizer") > 310


def test_input_registers_are_no_holding_registers(plant: RunningPlant) -> None:
    answer = ask(plant, lambda client: client.read_holding_registers(10, count=2, device_id=1))
    assert answer.isError()
    assert answer.exception_code == 2


@pytest.mark.parametrize(("address", "count"), [(9, 2), (11, 8), (0, 2), (5202, 2)])
def test_what_is_not_mapped_is_an_illegal_address(plant: RunningPlant, address: int, count: int) -> None:
    assert inputs(plant, 1, address, count).exception_code == 2


def test_a_meter_takes_no_writes(plant: RunningPlant) -> None:
    answer = ask(plant, lambda client: client.write_registers(10, [1, 2], device_id=1))
    assert answer.isError()


def test_a_unit_that_is_not_there_is_silent(plant: RunningPlant) -> None:
    with pytest.raises(ModbusException):
        inputs(plant, 77, 10)


def test_a_silent_meter_is_silent_to_everything_and_alone(plant: RunningPlant) -> None:
    plant.set("NIVUS_01", fault="silent")
    for address in (10, 0):
        with pytest.raises(ModbusException):
            inputs(plant, 1, address)
    assert measured(plant, 2, "flow_rate") > 30
    plant.set("NIVUS_01", fault=None)
    assert measured(plant, 1, "flow_rate") > 30


def test_a_busy_meter_says_so(plant: RunningPlant) -> None:
    plant.set("NIVUS_01", fault="busy")
    assert inputs(plant, 1, 10).exception_code == 6


def test_a_meter_without_an_echo_gives_nan_for_flow_and_velocity_only(plant: RunningPlant) -> None:
    plant.set("NIVUS_01", fault="nan")
    assert inputs(plant, 1, 10).registers == [0x0000, 0x7FC0]
    found = {metric: math.isnan(measured(plant, 1, metric)) for metric in PLACES}
    assert [metric for metric, is_nan in found.items() if is_nan] == ["flow_rate", "velocity"]


def test_the_plant_can_be_looked_at(plant: RunningPlant) -> None:
    meters = httpx.get(f"{plant.control}/meters").json()
    assert list(meters) == ["NIVUS_01", "NIVUS_02", "NIVUS_03", "NIVUS_04"]
    assert meters["NIVUS_02"]["unit"] == 2
    assert httpx.get(f"{plant.control}/meters/NIVUS_03").json()["values"]["flow_rate"] > 10


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("NIVUS_99", '{"flow_rate": 1}', 404, "no such meter; the plant has NIVUS_01"),
        ("NIVUS_01", '{"flow": 1}', 400, "flow: Extra inputs"),
        ("NIVUS_01", '{"flow_rate": "1"}', 400, "flow_rate: Input should be a valid number"),
        ("NIVUS_01", '{"flow_rate": NaN}', 400, "flow_rate: Input should be a finite number"),
        ("NIVUS_01", '{"fault": "sleepy"}', 400, "fault: Input should be 'silent'"),
        ("NIVUS_01", "{", 400, "Invalid JSON"),
        ("NIVUS_01", " " * 5000, 400, "a body of at most"),
    ],
)
def test_a_wrong_command_is_told_in_words(plant: RunningPlant, path: str, body: str, status: int, said: str) -> None:
    answer = httpx.post(f"{plant.control}/meters/{path}", content=body)
    assert answer.status_code == status
    assert said in answer.json()["error"]


def edge(*arguments: str) -> Outcome:
    return CliRunner().invoke(main, arguments)


def test_the_set_command_holds_and_releases_a_value(plant: RunningPlant) -> None:
    held = edge("set", "NIVUS_01", "flow_rate=120", "fault=busy", "--control", plant.control)
    assert json.loads(held.stdout)["values"]["flow_rate"] == 120
    assert json.loads(held.stdout)["fault"] == "busy"
    released = edge("set", "NIVUS_01", "flow_rate=auto", "fault=none", "--control", plant.control)
    assert json.loads(released.stdout)["values"]["flow_rate"] < 82
    wrong = edge("set", "NIVUS_09", "flow_rate=120", "--control", plant.control)
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert "no such meter" in wrong.stderr


@pytest.mark.parametrize("option", ["--port", "--control-port"])
def test_a_port_in_use_fails_in_words(plant: RunningPlant, option: str) -> None:
    other = {"--port": "--control-port", "--control-port": "--port"}[option]
    done = edge("simulate", str(EXAMPLES / "plant.toml"), option, str(plant.port), other, "0")
    assert done.exit_code == 1
    assert f"port {plant.port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_the_plant_cleanly() -> None:
    command = [sys.executable, "-m", "fluxio_edge", "simulate", str(EXAMPLES / "plant.toml")]
    with subprocess.Popen(
        [*command, "--port", "0", "--control-port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
        assert process.stderr.read() == ""
