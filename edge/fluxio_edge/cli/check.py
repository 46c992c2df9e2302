"""`fluxio-edge check`: what a configuration would do, and what is wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from fluxio_edge.cli.common import FILE, setup_of
from fluxio_edge.config import AgentSetup
from fluxio_edge.inspection import faults, notes
from fluxio_edge.meter_settings import MeterSettings


@click.command()
@click.argument("config", type=FILE)
def check(config: Path) -> None:
    """Say what is wrong with the agent's CONFIG, or what it would do.

    Exit codes: 0 all is well (there may be notes), 1 something is wrong.
    """
    setup = setup_of(config)
    for meter in setup.config.meters:
        click.echo(_in_words(setup, meter))
    click.echo(f"to {setup.api_url}, by way of {setup.config.spool.path}")
    for note in notes(setup):
        click.echo(f"note: {note}", err=True)
    found = list(faults(setup))
    for fault in found:
        click.echo(f"Error: {fault}", err=True)
    sys.exit(1 if found else 0)


def _in_words(setup: AgentSetup, meter: MeterSettings) -> str:
    bus = setup.config.bus_of(meter)
    place = bus.place(meter.host, meter.port)
    over = "" if bus.kind == "Modbus TCP" else f" ({bus.kind})"
    requests = len(setup.profiles[meter.profile].blocks())
    return (
        f"{meter.device_id}: {meter.profile}, unit {meter.unit} at {place}{over}, "
        f"every {meter.interval_s:g} s, {requests} request{'s' if requests > 1 else ''}"
    )
