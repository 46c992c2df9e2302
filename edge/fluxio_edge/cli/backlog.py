"""`fluxio-edge backlog`: what waits in the spool."""

from __future__ import annotations

from pathlib import Path

import click

from fluxio_edge.cli.common import FILE, environment, fail, setup_of
from fluxio_edge.errors import EdgeError
from fluxio_edge.spool_file import read_counts


@click.command()
@click.argument("config", type=FILE, required=False)
@click.option("--spool", type=FILE, help="The spool's file, in place of CONFIG's.  [env: FLUXIO_EDGE_DATA]")
def backlog(config: Path | None, spool: Path | None) -> None:
    """Count what waits in the spool, also while the agent runs."""
    path = spool or (setup_of(config).config.spool.path if config else environment().edge_data)
    if path is None:
        raise click.UsageError("give the agent's CONFIG, --spool or FLUXIO_EDGE_DATA")
    try:
        counts = read_counts(path)
    except EdgeError as error:
        fail(error)
    click.echo(f"waiting      {counts.waiting}")
    if counts.oldest:
        click.echo(f"  measured   {counts.oldest} to {counts.newest}")
    click.echo(f"set aside    {counts.quarantined}")
    click.echo(f"dropped      {counts.dropped_readings}")
    if counts.dropped_quarantined:
        click.echo(f"  set aside  {counts.dropped_quarantined}")
