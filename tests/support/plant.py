"""Simulated plants and agents as processes of their own, the way people run them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from fluxio_edge.spool_file import read_counts

EXAMPLES = Path(__file__).parents[2] / "edge" / "examples"
_COMMAND = (sys.executable, "-m", "fluxio_edge")


@dataclass(frozen=True)
class RunningPlant:
    """A plant that can be polled at `port` (or on a serial line, at `device`) and steered."""

    port: int
    control: str
    framer: str
    #: Where each of its buses is, by name.
    buses: dict[str, dict[str, object]] = field(default_factory=dict)

    @property
    def device(self) -> str:
        """The path of the main bus, which is serial."""
        return str(self.buses["main"]["device"])

    def requests(self, meter: str) -> int:
        """How often a meter was asked."""
        answer = httpx.get(f"{self.control}/meters/{meter}", trust_env=False)
        return int(answer.raise_for_status().json()["requests"])

    def set(self, meter: str, **command: float | str | None) -> dict[str, object]:
        """Steer one meter; its state afterwards."""
        answer = httpx.post(f"{self.control}/meters/{meter}", json=command, trust_env=False)
        answer.raise_for_status()
        state: dict[str, object] = answer.json()
        return state

    def set_all(self, **command: float | str | None) -> dict[str, dict[str, object]]:
        """Steer every meter; their states afterwards, by name."""
        answer = httpx.post(f"{self.control}/meters", json=command, trust_env=False)
        answer.raise_for_status()
        states: dict[str, dict[str, object]] = answer.json()
        return states


@contextmanager
def running_plant(
    file: Path = EXAMPLES / "plant.toml", *, framer: str = "socket", port: int = 0, options: Sequence[str] = ()
) -> Iterator[RunningPlant]:
    """The plant of `file` on free ports, with more `options` of the command; must end cleanly."""
    command = [*_COMMAND, "simulate", str(file), "--port", str(port), "--control-port", "0", "--framer", framer]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert ready["ready"] is True
            yield RunningPlant(ready["port"] or 0, ready["control"], framer, ready["buses"])
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=20)
    assert code == 0


class RunningAgent:
    """An agent process whose log goes to a file."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, before: int) -> None:
        self.process = process
        self._log = log
        self._before = before

    @property
    def log(self) -> str:
        """With those of agents before it that had the same configuration."""
        return self._log.read_text()

    @property
    def is_polling(self) -> bool:
        """Whether it has come so far that a signal ends it well."""
        return b"polling" in self._log.read_bytes()[self._before :]

    def stop(self) -> None:
        """SIGTERM; must end by itself and well."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=20) == 0, self.log

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(timeout=20)


@contextmanager
def running_agent(config: Path, **environment: str) -> Iterator[RunningAgent]:
    """`fluxio-edge run CONFIG` with no other FLUXIO_ settings than `environment`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLUXIO_")}
    log = config.with_suffix(".log")
    before = log.stat().st_size if log.exists() else 0
    with (
        log.open("ab") as output,
        subprocess.Popen([*_COMMAND, "run", str(config)], stderr=output, env={**kept, **environment}) as process,
    ):
        try:
            yield RunningAgent(process, log, before)
        finally:
            if process.poll() is None:
                process.kill()


def agent_file(folder: Path, plant: RunningPlant, api_url: str, *, meters: dict[str, int], more: str = "") -> Path:
    """An agent's configuration that polls `meters` (name: unit) quickly; `more` is appended."""
    lines = [
        f'[api]\nurl = "{api_url}"\nkey_file = "{folder / "key"}"',
        f'[spool]\npath = "{folder / "spool.sqlite3"}"\ngather_s = 0.02\nsettle_s = 0',
        "[status]\nenabled = false",
        "[sending]\nlinger_s = 0.05\nbackoff_max_s = 0.2\nrefused_s = 0.2\ntimeout_s = 5",
        f'[bus]\nport = {plant.port}\nframer = "{plant.framer}"\ntimeout_s = 0.5\nretries = 0\nbackoff_max_s = 0.5',
        *(
            f'[[meters]]\ndevice_id = "{name}"\nunit = {unit}\nprofile = "nivus_750"\ninterval_s = 0.1'
            for name, unit in meters.items()
        ),
        more,
    ]
    path = folder / "agent.toml"
    path.write_text("\n".join(lines))
    return path


def waiting(folder: Path) -> int:
    """How many readings wait in the spool of `agent_file`."""
    return read_counts(folder / "spool.sqlite3").waiting


def stored_ever(folder: Path) -> int:
    """How many readings that spool has taken in since it was made; their numbers are never used again."""
    with contextlib.closing(sqlite3.connect(folder / "spool.sqlite3")) as connection:
        return int(connection.execute("select seq from sqlite_sequence where name = 'readings'").fetchone()[0])
