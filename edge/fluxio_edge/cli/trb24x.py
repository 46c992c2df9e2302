"""`fluxio-edge trb24x`: a plant behind a Teltonika gateway in place of the agent."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from fluxio_edge.cli.common import FILE, environment, fail, log_to_stderr, until_signal
from fluxio_edge.errors import ConfigError, EdgeError
from fluxio_edge.simulator.plant import load_plant
from fluxio_edge.simulator.trb24x.gateway import Target
from fluxio_edge.simulator.trb24x.run import run_gateway
from fluxio_edge.simulator.trb24x.shapes import SHAPES

_PERIOD = click.FloatRange(0.01, 86_400)


@click.command()
@click.argument("plant", type=FILE)
@click.option("--url", help="Where to POST, /api/ingest included.  [default: FLUXIO_API_URL/api/ingest]")
@click.option("--key-file", type=FILE, help="Its first line is the key.  [env: FLUXIO_API_KEY_FILE; FLUXIO_API_KEY]")
@click.option("--shape", type=click.Choice(sorted(SHAPES)), default="array", show_default=True)
@click.option("--segments", type=click.IntRange(1, 64), help="Records in a body.  [default: as usual for the shape]")
@click.option("--poll", "poll_s", type=_PERIOD, default=60.0, show_default=True, help="Seconds between polls.")
@click.option("--period", "period_s", type=_PERIOD, default=60.0, show_default=True, help="Seconds between POSTs.")
@click.option("--tries", type=click.IntRange(0, 10), default=0, show_default=True, help="Repeats of a failed POST.")
@click.option("--pause", "pause_s", type=click.FloatRange(1, 10), default=1.0, show_default=True, help="Between tries.")
@click.option("--control-port", type=click.IntRange(0, 65_535), default=5021, show_default=True)
def trb24x(
    plant: Path,
    url: str | None,
    key_file: Path | None,
    shape: str,
    segments: int | None,
    poll_s: float,
    period_s: float,
    tries: int,
    pause_s: float,
    control_port: int,
) -> None:
    """Play the plant of the TOML file PLANT behind a TRB24x that POSTs to an API.

    As in the field: without --tries nobody looks whether a body was taken, and what was not is lost; a
    redirect is not followed; a backlog goes out the oldest first, --segments records each --period.
    """
    log_to_stderr()
    try:
        chosen = SHAPES[shape]
        if segments is not None and (chosen.segments is None or segments > chosen.most):
            most = "no" if chosen.segments is None else f"at most {chosen.most}"
            raise click.UsageError(f"shape {shape} takes {most} segments")
        target = Target(_url(url), _key(key_file), tries, pause_s)
        meters = load_plant(plant)
        asyncio.run(
            until_signal(
                lambda stop: run_gateway(
                    meters,
                    chosen,
                    target,
                    stop,
                    click.echo,
                    segments=segments,
                    poll_s=poll_s,
                    period_s=period_s,
                    control_port=control_port,
                )
            )
        )
    except EdgeError as error:
        fail(error)


def _url(url: str | None) -> str:
    if url is not None:
        return url
    api_url = environment().api_url
    if api_url is None:
        raise ConfigError("no address to send to: give --url or set FLUXIO_API_URL")
    return api_url.rstrip("/").removesuffix("/api/ingest") + "/api/ingest"


def _key(key_file: Path | None) -> str:
    settings = environment()
    if key_file is None and settings.api_key is not None:
        return settings.api_key.get_secret_value().strip()
    path = key_file or settings.api_key_file
    if path is None:
        raise ConfigError("no key: give --key-file or set FLUXIO_API_KEY or FLUXIO_API_KEY_FILE")
    try:
        return path.read_text(encoding="utf-8").strip().partition("\n")[0]
    except OSError as error:
        raise ConfigError(f"key file {path} cannot be read: {error.strerror}") from error
