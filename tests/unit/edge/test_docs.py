"""docs/edge.md names every command with its options, and every setting."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from fluxio_edge.cli import main
from fluxio_edge.config import AgentConfig

DOCS = (Path(__file__).parents[3] / "docs" / "edge.md").read_text()


@pytest.mark.parametrize("table", ["api", "spool", "sending", "clock", "heartbeat", "status", "bus"])
def test_every_setting_is_documented_with_its_default(table: str) -> None:
    model = AgentConfig.model_fields[table].annotation
    assert isinstance(model, type)
    assert issubclass(model, BaseModel)
    rows = "\n".join(line for line in DOCS.splitlines() if line.startswith(f"| `[{table}] "))
    for name, field in model.model_fields.items():
        assert f"`{name}`" in rows or f"`[{table}] {name}`" in rows, name
        if isinstance(field.default, int | float) and not isinstance(field.default, bool):
            assert f" {field.default:g} " in rows.replace("|", " ").replace(",", " "), name


@pytest.mark.parametrize("name", main.list_commands(click.Context(main)))
def test_every_command_and_option_is_documented(name: str) -> None:
    rows = "\n".join(line for line in DOCS.splitlines() if line.startswith(f"| `fluxio-edge {name} "))
    command = main.get_command(click.Context(main), name)
    inner = list(command.commands.values()) if isinstance(command, click.Group) else [command]
    for each in inner:
        assert each is not None
        for parameter in each.params:
            if isinstance(parameter, click.Option):
                assert parameter.opts[0] in rows, parameter.opts
