"""Many meters on one line, through a pty pair and through a converter: read in turn, and a dead one costs little."""

from __future__ import annotations

import asyncio
import os
import struct
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from fluxio_edge.errors import ReadError
from fluxio_edge.line import SILENT_SHARE, Line
from fluxio_edge.link import Link
from fluxio_edge.modbus import Connection
from fluxio_edge.place import SerialPlace
from fluxio_edge.read_plan import Block
from support.plant import agent_file, running_agent, running_plant
from support.polling import Polled, poll_until
from support.receiver import Receiver, listening, wait_until
from support.rtu_line import FakeMeter, RtuLine, checked, on_a_port, on_a_serial_device

#: All four bytes of each differ.
FLOW, LEVEL, VELOCITY, TEMPERATURE, TOTAL = 0.123456789, 1.2345678, 0.7654321, 17.65432, 123456.78


def float_words(value: float) -> tuple[int, int]:
    """The low word first."""
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return low, high


def nivus(*, silent: bool = False, most: int = 125, delay_s: float = 0.0) -> FakeMeter:
    meter = FakeMeter(silent=silent, most=most, delay_s=delay_s)
    for address, value in ((10, FLOW), (12, LEVEL), (14, VELOCITY), (16, TEMPERATURE), (5200, TOTAL)):
        meter.hold(4, address, *float_words(value))
    return meter


def serial(device: str) -> dict[str, Any]:
    """A pty has no parity."""
    return {"device": device, "parity": "none"}


def tables(bus: dict[str, Any], units: dict[str, int], *, interval_s: float = 0.2) -> dict[str, Any]:
    timing = {"timeout_s": 0.25, "retries": 0, "backoff_max_s": 0.2}
    each = {"profile": "nivus_750", "interval_s": interval_s}
    return {
        "buses": [{"name": "line", **timing, **bus}],
        "meters": [{"device_id": name, "unit": unit, **each} for name, unit in units.items()],
    }


def assert_read_right(body: dict[str, Any]) -> None:
    assert body["flow_rate"] == pytest.approx(FLOW * 3600, rel=1e-6)
    assert (body["level"], body["velocity"], body["temperature"]) == (LEVEL, VELOCITY, TEMPERATURE)
    assert body["totalizer"] == pytest.approx(TOTAL, rel=1e-7)
    assert body["quality"] == "good"


def test_meters_on_a_serial_line_are_read_one_after_the_other() -> None:
    line = RtuLine({unit: nivus(delay_s=0.01) for unit in (1, 2, 3)})
    names = {f"M{unit}": unit for unit in line.meters}
    with on_a_serial_device(line) as device:
        bus = {"device": device, "baud_rate": 9600, "parity": "none", "stop_bits": 2}
        polled = asyncio.run(poll_until(tables(bus, names), lambda polled: all(len(polled.of(n)) > 3 for n in names)))
    for name in names:
        assert_read_right(polled.of(name)[0])
    assert line.collisions == 0
    ends = [each.answered_at or 0.0 for each in line.asked]
    silence = 3.5 * 11 / 9600
    assert all(later.at - end > silence * 0.9 for end, later in zip(ends, line.asked[1:], strict=False))


def test_the_pause_between_requests_is_kept() -> None:
    line = RtuLine({1: nivus(), 2: nivus()})
    with on_a_port(line) as port:
        bus = {"port": port, "framer": "rtu", "pause_s": 0.05}
        asyncio.run(poll_until(tables(bus, {"M1": 1, "M2": 2}), lambda polled: len(polled.of("M2")) > 3))
    ends = [each.answered_at or 0.0 for each in line.asked]
    assert all(later.at - end > 0.045 for end, later in zip(ends, line.asked[1:], strict=False))


@pytest.fixture(params=["serial", "converter"])
def bus(request: pytest.FixtureRequest) -> Iterator[tuple[RtuLine, dict[str, Any]]]:
    """Units 1 to 3 answer, 8 and 9 do not."""
    line = RtuLine({1: nivus(), 2: nivus(), 3: nivus(), 8: nivus(silent=True), 9: nivus(silent=True)})
    if request.param == "serial":
        with on_a_serial_device(line) as device:
            yield line, serial(device)
    else:
        with on_a_port(line) as port:
            yield line, {"port": port, "framer": "rtu"}


def test_dead_meters_cost_the_others_a_bounded_share(bus: tuple[RtuLine, dict[str, Any]]) -> None:
    line, settings = bus
    names = {"M1": 1, "M2": 2, "M3": 3, "M8": 8, "M9": 9}
    started = time.monotonic()
    asyncio.run(poll_until(tables(settings, names), lambda _: len(line.of(8)) + len(line.of(9)) >= 5, seconds=60))
    passed = time.monotonic() - started

    trials = [each for each in line.asked if each.unit in (8, 9)]
    spent = 0.25 * len(trials)
    first = 2 * 0.25  # one for each, before it is known to be dead
    assert spent - first <= SILENT_SHARE * passed + 0.25
    for one, other in pairwise(trials[1:]):
        between = {each.unit for each in line.asked if one.at < each.at < other.at}
        assert between == {1, 2, 3}, "between two trials everybody else has a turn"
    for unit in (1, 2, 3):
        # Two requests a poll; a trial may cost one poll and its own length.
        assert len(line.of(unit)) / 2 > (passed - spent - 2) / 0.2 * 0.5
    assert line.collisions == 0


def test_a_trial_waits_for_a_moment_when_no_poll_is_due() -> None:
    line = RtuLine({1: nivus(), 2: nivus(), 9: nivus(silent=True)})
    with on_a_port(line) as port:
        settings = {"port": port, "framer": "rtu", "timeout_s": 0.3}
        names = {"M1": 1, "M2": 2, "M9": 9}
        asyncio.run(poll_until(tables(settings, names, interval_s=1.5), lambda _: len(line.of(9)) >= 3, seconds=60))
    for trial in line.of(9)[1:]:
        later = [each.at for each in line.asked if each.unit != 9 and each.at > trial.at]
        assert not later or later[0] > trial.at + 0.3 + 0.1, "nobody waited for the trial to end"


def test_a_line_where_nobody_answers_is_tried_at_the_backoff_alone(bus: tuple[RtuLine, dict[str, Any]]) -> None:
    line, settings = bus
    for meter in line.meters.values():
        meter.silent = True

    def enough(polled: Polled) -> bool:
        if len(line.asked) > 6:
            for meter in line.meters.values():
                meter.silent = False
        return all(polled.of(name) for name in ("M1", "M2", "M8"))

    polled = asyncio.run(poll_until(tables(settings, {"M1": 1, "M2": 2, "M8": 8}), enough))
    assert_read_right(polled.of("M8")[0])


def test_a_late_answer_on_a_serial_line_is_thrown_away() -> None:
    meter = FakeMeter(delay_s=0.45)
    for address in range(20):
        meter.hold(4, address, address)
    line = RtuLine({1: meter, 2: nivus()})

    async def read() -> list[list[int]]:
        connection = Connection(SerialPlace(device, parity="none"), timeout_s=0.3, reconnect_max_s=1)
        turns = Line(pause_s=0, timeout_s=0.3, shared=True)
        link, other = (Link(unit, connection, turns, timeout_s=0.3, retries=0) for unit in (1, 2))
        try:
            with pytest.raises(ReadError, match="no answer from unit 1"):
                await link.read(Block(4, 0, 2))
            meter.delay_s = 0
            return [await link.read(Block(4, 10, 2)), await other.read(Block(4, 10, 2))]
        finally:
            connection.close()

    with on_a_serial_device(line) as device:
        assert asyncio.run(read()) == [[10, 11], list(float_words(FLOW))]


def test_a_meter_that_refuses_long_requests_gets_shorter_ones() -> None:
    line = RtuLine({1: nivus(most=4), 2: nivus(most=1)})
    with on_a_port(line) as port:
        settings = {"port": port, "framer": "rtu"}
        polled = asyncio.run(
            poll_until(tables(settings, {"M1": 1, "M2": 2}), lambda polled: len(polled.of("M1")) > 2 and line.of(2))
        )
    for body in polled.of("M1"):
        assert_read_right(body)
    assert [each.count for each in line.of(1)[:4]] == [8, 4, 4, 2]
    assert {each.count for each in line.of(1)[4:]} == {4, 2}, "it is remembered"
    assert polled.of("M2") == [], "a number is never read in parts"


def test_words_that_are_not_there_cost_only_their_own_quantity() -> None:
    meter = nivus()
    del meter.words[4, 14], meter.words[4, 15]
    line = RtuLine({1: meter})
    with on_a_port(line) as port:
        polled = asyncio.run(
            poll_until(tables({"port": port, "framer": "rtu"}, {"M1": 1}), lambda polled: len(polled.of("M1")) > 1)
        )
    body = polled.of("M1")[0]
    assert "velocity" not in body
    assert (body["level"], body["temperature"]) == (LEVEL, TEMPERATURE)
    assert (body["quality"], body["flags"]) == ("suspect", ["partial"])


@pytest.mark.parametrize("kind", ["serial", "converter"])
def test_garbage_is_no_answer_and_leaves_no_trace(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING")
    caplog.set_level("CRITICAL", logger="pymodbus")
    line = RtuLine({1: nivus()})
    cut = [bytes.fromhex(each) for each in ("010410" + 36 * "0", 9 * "ff", "01", "012b0e0102000001", "01040100")]
    whole = [
        checked(bytes.fromhex(each)) for each in ("0104020102", "010403010203", "01030400010002", "012b0e", "0184")
    ]
    wrong = [*cut, *whole]

    def enough(polled: Polled) -> bool:
        meter = line.meters[1]
        if wrong and not meter.garbage:
            meter.garbage = wrong.pop()
        return not wrong and not meter.garbage and len(polled.of("M1")) > 2

    if kind == "serial":
        with on_a_serial_device(line) as device:
            polled = asyncio.run(poll_until(tables(serial(device), {"M1": 1}), enough))
    else:
        with on_a_port(line) as port:
            polled = asyncio.run(poll_until(tables({"port": port, "framer": "rtu"}, {"M1": 1}), enough))
    for body in polled.of("M1"):
        if "flags" not in body:
            assert_read_right(body)
        else:
            assert body["flags"] == ["partial"]
            assert body.get("level", LEVEL) == LEVEL
            assert body.get("totalizer", TOTAL) == pytest.approx(TOTAL)
    assert [record for record in caplog.records if record.name == "asyncio"] == []


def test_a_serial_device_that_comes_later_is_found_and_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="fluxio_edge")
    line = RtuLine({1: nivus(), 2: nivus()})
    device = tmp_path / "ttyUSB0"
    with on_a_serial_device(line) as real:
        settings = serial(str(device)) | {"reconnect_max_s": 0.2}

        def enough(polled: Polled) -> bool:
            if caplog.records and not device.is_symlink():
                device.symlink_to(real)
            return bool(polled.of("M1") and polled.of("M2"))

        asyncio.run(poll_until(tables(settings, {"M1": 1, "M2": 2}), enough))
    told = [record.getMessage() for record in caplog.records if record.name.startswith("fluxio_edge")]
    assert told == [
        f"bus line: no connection to {device}: No such file or directory",
        f"bus line: connected to {device}",
    ]


@contextmanager
def pty_pair() -> Iterator[tuple[str, str]]:
    """Two serial devices joined by a cable."""
    one, one_device = os.openpty()
    other, other_device = os.openpty()
    for device in (one_device, other_device):
        tty.setraw(device)

    def carry(source: int, target: int) -> None:
        while True:
            try:
                carried = os.read(source, 4096)
            except OSError:
                return
            if carried == b"\0stop":
                return
            os.write(target, carried)

    cables = [threading.Thread(target=carry, args=ends) for ends in ((one, other), (other, one))]
    for cable in cables:
        cable.start()
    try:
        yield os.ttyname(one_device), os.ttyname(other_device)
    finally:
        for device in (one_device, other_device):
            os.write(device, b"\0stop")
        for cable in cables:
            cable.join()
        for end in (one, one_device, other, other_device):
            os.close(end)


def test_a_serial_server_that_is_not_ours_is_read() -> None:
    words = [word for value in (FLOW, LEVEL, VELOCITY, TEMPERATURE) for word in float_words(value)]
    inputs = [
        SimData(10, values=words, datatype=DataType.REGISTERS),
        SimData(5200, values=list(float_words(TOTAL)), datatype=DataType.REGISTERS),
    ]
    unused = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
    holding = [SimData(65_535, datatype=DataType.INVALID)]

    async def read(ours: str, theirs: str) -> Polled:
        server = ModbusSerialServer(
            [SimDevice(7, (unused, unused, holding, inputs))], framer=FramerType.RTU, port=theirs, baudrate=19_200
        )
        await server.serve_forever(background=True)
        try:
            return await poll_until(tables(serial(ours), {"M1": 7}), lambda polled: len(polled.of("M1")) > 2)
        finally:
            await server.shutdown()  # type: ignore[no-untyped-call] # pymodbus leaves it untyped

    with pty_pair() as (ours, theirs):
        polled = asyncio.run(read(ours, theirs))
    for body in polled.of("M1"):
        assert_read_right(body)


def test_an_agent_reads_a_line_and_a_plant_at_the_same_time(tmp_path: Path) -> None:
    receiver = Receiver()
    line = RtuLine({5: nivus(delay_s=0.15), 6: nivus(silent=True)})
    (tmp_path / "key").write_text("flx_test")
    with running_plant() as plant, listening(receiver), on_a_serial_device(line) as device:
        more = f'[[buses]]\nname = "line"\ndevice = "{device}"\nparity = "none"\ntimeout_s = 1\n' + "".join(
            f'[[meters]]\ndevice_id = "L{unit}"\nunit = {unit}\nprofile = "nivus_750"\ninterval_s = 0.5\nbus = "line"\n'
            for unit in (5, 6)
        )
        config = agent_file(tmp_path, plant, receiver.url, meters={"NIVUS_01": 1}, more=more)
        with running_agent(config) as agent:
            wait_until(lambda: len(receiver.of("L5")) > 3 and receiver.of("NIVUS_01"), "readings of both buses")
            agent.stop()
    assert_read_right(receiver.of("L5")[0])
    # The plant's meter is polled five times as often, and waits for nothing on the line.
    assert len(receiver.of("NIVUS_01")) > 2 * len(receiver.of("L5"))
    assert agent.log.count("meter L6: does not answer: no answer from unit 6") == 1
