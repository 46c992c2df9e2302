"""`flask --app fluxio_api spool`."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from flask import Flask

from .spool_file import FILE, SpoolError
from .spooling import Spooling


def register(app: Flask, spooling: Spooling | None) -> None:
    """Add the command to `flask --app fluxio_api`."""

    @app.cli.command("spool")
    @click.option("--retry", is_flag=True, help="Put what was set aside back into the queue first.")
    def spool(retry: bool) -> None:
        """Count what the spool holds, also while the API runs."""
        if spooling is None:
            raise click.ClickException("FLUXIO_SPOOL_DIR is not set")
        if not (spooling.spool.directory / FILE).is_file():
            raise click.ClickException(f"there is no spool in {spooling.spool.directory}")
        try:
            if retry:
                click.echo(f"retried        {spooling.spool.retry_set_aside()}")
            state = spooling.state()
        except SpoolError as error:
            raise click.ClickException(str(error)) from error
        finally:
            spooling.spool.close()
        click.echo(f"waiting        {state.entries}")
        if state.oldest is not None:
            click.echo(f"  oldest       {state.oldest.isoformat()}, {state.oldest_age_s(datetime.now(UTC)):.0f} s ago")
        click.echo(f"set aside      {state.set_aside}")
        click.echo(f"bytes          {state.bytes}")
        click.echo(f"ever kept      {state.spooled}")
        click.echo(f"  stored       {state.drained}")
        click.echo(f"  dead letters {state.dead_lettered}")
        click.echo(f"turned away    {state.refused}")
