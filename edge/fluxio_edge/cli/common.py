"""What the commands share: settings, signals, log and faults in words."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NoReturn

import click
from pydantic import ValidationError

from fluxio_edge.config import AgentSetup, Environment, load_agent
from fluxio_edge.errors import ConfigError, EdgeError

FILE = click.Path(dir_okay=False, path_type=Path)


def setup_of(
    config: Path, *, spool: Path | None = None, modbus_host: str | None = None, modbus_port: int | None = None
) -> AgentSetup:
    """The checked configuration, or the end of the command."""
    try:
        return load_agent(config, environment(), spool=spool, modbus_host=modbus_host, modbus_port=modbus_port)
    except ConfigError as error:
        fail(error)


def spool_of(config: Path | None, spool: Path | None) -> Path:
    """The spool's file, as the agent of `config` would choose it if there is one."""
    path = spool or (setup_of(config).config.spool.path if config else environment().edge_data)
    if path is None:
        raise click.UsageError("give the agent's CONFIG, --spool or FLUXIO_EDGE_DATA")
    return path


def environment() -> Environment:
    """The environment's settings, or the end of the command."""
    try:
        return Environment()
    except ValidationError as error:
        names = ", ".join(
            f"FLUXIO_{str(fault['loc'][0]).upper()}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        )
        raise click.ClickException(names) from error


async def until_signal(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run `work` with an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await work(stop)


def log_to_stderr() -> None:
    """Every line of log to stderr."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # These log every failed request; the agent says once what it means.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


def fail(error: EdgeError) -> NoReturn:
    """End the command with the error's words."""
    raise click.ClickException(str(error)) from error
