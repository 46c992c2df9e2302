"""`fluxio-edge quarantine`: readings that the API refused."""

from __future__ import annotations

import contextlib
import functools
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from fluxio_edge.cli.common import FILE, fail, spool_of
from fluxio_edge.errors import EdgeError, SpoolError
from fluxio_edge.quarantine import Choice, chosen, drop, resend
from fluxio_edge.spool_file import opened


@click.group()
def quarantine() -> None:
    """Look at readings that the API refused, and send them again once the cause is mended."""


def _choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Gives `command` the spool and the choice that its options make."""

    @click.argument("config", type=FILE, required=False)
    @click.option("--spool", type=FILE, help="The spool's file, in place of CONFIG's.  [env: FLUXIO_EDGE_DATA]")
    @click.option("--seq", type=int, multiple=True, help="Only this one; may be repeated.")
    @click.option("--device", help="Only those of this device.")
    @click.option("--code", help="Only those that were refused with this code.")
    @functools.wraps(command)
    def with_options(
        config: Path | None,
        spool: Path | None,
        seq: tuple[int, ...],
        device: str | None,
        code: str | None,
        **more: bool,
    ) -> None:
        with _opened(spool_of(config, spool)) as connection:
            command(connection, Choice(seq, device, code), **more)

    return with_options


@quarantine.command(name="list")
@_choosing
def list_them(connection: sqlite3.Connection, choice: Choice) -> None:
    """A line for each: number, device, time, code, detail."""
    for each in chosen(connection, choice):
        click.echo(f"{each.seq}  {each.device_id}  {each.created_at}  {each.code}  {each.detail}".rstrip())


@quarantine.command()
@_choosing
def export(connection: sqlite3.Connection, choice: Choice) -> None:
    """Write them to stdout as lines of JSON: the reading, and why and when it was refused. All stay."""
    for each in chosen(connection, choice):
        told = {
            "seq": each.seq,
            "quarantined_at": each.quarantined_at,
            "code": each.code,
            "detail": each.detail,
            "reading": json.loads(each.body),
        }
        click.echo(json.dumps(told, separators=(",", ":")))


@quarantine.command(name="resend")
@click.option("--all", "every", is_flag=True, help="All of them.")
@_choosing
def resend_them(connection: sqlite3.Connection, choice: Choice, *, every: bool) -> None:
    """Put them back among the readings to be sent; a running agent sends them within 10 seconds."""
    click.echo(f"{resend(connection, _deliberate(choice, every))} reading(s) are sent again")


@quarantine.command(name="drop")
@click.option("--all", "every", is_flag=True, help="All of them.")
@_choosing
def drop_them(connection: sqlite3.Connection, choice: Choice, *, every: bool) -> None:
    """Delete them for good."""
    click.echo(f"{drop(connection, _deliberate(choice, every))} reading(s) are deleted")


def _deliberate(choice: Choice, every: bool) -> Choice:
    """`choice`, which means all of them only if that was said."""
    if every == (choice != Choice()):
        raise click.UsageError("say which: --seq, --device or --code, or else --all")
    return choice


@contextlib.contextmanager
def _opened(spool: Path) -> Iterator[sqlite3.Connection]:
    try:
        with opened(spool) as connection:
            if connection is None:
                raise SpoolError(f"spool {spool} is empty")
            yield connection
    except EdgeError as error:
        fail(error)
