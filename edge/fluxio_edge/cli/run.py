"""`fluxio-edge run`: the agent itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from fluxio_edge.agent import run_agent
from fluxio_edge.cli.common import FILE, fail, log_to_stderr, setup_of, until_signal
from fluxio_edge.errors import EdgeError
from fluxio_edge.spool import Spool


@click.command()
@click.argument("config", type=FILE)
@click.option("--spool", type=FILE, help="The spool's file.  [env: FLUXIO_EDGE_DATA]")
@click.option("--modbus-host", help="Where the meters answer.  [env: FLUXIO_SIM_HOST]")
@click.option("--modbus-port", type=click.IntRange(1, 65_535), help="[env: FLUXIO_SIM_PORT]")
def run(config: Path, spool: Path | None, modbus_host: str | None, modbus_port: int | None) -> None:
    """Poll the meters of CONFIG and send their readings, until SIGTERM or Ctrl-C."""
    log_to_stderr()
    setup = setup_of(config, spool=spool, modbus_host=modbus_host, modbus_port=modbus_port)
    stored = setup.config.spool
    try:
        with Spool(
            stored.path,
            max_readings=stored.max_readings,
            max_quarantined=stored.max_quarantined,
            max_bytes=stored.max_mib << 20,
            settle_s=stored.settle_s,
        ) as store:
            asyncio.run(until_signal(lambda stop: run_agent(setup, store, stop)))
    except EdgeError as error:
        fail(error)
