"""`fluxio-edge probe` against meters on a port and on a serial device."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fluxio_edge.cli import main
from support.rtu_line import FakeMeter, RtuLine, on_a_port, on_a_serial_device

NO_SETTINGS: dict[str, str | None] = {
    f"FLUXIO_{name}": None for name in ("API_URL", "API_KEY", "API_KEY_FILE", "EDGE_DATA", "SIM_HOST", "SIM_PORT")
}


def probe(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["probe", *map(str, arguments)], env=NO_SETTINGS)


def test_every_decoding_stands_side_by_side_and_the_likely_ones_are_marked() -> None:
    meter = FakeMeter()
    meter.hold(4, 10, *struct.unpack(">2H", struct.pack(">f", 94.225075))[::-1])
    meter.hold(4, 12, *struct.unpack(">2H", struct.pack(">I", 123_456)))
    line = RtuLine({7: meter})
    with on_a_port(line) as port:
        address = ("--host", "127.0.0.1", "--port", port, "--framer", "rtu", "--unit", 7)
        done = probe(*address, "--address", 30011, "--base", 30001, "--count", 4)
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"unit 7 at 127.0.0.1:{port}, input registers (function code 4)"
    assert "  10   30011  733D   29501  29501      15731     15731  01110011 00111101" in lines
    tables = {name: lines[lines.index(name) + 1 :] for name in ("float32", "uint32", "float64", "int64")}
    assert tables["float32"][0].split() == ["wire", "manual", "ABCD", "CDAB", "BADC", "DCBA"]
    read = [f"{struct.unpack('>f', bytes.fromhex(sent))[0]:.7g}" for sent in ("733d42bc", "3d73bc42", "bc423d73")]
    assert tables["float32"][1].split() == ["10", "30011", read[0], "94.22507*", f"{read[1]}*", f"{read[2]}*"]
    assert tables["uint32"][3].split()[2] == "123456*"
    assert tables["float64"][1].split()[:2] == ["10", "30011"]
    assert len(tables["int64"]) == 2, "only what has all its words"


def test_a_meter_of_the_configuration_is_shown_as_its_profile_has_it(tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    meter = FakeMeter()
    for address, digits in enumerate((0x1234, -292, 750, 1765, 0, 0b1101)):
        meter.hold(4, address, digits & 0xFFFF)
    with on_a_serial_device(RtuLine({3: meter})) as device:
        config.write_text(
            f'[[buses]]\nname = "line"\ndevice = "{device}"\nparity = "none"\n'
            '[[meters]]\ndevice_id = "SONIC"\nunit = 3\nprofile = "nivusonic"\n'
        )
        done = probe(config, "SONIC")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.endswith(
        "\nas profile nivusonic has it:\n"
        "  flow_rate        16776 m3/h\n"
        "  level            no value, says its status\n"
        "  velocity         0.75 m/s\n"
        "  temperature      17.65 degC\n"
    )


def test_the_likely_mistake_is_told_with_a_profile(tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    meter = FakeMeter()
    for address, value in ((10, 0.1234), (12, 1.234), (14, 0.765), (16, 17.65), (5200, 123456.7)):
        meter.hold(4, address, *struct.unpack(">2H", struct.pack(">f", value)))
    with on_a_port(RtuLine({1: meter})) as port:
        config.write_text(
            f'[bus]\nport = {port}\nframer = "rtu"\n[[meters]]\ndevice_id = "M1"\nunit = 1\nprofile = "nivus_750"\n'
        )
        done = probe(config, "M1")
    assert 'would fit: order = "ABCD" gives flow_rate 444.24, level 1.234' in done.stdout.splitlines()[-1]


def test_the_addresses_that_a_meter_refuses_are_found() -> None:
    meter = FakeMeter(most=6)
    meter.hold(3, 10, *range(8))
    line = RtuLine({1: meter})
    with on_a_port(line) as port:
        place = ("--host", "127.0.0.1", "--port", port, "--framer", "rtu", "--function", "3")
        done = probe(*place, "--address", 4, "--count", 20)
        assert done.exit_code == 0
        assert done.stderr == "unit 1 refuses 4 to 9, 18 to 23: illegal address\n"
        assert [row.split()[0] for row in done.stdout.splitlines()[4:12]] == [str(address) for address in range(10, 18)]
        assert len(line.asked) <= 64
        refused = probe(*place, "--address", 100, "--count", 2)
    assert (refused.exit_code, refused.stdout) == (4, "")


def test_silence_and_a_closed_port_have_their_own_exit_code() -> None:
    with on_a_port(RtuLine({})) as port:
        silent = probe(
            "--host", "127.0.0.1", "--port", port, "--framer", "rtu", "--unit", 9, "--address", 0, "--timeout", 0.1
        )
    assert silent.exit_code == 3
    assert "no answer from unit 9" in silent.stderr
    assert "a wrong unit id, framing, baud rate or parity" in silent.stderr
    closed = probe("--host", "127.0.0.1", "--port", port, "--address", 0, "--timeout", 0.5)
    assert (closed.exit_code, closed.stderr) == (3, f"no connection to 127.0.0.1:{port}\n")
    missing = probe("--device", "/dev/ttyUSB99", "--address", 0)
    assert (missing.exit_code, missing.stderr) == (3, "no connection to /dev/ttyUSB99: No such file or directory\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "give CONFIG and METER, or --address with --host or --device"),
        (("--host", "h"), 2, "give CONFIG and METER"),
        (("--host", "h", "--device", "d", "--address", 1), 2, "give CONFIG and METER"),
        (("--host", "h", "--address", 1, "--base", 2), 2, "--address less --base is -1 on the wire"),
        (("--device", "d", "--address", 1, "--baud-rate", 31), 1, "--baud-rate: Input should be 300, 600"),
        (("none.toml", "M1"), 1, "none.toml: cannot be read"),
        (("CONFIG",), 1, "which meter? CONFIG has M1"),
        (("CONFIG", "M2"), 1, "CONFIG has no meter M2, but M1"),
    ],
)
def test_wrong_settings_are_told(tmp_path: Path, arguments: tuple[object, ...], code: int, said: str) -> None:
    config = tmp_path / "agent.toml"
    config.write_text('[[meters]]\ndevice_id = "M1"\nunit = 1\nprofile = "nivus_750"\n')
    done = probe(*(config if each == "CONFIG" else each for each in arguments))
    assert done.exit_code == code
    assert said.replace("CONFIG", str(config)) in done.stderr or said in done.stderr
    assert "Traceback" not in done.output
