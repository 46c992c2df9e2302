"""`fluxio-edge status`: how a running agent is."""

from __future__ import annotations

from pathlib import Path

import click
import httpx

from fluxio_edge.cli.common import FILE, setup_of
from fluxio_edge.forward_settings import StatusSettings
from fluxio_edge.status_page import HOST


@click.command()
@click.argument("config", type=FILE, required=False)
@click.option("--port", type=click.IntRange(1, 65_535), help="The page's port, in place of CONFIG's.")
@click.option("--json", "as_json", is_flag=True, help="All that is known, as JSON.")
def status(config: Path | None, port: int | None, as_json: bool) -> None:
    """Say how the agent is that runs on this machine. Fails if none answers."""
    settings = setup_of(config).config.status if config else StatusSettings()
    if not settings.enabled and port is None:
        raise click.ClickException("the page is not enabled in [status]")
    address = f"http://{HOST}:{port or settings.port}/status.{'json' if as_json else 'txt'}"
    try:
        answer = httpx.get(address, timeout=10, trust_env=False)
    except httpx.HTTPError as error:
        raise click.ClickException(f"no agent answers at {address}: {error}") from error
    click.echo(answer.text, nl=False)
    if answer.is_error:
        raise click.exceptions.Exit(1)
