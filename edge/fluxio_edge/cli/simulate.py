"""`fluxio-edge simulate` and `set`: a plant to try things on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

import click
import httpx

from fluxio_edge.cli.common import FILE, environment, fail, log_to_stderr, until_signal
from fluxio_edge.errors import EdgeError
from fluxio_edge.simulator.plant import load_plant
from fluxio_edge.simulator.run import run_plant

_CONTROL = "http://127.0.0.1:5021"


@click.command()
@click.argument("plant", type=FILE)
@click.option("--host", help="Where to listen.  [env: FLUXIO_SIM_HOST; default: 127.0.0.1]")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="Modbus port, 0 for any.  [env: FLUXIO_SIM_PORT; default: 5020]",
)
@click.option("--framer", type=click.Choice(["socket", "rtu"]), default="socket", show_default=True)
@click.option("--control-port", type=click.IntRange(0, 65_535), default=5021, show_default=True)
def simulate(
    plant: Path, host: str | None, port: int | None, framer: Literal["socket", "rtu"], control_port: int
) -> None:
    """Play the plant that the TOML file PLANT describes; says when it is ready in a line of JSON."""
    log_to_stderr()
    try:
        settings = environment()
        meters = load_plant(plant)
        asyncio.run(
            until_signal(
                lambda stop: run_plant(
                    meters,
                    stop,
                    click.echo,
                    host=host or settings.sim_host or "127.0.0.1",
                    port=port if port is not None else settings.sim_port or 5020,
                    framer=framer,
                    control_port=control_port,
                )
            )
        )
    except EdgeError as error:
        fail(error)


@click.command(name="set")
@click.argument("meter")
@click.argument("values", nargs=-1, required=True, metavar="NAME=VALUE...")
@click.option("--control", default=_CONTROL, show_default=True, help="The plant's control address.")
def set_values(meter: str, values: tuple[str, ...], control: str) -> None:
    """Hold values of a simulated METER: flow_rate=120 (m3/h), level=0.3, ..., fault=silent|busy|nan.

    NAME=auto lets a value follow the day again; fault=none ends a fault.
    """
    command = dict(_assignment(value) for value in values)
    try:
        response = httpx.post(f"{control.rstrip('/')}/meters/{meter}", json=command, timeout=5, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise click.ClickException(f"no plant answers at {control}: {error}") from error
    if response.status_code != httpx.codes.OK:
        raise click.ClickException(response.json().get("error", response.text))
    click.echo(response.text)


def _assignment(text: str) -> tuple[str, float | str | None]:
    """ "flow_rate=120" as ("flow_rate", 120.0); auto and none as None."""
    name, separator, value = text.partition("=")
    if not separator:
        raise click.UsageError(f"{text!r} is not NAME=VALUE")
    if value in ("auto", "none"):
        return name, None
    try:
        return name, float(value)
    except ValueError:
        return name, value
