"""[bus], [[buses]] and [[meters]]: which meter is on which bus, and faults in words."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from fluxio_edge.config import Environment, load_meters
from fluxio_edge.errors import ConfigError
from fluxio_edge.meter_settings import BusSettings, MeterTables
from fluxio_edge.place import SerialPlace, TcpPlace

METER: dict[str, Any] = {"device_id": "M1", "unit": 1, "profile": "nivus_750"}
SERIAL: dict[str, Any] = {"name": "line", "device": "/dev/ttyUSB0", "baud_rate": 9600}
TCP: dict[str, Any] = {"name": "hall", "host": "10.0.0.8"}


def tables(meters: list[dict[str, Any]], **more: Any) -> MeterTables:  # noqa: ANN401 (as the file has it)
    return MeterTables.model_validate({"meters": meters, **more})


def test_a_meter_without_a_bus_is_on_the_default_one_or_on_the_only_one() -> None:
    (meter,) = (alone := tables([METER])).meters
    assert (alone.bus_name(meter), str(alone.bus_of(meter).place())) == ("bus", "127.0.0.1:502")
    (meter,) = (only := tables([METER], buses=[SERIAL])).meters
    assert only.bus_of(meter).place() == SerialPlace("/dev/ttyUSB0", 9600)
    (meter,) = (both := tables([METER], buses=[SERIAL], bus={"host": "h"})).meters
    assert both.bus_of(meter).place() == TcpPlace("h", 502)
    (meter,) = (named := tables([METER | {"bus": "line"}], buses=[TCP, SERIAL])).meters
    assert named.bus_name(meter) == "line"


def test_a_meter_may_have_a_host_of_its_own() -> None:
    (meter,) = (given := tables([METER | {"host": "10.0.0.9", "port": 503}])).meters
    assert given.bus_of(meter).place(meter.host, meter.port) == TcpPlace("10.0.0.9", 503)


def test_only_what_is_a_line_is_shared() -> None:
    assert not BusSettings().is_shared
    assert BusSettings(one_at_a_time=True).is_shared
    assert BusSettings(framer="rtu").is_shared
    assert BusSettings(device="/dev/ttyS1").is_shared


@pytest.mark.parametrize(
    ("given", "pause"),
    [
        ({}, 0.0),
        ({"device": "d", "baud_rate": 9600, "parity": "even"}, 3.5 * 11 / 9600),
        ({"device": "d", "baud_rate": 9600, "parity": "none"}, 3.5 * 10 / 9600),
        ({"device": "d", "baud_rate": 9600, "parity": "none", "stop_bits": 2}, 3.5 * 11 / 9600),
        ({"device": "d", "baud_rate": 38_400}, 0.00175),
        ({"device": "d", "pause_s": 0.1}, 0.1),
    ],
)
def test_a_serial_line_is_quiet_between_frames(given: dict[str, Any], pause: float) -> None:
    assert BusSettings.model_validate(given).pause == pytest.approx(pause)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"bus": {"baud_rate": 9600}}, "baud_rate is for a serial device: give device"),
        ({"bus": {"device": "d", "host": "h", "framer": "rtu"}}, "framer and host does not go with device"),
        ({"bus": {"device": "d", "baud_rate": 9601}}, "Input should be 300, 600"),
        ({"buses": [TCP, TCP]}, "bus hall is listed twice"),
        ({"buses": [TCP | {"name": "bus"}]}, "a bus is named bus, which .bus. is"),
        ({"buses": [SERIAL, SERIAL | {"name": "other"}]}, "/dev/ttyUSB0 is a line of two buses"),
        ({"buses": [TCP, SERIAL]}, r"meter M1: which bus\? There are hall, line, and no .bus."),
        ({"meters": [METER | {"bus": "lime"}], "buses": [SERIAL]}, r"meter M1: there is no bus lime \(line\)"),
        ({"meters": [METER | {"host": "h"}], "buses": [SERIAL]}, "meter M1: host and port do not go with a serial bus"),
        ({"meters": [METER, METER | {"device_id": "M2"}], "buses": [SERIAL]}, "unit 1 at /dev/ttyUSB0 is listed twice"),
    ],
)
def test_a_fault_is_told_in_words(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        MeterTables.model_validate({"meters": [METER], **given})


def test_two_meters_of_one_unit_id_on_two_buses_are_two() -> None:
    two = [METER | {"bus": "line"}, METER | {"device_id": "M2", "bus": "hall"}]
    assert len(tables(two, buses=[TCP, SERIAL]).meters) == 2


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(
        '[[buses]]\nname = "line"\ndevice = "/dev/ttyUSB0"\n'
        + "".join(
            f'[[meters]]\ndevice_id = "{name}"\nunit = 4\nprofile = "nivus_750"\nbus = "{bus}"\n'
            for name, bus in (("M1", "line"), ("M2", "line"), ("M3", "lime"))
        )
    )
    with pytest.raises(ConfigError) as raised:
        load_meters(config, Environment())
    assert str(raised.value).splitlines() == [
        f"{config}: unit 4 at /dev/ttyUSB0 is listed twice",
        f"{config}: meter M3: there is no bus lime (line)",
    ]


def test_the_environment_moves_the_default_bus_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUXIO_SIM_PORT", "5099")
    config = tmp_path / "agent.toml"
    config.write_text(
        '[[buses]]\nname = "hall"\nhost = "10.0.0.8"\n[[meters]]\ndevice_id = "M1"\nunit = 4\nprofile = "nivus_750"\n'
    )
    given, _ = load_meters(config, Environment())
    assert str(given.bus_of(given.meters[0]).place()) == "10.0.0.8:502"
    config.write_text("[bus]\nport = 1\n" + config.read_text())
    moved, _ = load_meters(config, Environment())
    assert str(moved.bus_of(moved.meters[0]).place()) == "127.0.0.1:5099"


def test_the_device_that_says_why_it_cannot_be_opened_is_let_go() -> None:
    before = len(os.listdir("/proc/self/fd"))
    assert SerialPlace("/dev/null").fault().startswith("in use by another program")
    assert SerialPlace("/nowhere").fault() == "No such file or directory"
    assert len(os.listdir("/proc/self/fd")) == before
