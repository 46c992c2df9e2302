"""The wheel on an empty gateway: only the edge's dependencies, and a service file that fits."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fluxio_edge.watchdog import STUCK

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "edge" / "examples" / "agent.toml"
NOT_ON_A_GATEWAY = {
    "flask",
    "flask-cors",
    "gunicorn",
    "limits",
    "supabase",
    "psycopg",
    "pyjwt",
    "honcho",
    "pytest",
}
#: Of everything in site-packages, pip included [bytes].
MOST = 80 * 1024 * 1024


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty environment with `fluxio[edge]` from a wheel of this tree, in the versions of the lock file; its bin."""
    folder = tmp_path_factory.mktemp("gateway")
    source = folder / "source"
    # A build writes beside the sources.
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    for part in ("api", "edge", "supabase/local"):
        shutil.copytree(ROOT / part, source / part, ignore=ignored)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    python = folder / "venv" / "bin" / "python"
    locked = re.findall(
        r"^[a-z0-9._-]+==[^\s\\]+(?: ; [^\\\n]+)?", (ROOT / "requirements.lock").read_text(), re.MULTILINE
    )
    (folder / "constraints.txt").write_text("\n".join(locked))
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    for command in (
        (*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)),
        (sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")),
    ):
        subprocess.run(command, check=True, timeout=120)
    (wheel,) = folder.glob("fluxio-*.whl")
    constraints = ("--constraint", str(folder / "constraints.txt"))
    subprocess.run((*pip, "--python", str(python), "install", *constraints, f"{wheel}[edge]"), check=True, timeout=240)
    yield python.parent
    shutil.rmtree(folder)


def run(gateway: Path, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [gateway / "fluxio-edge", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
        cwd=gateway,
    )


def test_the_wheel_brings_only_what_the_edge_needs(gateway: Path) -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "--python", gateway / "python", "list", "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    names = {each["name"].lower() for each in json.loads(listed.stdout)}
    assert {"fluxio", "httpx", "pymodbus", "pydantic", "click"} <= names
    assert not names & NOT_ON_A_GATEWAY
    installed = sum(file.stat().st_size for file in gateway.parent.rglob("*") if file.is_file())
    assert installed < MOST


def test_version_profiles_and_check_work_without_the_rest(gateway: Path) -> None:
    version = run(gateway, "--version")
    assert version.returncode == 0, version.stderr
    assert re.match(r"fluxio-edge, version \d+\.\d+", version.stdout)
    checked = run(gateway, "check", EXAMPLE, FLUXIO_API_KEY="flx_x")
    assert checked.returncode == 0, checked.stderr
    assert "NIVUS_01: nivus_750" in checked.stdout


def test_the_agent_runs_and_stops_without_the_rest(gateway: Path, tmp_path: Path) -> None:
    settings = {"FLUXIO_API_KEY": "flx_x", "FLUXIO_EDGE_DATA": str(tmp_path / "spool"), "FLUXIO_SIM_PORT": "9"}
    log = tmp_path / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen([gateway / "fluxio-edge", "run", EXAMPLE], stderr=output, env=settings) as agent,
    ):
        until = time.monotonic() + 30
        while "polling 4 meter(s)" not in log.read_text():
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(timeout=20) == 0, log.read_text()


def test_the_service_file_fits_the_agent() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign] # as documented
    unit.read(ROOT / "edge" / "systemd" / "fluxio-edge.service")
    service = unit["Service"]
    assert (service["Type"], service["Restart"]) == ("notify", "always")
    command, verb, config = service["ExecStart"].split()
    docs = (ROOT / "docs" / "edge.md").read_text()
    assert Path(command).name == "fluxio-edge"
    assert verb == "run"
    assert command in docs
    assert config in docs
    assert str(STUCK) in docs, "the exit status of an agent that ended itself"
    sysusers = (ROOT / "edge" / "systemd" / "fluxio-edge.sysusers").read_text()
    assert f"\nu {service['User']} " in sysusers
    # It has to ask about the clock, and ProtectClock would forbid that.
    assert "ProtectClock" not in service
    assert os.sep not in service["StateDirectory"]
