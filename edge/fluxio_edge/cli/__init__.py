"""The command `fluxio-edge`: one module for each group of commands, listed here."""

from __future__ import annotations

import click

from fluxio_edge.cli.backlog import backlog
from fluxio_edge.cli.check import check
from fluxio_edge.cli.quarantine import quarantine
from fluxio_edge.cli.run import run
from fluxio_edge.cli.simulate import set_values, simulate
from fluxio_edge.cli.status import status


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fluxio")
def main() -> None:
    """Read flow meters over Modbus and forward their readings to FluxIO."""


for _command in (run, check, backlog, quarantine, status, simulate, set_values):
    main.add_command(_command)
