"""`fluxio-edge check` and `fluxio-edge profiles`."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from pydantic import BaseModel

from fluxio_edge.cli import main
from fluxio_edge.meter_settings import MeterSettings, NamedBusSettings
from fluxio_edge.profile_file import Profile, ProfileHole, ProfileRegister, ProfileStatus

EXAMPLES = Path(__file__).parents[3] / "edge" / "examples"
DOCS = (Path(__file__).parents[3] / "docs" / "edge.md").read_text()

NO_SETTINGS: dict[str, str | None] = {
    f"FLUXIO_{name}": None for name in ("API_URL", "API_KEY", "API_KEY_FILE", "EDGE_DATA", "SIM_HOST", "SIM_PORT")
}
API = '[api]\nurl = "http://127.0.0.1:9"\n'
OWN = """
name = "own"
model = "Pump house"
source = "its manual, p. 7"
max_gap = 4
[[registers]]
metric = "flow_rate"
function_code = 3
address = 40011
address_base = 40001
type = "float32"
order = "BADC"
unit = "l/s"
min = -100
max = 900
no_data = [-9999.9]
[[registers]]
metric = "temperature"
function_code = 3
address = 14
type = "int16"
unit = "degC"
resolution = 0.1
[[status]]
function_code = 3
address = 15
value = 3
flag = "service"
quality = "bad"
"""


def edge(*arguments: str | Path, key: str | None = "flx_x") -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments], env={**NO_SETTINGS, "FLUXIO_API_KEY": key})


def agent(folder: Path, text: str) -> Path:
    path = folder / "agent.toml"
    path.write_text(API + text)
    return path


def test_check_tells_every_fault_of_the_files_at_once(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN.replace("address = 40011", "address = 12"))
    config = agent(
        tmp_path,
        '[[meters]]\ndevice_id = "M1"\nunit = 1\nprofile = "own.toml"\n'
        '[[meters]]\ndevice_id = "M2"\nunit = 2\nprofile = "nivus"\n',
    )
    done = edge("check", config, key=None)
    assert done.exit_code == 1
    assert f"{config}: no key: set FLUXIO_API_KEY" in done.stderr
    assert "own.toml: registers[1]: address 12 is -39989 on the wire, where no register is" in done.stderr
    assert "no profile 'nivus'; shipped are: nivus_750, nivusonic" in done.stderr


def test_check_tells_what_is_missing_on_the_gateway(tmp_path: Path) -> None:
    config = agent(
        tmp_path,
        '[[buses]]\nname = "line"\ndevice = "/dev/ttyUSB99"\n'
        '[[meters]]\ndevice_id = "M1"\nunit = 1\nprofile = "nivus_750"\n',
    )
    files = f'[api]\nkey_file = "{tmp_path}/key"\nca_file = "{tmp_path}/ca"'
    config.write_text(config.read_text().replace("[api]", files))
    done = edge("check", config, key=None)
    assert done.exit_code == 1
    assert done.stdout.startswith("M1: nivus_750, unit 1 at /dev/ttyUSB99 (RTU over serial), every 60 s, 2 requests\n")
    assert done.stderr.splitlines() == [
        f"Error: key file {tmp_path}/key cannot be read: No such file or directory",
        f"Error: ca_file {tmp_path}/ca cannot be read: No such file or directory",
        "Error: serial device /dev/ttyUSB99: No such file or directory",
    ]


def test_check_notes_what_is_most_likely_not_meant(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN.replace('unit = "l/s"', 'unit = "l/s"\nscale = 1.0'))
    config = agent(
        tmp_path,
        '[[buses]]\nname = "line"\ndevice = "/dev/null"\nbaud_rate = 300\ntimeout_s = 0.5\n'
        '[[buses]]\nname = "hall"\nhost = "10.0.0.8"\n'
        '[[meters]]\ndevice_id = "M1"\nunit = 1\nprofile = "own.toml"\nbus = "line"\ninterval_s = 1\n',
    )
    done = edge("check", config)
    notes = [line for line in done.stderr.splitlines() if line.startswith("note: ")]
    assert notes == [
        "note: no meter is on bus hall",
        "note: bus line: 6 registers take 0.65 s at 300 baud, and timeout_s is 0.5",
        "note: bus line: its meters at their intervals need 108% of the line's time: poll less often",
        "note: profile own.toml: flow_rate is a float in l/s, for which the scale is 3.6, and not 1",
    ]


def test_profiles_lists_the_shipped_and_the_own_ones(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN)
    (tmp_path / "broken.toml").write_text(OWN.replace("model =", "kind ="))
    agent(tmp_path, "[[meters]]\n")
    rows = edge("profiles", "--folder", tmp_path).stdout.splitlines()
    assert [row.split()[:2] for row in rows[1:]] == [
        ["nivus_750", "shipped"],
        ["nivusonic", "shipped"],
        ["broken.toml", "own"],
        ["own.toml", "own"],
    ]
    assert rows[3].split()[2:] == ["faulty:", "model:", "Field", "required"]
    assert rows[4].endswith("flow_rate, temperature")


def test_profiles_shows_one_in_detail(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN)
    done = edge("profiles", "own.toml", "--folder", tmp_path)
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[:2] == ["own: Pump house", "source: its manual, p. 7"]
    assert lines[4:6] == [
        "flow_rate 3 10 40011 float32 BADC l/s 3.6 0 m3/h -100 to 900 -9999.9",
        "temperature 3 14 40015 int16 AB degC 0.1 0 degC - -",
    ]
    assert lines[7] == "status: function 3, wire 15: if the word is 3, flag service, quality bad"
    assert lines[9:] == ["request: function 3, wire 10 to 15"]


@pytest.mark.parametrize("name", ["nivus_750", "nivusonic"])
def test_profiles_shows_the_shipped_ones(name: str) -> None:
    done = edge("profiles", name)
    assert done.exit_code == 0
    assert "flow_rate" in done.stdout
    assert edge("profiles", "nivus").stderr.startswith("Error: no profile 'nivus'")


def test_the_example_of_several_buses_is_right_but_for_the_gateway() -> None:
    done = edge("check", EXAMPLES / "lines.toml")
    assert "Error: serial device /dev/ttyUSB0: No such file or directory\n" in done.stderr
    assert "note: " not in done.stderr
    assert (
        "TANK_01: own_meter.toml, unit 1 at 192.168.1.20:4001 (RTU over TCP), every 300 s, 2 requests\n" in done.stdout
    )


@pytest.mark.parametrize(
    "model", [NamedBusSettings, MeterSettings, ProfileRegister, ProfileStatus, ProfileHole, Profile]
)
def test_every_setting_of_buses_meters_and_profiles_is_documented(model: type[BaseModel]) -> None:
    rows = [line for line in DOCS.splitlines() if line.startswith("|")]
    for name in model.model_fields:
        assert any(f"`{name}`" in row or f" {name}`" in row or f"`[[{name}]]`" in row for row in rows), name


@pytest.mark.parametrize("name", ["check", "probe", "profiles"])
def test_every_option_is_documented(name: str) -> None:
    rows = "\n".join(line for line in DOCS.splitlines() if line.startswith(f"| `fluxio-edge {name}"))
    for parameter in main.commands[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[0] in rows, parameter.opts


def test_profiles_writes_the_tables_of_one(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN.replace('type = "int16"', 'type = "uint16"\norder = "BA"'))
    lines = edge("profiles", "own.toml", "--folder", tmp_path, "--markdown").stdout.splitlines()
    assert "| flow_rate | 3 | 10 | 11 | 40011 | float32 | BADC | l/s | m3/h (x 3.6) |" in lines
    assert "| 3 | 15 | the word | 3 | flag `service`, quality bad |" in lines
    assert lines[-3:] == [
        "| `flow_rate` | `32bit_float2143` | Read holding registers (3) | 11 | 1 |",
        # As a plain word: the API knows the order, and would swap it again.
        "| `temperature` | `16bit_int_hi_first` | Read holding registers (3) | 15 | 1 |",
        "| `status_16` | `16bit_int_hi_first` | Read holding registers (3) | 16 | 1 |",
    ]
    alone = edge("profiles", "--markdown")
    assert (alone.exit_code, alone.stderr.splitlines()[-1]) == (2, "Error: --markdown shows one PROFILE.")
