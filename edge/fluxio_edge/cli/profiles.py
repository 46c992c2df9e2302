"""`fluxio-edge profiles`: the register profiles there are, and what one of them says."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import click

from fluxio_edge.cli.common import fail
from fluxio_edge.errors import ConfigError
from fluxio_edge.profile_file import DOCUMENTED_BASE, Profile
from fluxio_edge.profiles import load_profile, shipped
from fluxio_edge.registers import UNITS, Register, order_name
from fluxio_edge.text_table import table

_HEADS = (
    "metric", "function", "wire", "manual", "type", "order", "unit", "scale", "offset", "ours", "range", "no data",
)  # fmt: skip


@click.command()
@click.argument("profile", required=False)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where your own profiles are: the folder of the agent's configuration.  [default: the working directory]",
)
@click.option("--markdown", is_flag=True, help="PROFILE as tables for a document, with the requests to make in RutOS.")
def profiles(profile: str | None, folder: Path, markdown: bool) -> None:
    """List the shipped register profiles and those in FOLDER, or show PROFILE (a name, or a file in FOLDER)."""
    if profile is not None:
        try:
            loaded = load_profile(profile, beside=folder)
        except ConfigError as error:
            fail(error)
        click.echo(_as_markdown(loaded) if markdown else "\n".join(_detail(loaded)))
        return
    if markdown:
        raise click.UsageError("--markdown shows one PROFILE.")
    rows = [_row(name, load_profile(name), "shipped") for name in shipped()]
    for path in sorted(folder.glob("*.toml")):
        if not _is_profile(path):
            continue
        try:
            rows.append(_row(path.name, load_profile(path.name, beside=folder), "own"))
        except ConfigError as error:
            rows.append((path.name, "own", "faulty:", str(error).splitlines()[0].removeprefix(f"{path}: ")))
    click.echo("\n".join(table(("profile", "", "model", "quantities"), rows)))


def _as_markdown(profile: Profile) -> str:
    # It names RutOS' data types by the simulator, which `run` has no use for in memory.
    from fluxio_edge.profile_markdown import markdown

    return markdown(profile)


def _is_profile(path: Path) -> bool:
    """Whether the file is meant to be one; an agent's configuration is not."""
    try:
        return "registers" in tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def _row(name: str, profile: Profile, kind: str) -> tuple[str, str, str, str]:
    return name, kind, profile.model, ", ".join(register.metric for register in profile.registers)


def _detail(profile: Profile) -> Iterator[str]:
    yield f"{profile.name}: {profile.model}"
    yield f"source: {profile.source}"
    yield ""
    heads = (
        "metric",
        "function",
        "wire",
        "manual",
        "type",
        "order",
        "unit",
        "scale",
        "offset",
        "ours",
        "range",
        "no data",
    )
    yield from table(
        heads,
        [
            (
                register.metric,
                str(register.function_code),
                str(register.address),
                str(DOCUMENTED_BASE[register.function_code] + register.address),
                register.type,
                order_name(register.count, register.word_order, register.byte_order),
                said.unit,
                f"{register.scale:.10g}",
                f"{register.offset:.10g}",
                UNITS[register.metric],
                _range(register),
                " ".join(f"{number:g}" for number in register.no_data) or "-",
            )
            for said, register in zip(profile.registers, profile.decoders(), strict=True)
        ],
    )
    if profile.status:
        yield ""
        yield from (_status(profile, index) for index in range(len(profile.status)))
    yield ""
    for block in profile.blocks():
        yield f"request: function {block.function_code}, wire {block.address} to {block.end - 1}"


def _range(register: Register) -> str:
    if register.minimum is None and register.maximum is None:
        return "-"
    low = "" if register.minimum is None else f"{register.minimum:g}"
    high = "" if register.maximum is None else f"{register.maximum:g}"
    return f"{low} to {high}".strip()


def _status(profile: Profile, index: int) -> str:
    meaning = profile.meanings()[index]
    what = "the word" if meaning.bit is None else f"bit {meaning.bit}"
    effect = f"{meaning.metric} has no value, " if meaning.metric else ""
    quality = f", quality {meaning.quality}" if meaning.quality else ""
    return (
        f"status: function {meaning.function_code}, wire {meaning.address}: if {what} is {meaning.value}, "
        f"{effect}flag {meaning.flag}{quality}"
    )
