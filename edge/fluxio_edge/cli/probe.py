"""`fluxio-edge probe`: what a meter's registers hold, decoded in every way."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Literal

import click
from pydantic import ValidationError

from fluxio_edge.cli.common import FILE, environment, fail
from fluxio_edge.config import load_meters
from fluxio_edge.errors import ConfigError
from fluxio_edge.meter_settings import BusSettings, MeterSettings, MeterTables
from fluxio_edge.place import Framer, Parity
from fluxio_edge.probing import probe_meter
from fluxio_edge.profile_file import Profile
from fluxio_edge.read_plan import MAX_REGISTERS, Block, Span
from fluxio_edge.registers import FunctionCode


@click.command()
@click.argument("config", type=FILE, required=False)
@click.argument("meter", required=False)
@click.option("--host", help="A meter or converter on the network.")
@click.option("--port", type=click.IntRange(1, 65_535), default=502, show_default=True)
@click.option("--framer", type=click.Choice(["socket", "rtu"]), default="socket", show_default=True)
@click.option("--device", help="A serial device, in place of --host.")
@click.option("--baud-rate", type=int, default=19_200, show_default=True)
@click.option("--parity", type=click.Choice(["none", "even", "odd"]), default="even", show_default=True)
@click.option("--stop-bits", type=click.IntRange(1, 2), default=1, show_default=True)
@click.option("--timeout", type=click.FloatRange(0.05, 60), default=3.0, show_default=True, help="Seconds.")
@click.option("--unit", type=click.IntRange(1, 247), default=1, show_default=True)
@click.option("--function", type=click.Choice(["3", "4"]), default="4", show_default=True)
@click.option("--address", type=click.IntRange(0, 465_536), help="The first register, on the wire unless --base.")
@click.option("--base", type=click.IntRange(0, 400_001), default=0, help="The number of the manual's first register.")
@click.option("--count", type=click.IntRange(1, MAX_REGISTERS), default=8, show_default=True)
def probe(
    config: Path | None,
    meter: str | None,
    host: str | None,
    port: int,
    framer: Framer,
    device: str | None,
    baud_rate: int,
    parity: Parity,
    stop_bits: int,
    timeout: float,
    unit: int,
    function: Literal["3", "4"],
    address: int | None,
    base: int,
    count: int,
) -> None:
    """Read a meter and show every decoding of its words side by side.

    Give the agent's CONFIG and a METER of it, or --host or --device with --unit and --address. What can be a
    measurement is marked *.

    Exit codes: 0 registers were read, 1 the settings are wrong, 3 nothing answered, 4 the meter refused.
    """
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    if (host is not None) + (device is not None) + (config is not None) != 1 or (config is None and address is None):
        raise click.UsageError("give CONFIG and METER, or --address with --host or --device")
    try:
        if config is not None:
            tables, settings, profile = _of_the_file(config, meter)
        else:
            settings, profile = MeterSettings(device_id="meter", unit=unit, profile=""), None
            given: dict[str, object] = {"host": host, "port": port, "framer": framer}
            if device is not None:
                given = {"device": device, "baud_rate": baud_rate, "parity": parity, "stop_bits": stop_bits}
            tables = MeterTables(bus=_bus(given, timeout), meters=[settings])
    except ConfigError as error:
        fail(error)
    if address is not None:
        blocks: tuple[Block, ...] = (_block(3 if function == "3" else 4, address - base, count),)
    else:
        blocks = profile.blocks() if profile is not None else ()
    findings = asyncio.run(probe_meter(tables, settings, blocks, profile if address is None else None))
    for line in findings.lines:
        click.echo(line)
    for complaint in findings.complaints:
        click.echo(complaint, err=True)
    sys.exit(findings.code)


def _of_the_file(config: Path, meter: str | None) -> tuple[MeterTables, MeterSettings, Profile]:
    tables, profiles = load_meters(config, environment())
    for settings in tables.meters:
        if settings.device_id == meter:
            return tables, settings, profiles[settings.profile]
    names = ", ".join(each.device_id for each in tables.meters)
    raise ConfigError(f"{config} has no meter {meter}, but {names}" if meter else f"which meter? {config} has {names}")


def _bus(given: dict[str, object], timeout: float) -> BusSettings:
    try:
        return BusSettings.model_validate({**given, "timeout_s": timeout})
    except ValidationError as error:
        faults = (f"--{str(fault['loc'][0]).replace('_', '-')}: {fault['msg']}" for fault in error.errors())
        raise ConfigError("; ".join(faults)) from error


def _block(function_code: FunctionCode, address: int, count: int) -> Block:
    """Each register by itself may be missing."""
    if not 0 <= address <= 65_536 - count:
        raise click.UsageError(f"--address less --base is {address} on the wire, where no {count} registers are")
    return Block(function_code, address, count, tuple(Span(function_code, address + i, 1) for i in range(count)))
