"""The whole system with a simulated plant, in the foreground."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
from honcho.manager import Manager

from . import paths, ports
from .services import Services

USUAL_MODBUS_PORT = 5020
USUAL_CONTROL_PORT = 5021
EXAMPLES = paths.ROOT / "edge" / "examples"


def run(services: Services) -> int:
    """Run until Ctrl-C or until the simulator or the agent ends; the exit status."""
    stack = services.stack
    was_up = stack.is_running()
    with _ended_by_signals():
        try:
            services.up()
            state, wanted = stack.state, stack.settings
            state.modbus_port = ports.choose(
                "FLUXIO_LOCAL_MODBUS_PORT", wanted=wanted.modbus_port, usual=[USUAL_MODBUS_PORT]
            )
            state.control_port = ports.choose(
                "FLUXIO_LOCAL_CONTROL_PORT", wanted=wanted.control_port, usual=[USUAL_CONTROL_PORT]
            )
            state.save(stack.dir)
            manager = _plant(services)
            click.echo(_welcome(services))
            manager.loop()
            return int(manager.returncode or 0)
        finally:
            if not was_up:
                # A second Ctrl-C would leave half of it running.
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                click.echo("stopping", err=True)
                services.down()


def _plant(services: Services) -> Manager:
    """The simulated plant and the agent that reads it."""
    stack = services.stack
    edge = str(Path(sys.executable).with_name("fluxio-edge"))
    modbus, control = str(stack.state.modbus_port), str(stack.state.control_port)
    manager = Manager()
    manager.add_process(
        "plant",
        _shell(edge, "simulate", str(EXAMPLES / "plant.toml"), "--port", modbus, "--control-port", control),
    )
    manager.add_process(
        "agent",
        _shell(
            edge,
            "run",
            str(EXAMPLES / "agent.toml"),
            "--modbus-port",
            modbus,
            "--spool",
            str(stack.dir / "spool.db"),
        ),
        env={**os.environ, **ports.past_proxies(), **services.env()},
    )
    return manager


def _welcome(services: Services) -> str:
    env = services.env()
    body = '{"device_id": "NIVUS_01", "flow_rate": 12.5, "totalizer": 4500.25}'
    return f"""
FluxIO runs. Ctrl-C stops it.

  Dashboard  {env["FLUXIO_DASHBOARD_URL"]}
  Login      {env["FLUXIO_DEMO_EMAIL"]}  {env["FLUXIO_DEMO_PASSWORD"]}

  Send a reading yourself:
  curl {env["FLUXIO_API_URL"]}/api/ingest -H 'x-api-key: {env["FLUXIO_API_KEY"]}' -d '{body}'

  Steer the plant (raises an alert; `auto` lets go):
  .venv/bin/fluxio-edge set NIVUS_01 flow_rate=120 --control http://{ports.HOST}:{services.stack.state.control_port}
"""


def _shell(*command: str) -> str:
    return "exec " + shlex.join(command)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Within, SIGTERM unwinds as Ctrl-C does, and a closed terminal counts as SIGTERM."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    def as_sigterm(_: int, __: FrameType | None) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    previous = [
        (signal.SIGINT, signal.getsignal(signal.SIGINT)),
        (signal.SIGTERM, signal.signal(signal.SIGTERM, end)),
        (signal.SIGHUP, signal.signal(signal.SIGHUP, as_sigterm)),
    ]
    try:
        yield
    finally:
        for number, handler in previous:
            signal.signal(number, handler)
