"""The whole system for end-to-end tests: stack, API, a simulated plant and the agent that reads it."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg

from fluxio_local import ports
from fluxio_local.processes import Background
from fluxio_local.services import Services
from fluxio_local.stack import Stack
from support.stacks import throwaway_stack

EDGE = Path(sys.executable).with_name("fluxio-edge")
EXAMPLES = Path(__file__).parents[2] / "edge" / "examples"
WAIT_S = 60.0


def wait_until(what: str, condition: Callable[[], bool], seconds: float = WAIT_S) -> None:
    """Return as soon as `condition` holds; fail with `what` if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.1)


@dataclass
class System:
    """Everything that `make demo` runs; `control_url` steers the plant."""

    stack: Stack
    services: Services
    plant: Background
    agent: Background
    control_url: str
    modbus_port: int
    spool: Path = field(init=False)

    def __post_init__(self) -> None:
        """Where the agent keeps its readings."""
        self.spool = self.stack.dir / "spool.db"

    def start_agent(self) -> None:
        """Poll the example's four meters and send to the API."""
        self.agent.start(
            [EDGE, "run", EXAMPLES / "agent.toml", "--modbus-port", str(self.modbus_port), "--spool", self.spool],
            env=dict(self.services.env()),
            cwd=self.stack.dir,
        )

    def set_meter(self, meter: str, **values: float | str | None) -> None:
        """Hold values of a simulated meter [m3/h, m, ...]; None lets go."""
        httpx.post(f"{self.control_url}/meters/{meter}", json=values, trust_env=False).raise_for_status()

    def stored(self, device_id: str | None = None) -> int:
        """How many readings are in flow_data."""
        with psycopg.connect(self.stack.admin_database_url) as connection:
            row = connection.execute(
                "select count(*) from public.flow_data where device_id = coalesce(%s, device_id)", [device_id]
            ).fetchone()
        return int(row[0]) if row else 0

    def taken(self) -> int:
        """How many readings the agent has ever put on its disk."""
        with closing(sqlite3.connect(f"file:{self.spool}?mode=ro", uri=True)) as connection:
            row = connection.execute("select seq from sqlite_sequence where name = 'readings'").fetchone()
        return int(row[0]) if row else 0

    def waiting(self) -> int:
        """How many readings the agent has not been able to deliver yet, or never will."""
        with closing(sqlite3.connect(f"file:{self.spool}?mode=ro", uri=True)) as connection:
            row = connection.execute("select count(*) from readings").fetchone()
        return int(row[0])


@contextmanager
def running_system() -> Iterator[System]:
    """A System of its own on free ports; everything is stopped and deleted at the end."""
    with throwaway_stack() as stack:
        services = Services(stack)
        plant, agent = Background("plant", stack.dir), Background("agent", stack.dir)
        try:
            services.up()
            modbus, control = ports.free_ports(2)
            plant.start(
                [EDGE, "simulate", EXAMPLES / "plant.toml", "--port", str(modbus), "--control-port", str(control)],
                env={},
                cwd=stack.dir,
            )
            wait_until("the plant is ready", lambda: '"ready": true' in plant.last_lines())
            ready = next(line for line in plant.last_lines().splitlines() if '"ready"' in line)
            system = System(stack, services, plant, agent, json.loads(ready)["control"], modbus)
            system.start_agent()
            yield system
        finally:
            agent.stop()
            plant.stop()
            services.down()
