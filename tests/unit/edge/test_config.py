"""The agent's configuration: what overrides what, and faults in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluxio_edge.config import Environment, load_agent
from fluxio_edge.errors import ConfigError

FILE = """
[api]
url = "https://one.example/"
key_file = "KEYFILE"
[spool]
path = "a.sqlite3"
[bus]
host = "10.0.0.9"
port = 503
[[meters]]
device_id = "M1"
unit = 1
profile = "nivus_750"
"""


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("API_URL", "API_KEY", "API_KEY_FILE", "EDGE_DATA", "SIM_HOST", "SIM_PORT"):
        monkeypatch.delenv(f"FLUXIO_{name}", raising=False)
    return monkeypatch


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "key").write_text("flx_abc\nsecond line\n")
    path = tmp_path / "agent.toml"
    path.write_text(FILE.replace("KEYFILE", str(tmp_path / "key")))
    return path


def test_the_file_alone(clean: pytest.MonkeyPatch, file: Path) -> None:
    setup = load_agent(file, Environment())
    assert setup.api_url == "https://one.example"
    assert setup.read_key() == "flx_abc"
    assert setup.config.spool.path == Path("a.sqlite3")
    assert (setup.config.bus.host, setup.config.bus.port) == ("10.0.0.9", 503)


def test_the_environment_goes_before_the_file(clean: pytest.MonkeyPatch, file: Path) -> None:
    clean.setenv("FLUXIO_API_URL", "http://127.0.0.1:8000/api/ingest")
    clean.setenv("FLUXIO_API_KEY", "flx_env")
    clean.setenv("FLUXIO_EDGE_DATA", "/data/s.sqlite3")
    clean.setenv("FLUXIO_SIM_HOST", "127.0.0.2")
    clean.setenv("FLUXIO_SIM_PORT", "5099")
    setup = load_agent(file, Environment())
    assert setup.api_url == "http://127.0.0.1:8000"
    assert setup.read_key() == "flx_env"
    assert setup.config.spool.path == Path("/data/s.sqlite3")
    assert (setup.config.bus.host, setup.config.bus.port) == ("127.0.0.2", 5099)


def test_options_go_before_the_environment(clean: pytest.MonkeyPatch, file: Path) -> None:
    clean.setenv("FLUXIO_EDGE_DATA", "/data/s.sqlite3")
    clean.setenv("FLUXIO_SIM_PORT", "5099")
    setup = load_agent(file, Environment(), spool=Path("/x"), modbus_port=1234)
    assert (setup.config.spool.path, setup.config.bus.port) == (Path("/x"), 1234)


def test_a_key_file_is_read_anew_each_time(clean: pytest.MonkeyPatch, file: Path) -> None:
    setup = load_agent(file, Environment())
    (file.parent / "key").write_text("flx_new\n")
    assert setup.read_key() == "flx_new"


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), ("\n", "is empty"), ("two words", "does not hold a key")]
)
def test_a_key_that_cannot_be_one_is_told(
    clean: pytest.MonkeyPatch, file: Path, content: str | None, said: str
) -> None:
    key = file.parent / "key"
    key.unlink()
    if content is not None:
        key.write_text(content)
    setup = load_agent(file, Environment())
    with pytest.raises(ConfigError, match=said):
        setup.read_key()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("unit = 1", "unit = 300", r"agent.toml: meters\[1\].unit: Input should be less than or equal to 247"),
        ("unit = 1", 'unit = "1"', r"meters\[1\].unit: Input should be a valid integer"),
        ('profile = "nivus_750"', 'profile = "nivus_75"', "no profile 'nivus_75'; shipped are"),
        ('profile = "nivus_750"', 'profile = "x.toml"', "x.toml: cannot be read: No such file"),
        ("port = 503", "port = 503\nbaud = 9600", "bus.baud: Extra inputs are not permitted"),
        ('url = "https://one.example/"', 'url = "one.example"', "api.url: must be an address like https://"),
        ('url = "https://one.example/"', "", "no address to send to: set url in .api. or FLUXIO_API_URL"),
        ('device_id = "M1"', 'device_id = ""', r"meters\[1\].device_id: String should have at least 1"),
        ("unit = 1", "unit = 1\ninterval_s = nan", r"meters\[1\].interval_s"),
    ],
)
def test_a_fault_is_told_in_words(clean: pytest.MonkeyPatch, file: Path, old: str, new: str, said: str) -> None:
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(ConfigError, match=said):
        load_agent(file, Environment())


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ('device_id = "M1"\nunit = 2', "device_id M1 is listed twice"),
        ('device_id = "M2"\nunit = 1', "unit 1 at 10.0.0.9:503 is listed twice"),
    ],
)
def test_two_meters_are_told_apart(clean: pytest.MonkeyPatch, file: Path, second: str, said: str) -> None:
    file.write_text(file.read_text() + f'[[meters]]\n{second}\nprofile = "nivus_750"\n')
    with pytest.raises(ConfigError, match=said):
        load_agent(file, Environment())


def test_no_key_at_all_is_a_fault(clean: pytest.MonkeyPatch, file: Path) -> None:
    file.write_text("\n".join(line for line in file.read_text().splitlines() if "key_file" not in line))
    with pytest.raises(ConfigError, match="no key: set FLUXIO_API_KEY"):
        load_agent(file, Environment())


def test_a_fault_never_shows_a_value(clean: pytest.MonkeyPatch, file: Path) -> None:
    file.write_text(file.read_text().replace("[spool]", '[spool]\nsecret = "flx_hush"'))
    with pytest.raises(ConfigError) as raised:
        load_agent(file, Environment())
    assert "hush" not in str(raised.value)
