"""`fluxio-edge backlog`: what waits in the spool."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Literal

import click

from fluxio_edge.backlog import as_csv, as_json_lines, waiting
from fluxio_edge.cli.common import FILE, fail, spool_of
from fluxio_edge.errors import EdgeError
from fluxio_edge.spool_file import opened, read_counts


@click.command()
@click.argument("config", type=FILE, required=False)
@click.option("--spool", type=FILE, help="The spool's file, in place of CONFIG's.  [env: FLUXIO_EDGE_DATA]")
@click.option("--list", "number", type=click.IntRange(1), help="Show the first N readings instead.")
@click.option(
    "--export", "form", type=click.Choice(["jsonl", "csv"]), help="Write every reading to stdout instead; all stay."
)
def backlog(config: Path | None, spool: Path | None, number: int | None, form: Literal["jsonl", "csv"] | None) -> None:
    """Count what waits in the spool, also while the agent runs."""
    path = spool_of(config, spool)
    try:
        if number is None and form is None:
            _count(path)
            return
        with opened(path) as connection:
            readings = iter(()) if connection is None else waiting(connection)
            for line in (as_csv if form == "csv" else as_json_lines)(itertools.islice(readings, number)):
                click.echo(line, nl=False)
    except EdgeError as error:
        fail(error)


def _count(path: Path) -> None:
    counts = read_counts(path)
    click.echo(f"waiting      {counts.waiting}")
    if counts.oldest:
        click.echo(f"  measured   {counts.oldest} to {counts.newest}")
    if counts.held:
        click.echo(f"  held back  {counts.held}, until the clock is set")
    click.echo(f"set aside    {counts.quarantined}")
    click.echo(f"dropped      {counts.dropped_readings}")
    if counts.dropped_old:
        click.echo(f"  too old    {counts.dropped_old} more")
    if counts.dropped_quarantined:
        click.echo(f"  set aside  {counts.dropped_quarantined}")
    if counts.damaged:
        click.echo(f"damaged      {counts.damaged} file(s), see beside the spool")
