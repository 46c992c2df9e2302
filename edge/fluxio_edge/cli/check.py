"""`fluxio-edge check`: what a configuration would do."""

from __future__ import annotations

from pathlib import Path

import click

from fluxio_edge.cli.common import FILE, fail, setup_of
from fluxio_edge.errors import ConfigError
from fluxio_edge.profiles import plan_reads
from fluxio_edge.tls import trusted


@click.command()
@click.argument("config", type=FILE)
def check(config: Path) -> None:
    """Say what is wrong with the agent's CONFIG, or what it would do."""
    setup = setup_of(config)
    try:
        setup.read_key()
        trusted(setup.config.api.ca_file)
    except ConfigError as error:
        fail(error)
    for meter in setup.config.meters:
        place = f"{meter.host or setup.config.bus.host}:{meter.port or setup.config.bus.port}"
        requests = len(plan_reads(setup.profiles[meter.profile].decoders()))
        click.echo(
            f"{meter.device_id}: {meter.profile}, unit {meter.unit} at {place}, "
            f"every {meter.interval_s:g} s, {requests} requests"
        )
    click.echo(f"to {setup.api_url}, by way of {setup.config.spool.path}")
