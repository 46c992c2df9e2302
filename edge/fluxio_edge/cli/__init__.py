"""The command `fluxio-edge`: one module for each group of commands, listed here."""

from __future__ import annotations

import importlib
from typing import Final

import click

from fluxio_edge.cli.backlog import backlog
from fluxio_edge.cli.check import check
from fluxio_edge.cli.probe import probe
from fluxio_edge.cli.profiles import profiles
from fluxio_edge.cli.quarantine import quarantine
from fluxio_edge.cli.run import run
from fluxio_edge.cli.status import status

#: Commands that need the simulator are loaded when they are asked for: `run` has no use for it in memory.
_LATER: Final = {
    "simulate": ("simulate", "simulate"),
    "set": ("simulate", "set_values"),
    "trb24x": ("trb24x", "trb24x"),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_LATER])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _LATER:
            return super().get_command(ctx, cmd_name)
        module, name = _LATER[cmd_name]
        command: click.Command = getattr(importlib.import_module(f"fluxio_edge.cli.{module}"), name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fluxio")
def main() -> None:
    """Read flow meters over Modbus and forward their readings to FluxIO."""


for _command in (run, check, probe, profiles, backlog, quarantine, status):
    main.add_command(_command)
