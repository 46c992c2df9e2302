"""`fluxio-edge simulate` and `fluxio-edge set`: a plant to try things on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final, Literal

import click
import httpx

from fluxio_edge.cli.common import FILE, environment, fail, log_to_stderr, until_signal
from fluxio_edge.errors import EdgeError
from fluxio_edge.simulator.plant import load_plant
from fluxio_edge.simulator.plant_file import MAIN_BUS, Parity, SimulatedBus
from fluxio_edge.simulator.run import run_plant

_CONTROL: Final = "http://127.0.0.1:5021"
#: In place of a name: every meter.
_ALL: Final = "all"


@click.command()
@click.argument("plant", type=FILE)
@click.option("--host", help="Where to listen.  [env: FLUXIO_SIM_HOST; default: 127.0.0.1]")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="Modbus port, 0 for any.  [env: FLUXIO_SIM_PORT; default: 5020]",
)
@click.option(
    "--framer",
    type=click.Choice(["socket", "rtu"]),
    default="socket",
    show_default=True,
    help="Modbus TCP, or RTU frames over TCP.",
)
@click.option("--serial", metavar="DEVICE", help="Answer on a serial device in place of TCP; pty makes one.")
@click.option("--baud-rate", type=int, default=19_200, show_default=True, help="Of the serial device.")
@click.option(
    "--parity", type=click.Choice(["none", "even", "odd"]), default="even", show_default=True, help="Of the same."
)
@click.option("--control-port", type=click.IntRange(0, 65_535), default=5021, show_default=True)
@click.option("--answers", type=FILE, help="Write each answer with registers to this file, one line of JSON each.")
def simulate(
    plant: Path,
    host: str | None,
    port: int | None,
    framer: Literal["socket", "rtu"],
    serial: str | None,
    baud_rate: int,
    parity: Parity,
    control_port: int,
    answers: Path | None,
) -> None:
    """Play the plant that the TOML file PLANT describes; says when it is ready in a line of JSON.

    The options say where those of its meters answer that name no bus of the file.
    """
    log_to_stderr()
    try:
        settings = environment()
        main = SimulatedBus(
            name=MAIN_BUS,
            kind="serial" if serial else "tcp" if framer == "socket" else "rtu_tcp",
            host=host or settings.sim_host or "127.0.0.1",
            port=port if port is not None else settings.sim_port or 5020,
            device=serial or "pty",
            baud_rate=baud_rate,
            parity=parity,
        )
        meters = load_plant(plant)
        asyncio.run(
            until_signal(
                lambda stop: run_plant(meters, stop, click.echo, main=main, control_port=control_port, answers=answers)
            )
        )
    except EdgeError as error:
        fail(error)


@click.command(name="set")
@click.argument("meter")
@click.argument("values", nargs=-1, required=True, metavar="NAME=VALUE...")
@click.option("--control", default=_CONTROL, show_default=True, help="The plant's control address.")
def set_values(meter: str, values: tuple[str, ...], control: str) -> None:
    """Hold values of a simulated METER, or of every meter if METER is all.

    flow_rate=120 (m3/h), level=0.3, velocity, temperature, pressure, battery_level, signal_strength;
    NAME=auto lets a value follow the day again. totalizer=0 resets it. fault=silent, drop, slow, busy,
    illegal, nan, stuck, frozen, ghost or swapped; fault=none ends it. fault_share=0.1 is the share of
    requests that a fault of the line meets, delay_s=2 is how late a slow meter answers.
    """
    command = dict(_assignment(value) for value in values)
    path = "/meters" if meter == _ALL else f"/meters/{meter}"
    try:
        response = httpx.post(f"{control.rstrip('/')}{path}", json=command, timeout=5, trust_env=False)
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
