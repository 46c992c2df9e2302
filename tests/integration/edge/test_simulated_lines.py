"""Faults of a line and lines that are serial, seen by a master that speaks bytes."""

from __future__ import annotations

import os
import select
import socket
import struct
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from pymodbus.framer import FramerRTU

from fluxio_edge.cli import main
from fluxio_edge.simulator.answer_log import read_answers
from support.plant import EXAMPLES, RunningPlant, running_plant

#: A flow of 450 m3/h is 0.125 m3/s, low word first.
FLOW = [0x0000, 0x3E00]


def rtu(unit: int, address: int, count: int) -> bytes:
    frame = struct.pack(">BBHH", unit, 4, address, count)
    return frame + FramerRTU.compute_CRC(frame).to_bytes(2, "big")


def tcp(number: int, unit: int, address: int, count: int) -> bytes:
    return struct.pack(">HHHBBHH", number, 0, 6, unit, 4, address, count)


def words(rtu_frame: bytes) -> list[int]:
    assert FramerRTU.check_CRC(rtu_frame[:-2], int.from_bytes(rtu_frame[-2:], "big"))
    return list(struct.unpack(f">{rtu_frame[2] // 2}H", rtu_frame[3:-2]))


class Serial:
    """The master's end of a serial line."""

    def __init__(self, path: str) -> None:
        self._end = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._end)

    def ask(self, *parts: bytes, wait_s: float = 5) -> bytes:
        """Send the parts; what comes back until it is a whole frame, or b"" if nothing does."""
        for part in parts:
            os.write(self._end, part)
        return read_frame(self._end, wait_s)

    def close(self) -> None:
        os.close(self._end)


def read_frame(end: int, wait_s: float) -> bytes:
    frame = b""
    until = time.monotonic() + wait_s
    while (left := until - time.monotonic()) > 0 and not (len(frame) > 4 and len(frame) == frame[2] + 5):
        if select.select([end], [], [], left)[0]:
            frame += os.read(end, 300)
    return frame


@pytest.fixture(scope="module")
def plant() -> Iterator[RunningPlant]:
    with running_plant() as plant:
        yield plant


@pytest.fixture
def master(plant: RunningPlant) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", plant.port), timeout=10) as master:
        yield master
    plant.set_all(fault=None, delay_s=None)


def test_a_dropped_connection_is_closed_in_place_of_an_answer(plant: RunningPlant, master: socket.socket) -> None:
    plant.set("NIVUS_01", fault="drop")
    master.sendall(tcp(1, 2, 10, 2))
    assert master.recv(100)[7] == 4
    master.sendall(tcp(2, 1, 10, 2))
    assert master.recv(100) == b""


def test_a_slow_meter_holds_up_what_is_asked_behind_it_and_mixes_nothing_up(
    plant: RunningPlant, master: socket.socket
) -> None:
    plant.set("NIVUS_01", fault="slow", delay_s=0.4)
    asked = time.monotonic()
    master.sendall(tcp(7, 1, 10, 2) + tcp(8, 2, 12, 2))
    first, second = (master.recv(13, socket.MSG_WAITALL) for _ in range(2))
    assert time.monotonic() - asked >= 0.4
    assert (first[:2], first[6]) == (b"\x00\x07", 1)
    assert (second[:2], second[6]) == (b"\x00\x08", 2)


def test_a_request_in_pieces_is_one_request(master: socket.socket) -> None:
    request = tcp(1, 1, 10, 2)
    for byte in range(len(request)):
        master.sendall(request[byte : byte + 1])
    assert master.recv(13, socket.MSG_WAITALL)[7] == 4


def test_the_whole_plant_can_be_told_at_once(plant: RunningPlant) -> None:
    assert {state["fault"] for state in plant.set_all(fault="busy").values()} == {"busy"}
    assert {state["fault"] for state in plant.set_all(fault=None).values()} == {None}


def test_a_plant_answers_on_a_pseudo_terminal() -> None:
    with running_plant(options=("--serial", "pty")) as plant:
        plant.set("NIVUS_01", flow_rate=450)
        plant.set("NIVUS_02", fault="silent")
        line = Serial(plant.device)
        try:
            assert words(line.ask(rtu(1, 10, 2))) == FLOW
            assert line.ask(rtu(2, 10, 2), wait_s=0.3) == b""
            assert words(line.ask(rtu(1, 10, 2)[:3], rtu(1, 10, 2)[3:])) == FLOW
        finally:
            line.close()
        again = Serial(plant.device)
        try:
            assert words(again.ask(rtu(1, 10, 2))) == FLOW, "the line outlives a master"
        finally:
            again.close()


def test_noise_on_the_line_costs_no_more_than_the_request_it_is_in() -> None:
    with running_plant(options=("--serial", "pty")) as plant:
        plant.set("NIVUS_01", flow_rate=450)
        line = Serial(plant.device)
        try:
            assert line.ask(b"\x01\x04\x00\x0a", wait_s=0.7) == b"", "half a request"
            assert words(line.ask(rtu(1, 10, 2))) == FLOW
        finally:
            line.close()


def test_a_plant_answers_on_a_serial_device() -> None:
    ours, theirs = os.openpty()  # in place of a cable: the plant opens one end by its path
    try:
        tty.setraw(theirs)
        with running_plant(
            options=("--serial", os.ttyname(theirs), "--baud-rate", "9600", "--parity", "none")
        ) as plant:
            plant.set("NIVUS_01", flow_rate=450)
            os.write(ours, rtu(1, 10, 2))
            assert words(read_frame(ours, 5)) == FLOW
            os.close(ours)  # the cable is pulled out
            plant.set("NIVUS_01", flow_rate=None)
    finally:
        os.close(theirs)


def test_a_plant_has_several_buses(tmp_path: Path) -> None:
    file = tmp_path / "plant.toml"
    file.write_text(
        """
        buses = [{ name = "yard", kind = "serial" }, { name = "hall", kind = "rtu_tcp" }, { name = "gate" }]
        [[meters]]
        name = "M1"
        unit = 1
        mean_flow = 10
        bus = "yard"
        [[meters]]
        name = "M2"
        unit = 1
        mean_flow = 10
        bus = "hall"
        [[meters]]
        name = "M3"
        unit = 1
        mean_flow = 10
        bus = "gate"
        """
    )
    with running_plant(file) as plant:
        assert list(plant.buses) == ["yard", "hall", "gate"], "no main bus, on which no meter would be"
        for number, name in enumerate(("M1", "M2", "M3"), 1):
            plant.set(name, flow_rate=450, level=float(number))
        levels = []
        line = Serial(str(plant.buses["yard"]["device"]))
        levels.append(words(line.ask(rtu(1, 12, 2))))
        line.close()
        for bus, request in (("hall", rtu(1, 12, 2)), ("gate", tcp(1, 1, 12, 2))):
            with socket.create_connection(("127.0.0.1", int(str(plant.buses[bus]["port"]))), timeout=10) as master:
                master.sendall(request)
                answer = master.recv(100)
                levels.append(list(struct.unpack(">2H", answer[3:7] if bus == "hall" else answer[9:])))
    assert levels == [[0, 0x3F80], [0, 0x4000], [0, 0x4040]]


def test_what_was_answered_is_in_the_log(tmp_path: Path) -> None:
    with (
        running_plant(options=("--answers", str(tmp_path / "answers"))) as plant,
        socket.create_connection(("127.0.0.1", plant.port), timeout=10) as master,
    ):
        plant.set("NIVUS_02", flow_rate=450)
        for number, (unit, address) in enumerate([(2, 10), (2, 11), (1, 9), (9, 10)]):
            master.sendall(tcp(number, unit, address, 2))
        for _ in range(2):
            master.recv(13, socket.MSG_WAITALL)
    answers = read_answers(tmp_path / "answers")
    assert [(each.meter, each.function_code, each.address) for each in answers] == [
        ("NIVUS_02", 4, 10),
        ("NIVUS_02", 4, 11),
    ]
    assert answers[0].words == FLOW


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--serial", "/dev/there-is-none"), "serial device /dev/there-is-none cannot be used: No such file"),
        (("--serial", "/dev/null"), "serial device /dev/null cannot be used: Inappropriate ioctl"),
        (("--serial", "/dev/ptmx", "--parity", "none", "--baud-rate", "12345"), "12345 is no usual baud rate"),
        (("--answers", "/there-is-none/answers"), "/there-is-none/answers cannot be written: No such file"),
    ],
)
def test_what_cannot_be_used_is_told_in_words(options: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(
        main, ["simulate", str(EXAMPLES / "plant.toml"), "--port", "0", "--control-port", "0", *options]
    )
    assert done.exit_code == 1
    assert said in done.stderr
