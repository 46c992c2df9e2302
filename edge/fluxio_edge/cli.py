"""The command `fluxio-edge`."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal, NoReturn

import click
import httpx
from pydantic import ValidationError

from fluxio_edge.agent import run_agent
from fluxio_edge.config import AgentSetup, Environment, load_agent
from fluxio_edge.errors import ConfigError, EdgeError
from fluxio_edge.profiles import plan_reads
from fluxio_edge.simulator.plant import load_plant
from fluxio_edge.simulator.run import run_plant
from fluxio_edge.spool import Spool
from fluxio_edge.spool_file import read_counts

_FILE = click.Path(dir_okay=False, path_type=Path)
_CONTROL = "http://127.0.0.1:5021"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fluxio")
def main() -> None:
    """Read flow meters over Modbus and forward their readings to FluxIO."""


@main.command()
@click.argument("config", type=_FILE)
@click.option("--spool", type=_FILE, help="The spool's file.  [env: FLUXIO_EDGE_DATA]")
@click.option("--modbus-host", help="Where the meters answer.  [env: FLUXIO_SIM_HOST]")
@click.option("--modbus-port", type=click.IntRange(1, 65_535), help="[env: FLUXIO_SIM_PORT]")
def run(config: Path, spool: Path | None, modbus_host: str | None, modbus_port: int | None) -> None:
    """Poll the meters of CONFIG and send their readings, until SIGTERM or Ctrl-C."""
    _log_to_stderr()
    setup = _setup(config, spool=spool, modbus_host=modbus_host, modbus_port=modbus_port)
    stored = setup.config.spool
    try:
        with Spool(stored.path, max_readings=stored.max_readings, max_quarantined=stored.max_quarantined) as store:
            asyncio.run(_until_signal(lambda stop: run_agent(setup, store, stop)))
    except EdgeError as error:
        _fail(error)


@main.command()
@click.argument("plant", type=_FILE)
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
    _log_to_stderr()
    try:
        environment = _environment()
        meters = load_plant(plant)
        asyncio.run(
            _until_signal(
                lambda stop: run_plant(
                    meters,
                    stop,
                    click.echo,
                    host=host or environment.sim_host or "127.0.0.1",
                    port=port if port is not None else environment.sim_port or 5020,
                    framer=framer,
                    control_port=control_port,
                )
            )
        )
    except EdgeError as error:
        _fail(error)


@main.command(name="set")
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


@main.command()
@click.argument("config", type=_FILE)
def check(config: Path) -> None:
    """Say what is wrong with the agent's CONFIG, or what it would do."""
    setup = _setup(config)
    try:
        setup.read_key()
    except ConfigError as error:
        _fail(error)
    for meter in setup.config.meters:
        place = f"{meter.host or setup.config.bus.host}:{meter.port or setup.config.bus.port}"
        requests = len(plan_reads(setup.profiles[meter.profile].decoders()))
        click.echo(
            f"{meter.device_id}: {meter.profile}, unit {meter.unit} at {place}, "
            f"every {meter.interval_s:g} s, {requests} requests"
        )
    click.echo(f"to {setup.api_url}, by way of {setup.config.spool.path}")


@main.command()
@click.argument("config", type=_FILE, required=False)
@click.option("--spool", type=_FILE, help="The spool's file, in place of CONFIG's.  [env: FLUXIO_EDGE_DATA]")
def backlog(config: Path | None, spool: Path | None) -> None:
    """Count what waits in the spool, also while the agent runs."""
    path = spool or (_setup(config).config.spool.path if config else _environment().edge_data)
    if path is None:
        raise click.UsageError("give the agent's CONFIG, --spool or FLUXIO_EDGE_DATA")
    try:
        counts = read_counts(path)
    except EdgeError as error:
        _fail(error)
    click.echo(f"waiting      {counts.waiting}")
    if counts.oldest:
        click.echo(f"  measured   {counts.oldest} to {counts.newest}")
    click.echo(f"set aside    {counts.quarantined}")
    click.echo(f"dropped      {counts.dropped_readings}")
    if counts.dropped_quarantined:
        click.echo(f"  set aside  {counts.dropped_quarantined}")


def _setup(
    config: Path, *, spool: Path | None = None, modbus_host: str | None = None, modbus_port: int | None = None
) -> AgentSetup:
    try:
        return load_agent(config, _environment(), spool=spool, modbus_host=modbus_host, modbus_port=modbus_port)
    except ConfigError as error:
        _fail(error)


def _environment() -> Environment:
    try:
        return Environment()
    except ValidationError as error:
        names = ", ".join(
            f"FLUXIO_{str(fault['loc'][0]).upper()}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        )
        raise click.ClickException(names) from error


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


async def _until_signal(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run `work` with an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await work(stop)


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # These log every failed request; the agent says once what it means.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


def _fail(error: EdgeError) -> NoReturn:
    raise click.ClickException(str(error)) from error
