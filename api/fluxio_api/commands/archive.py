"""archive: write closed months to files, list them, look whether they are whole, put one back."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import click
from flask import Flask

from ..archive.ports import ArchiveError, Month
from ..settings import Settings
from ..stores.archive import SupabaseLedger
from ..stores.upstream import Upstream
from .explained import explained

if TYPE_CHECKING:
    from ..archive.archivist import Archivist


def register(app: Flask, settings: Settings) -> None:
    """Add the commands."""

    def ledger() -> SupabaseLedger:
        return SupabaseLedger(Upstream(settings))

    def archivist() -> Archivist:
        if settings.archive_url is None:
            raise click.ClickException("FLUXIO_ARCHIVE_URL says where the archive is; docs/archive.md")
        # Here, so that who has no archive needs no pyarrow.
        from ..archive.archivist import Archivist
        from ..archive.places import place_of

        return Archivist(ledger(), place_of(settings.archive_url))

    @app.cli.group("archive", invoke_without_command=True)
    @click.pass_context
    def archive(context: click.Context) -> None:
        """Archive the months that are due, oldest first.

        Run it once a day. What changed meanwhile is left to the next run.
        """
        if context.invoked_subcommand is not None:
            return
        program = archivist()
        failed = 0
        with explained():
            for month in ledger().months():
                if month.state != "due":
                    continue
                try:
                    contents = program.archive(month.month)
                except ArchiveError as error:
                    # Of this month; another may be well.
                    failed += 1
                    click.echo(f"{month.month:%Y-%m} failed: {error}", err=True)
                    continue
                said = f"{contents.row_count} readings" if contents else "changed meanwhile, left to the next run"
                click.echo(f"{month.month:%Y-%m} {said}")
        if failed:
            raise click.ClickException(f"{failed} months were not archived")

    @archive.command("list")
    def list_months() -> None:
        """List the months that are here or in the archive."""
        with explained():
            for month in ledger().months():
                click.echo(_line(month))

    @archive.command("verify")
    def verify() -> None:
        """Read every archive that is noted and compare it; ends with 1 if one is not whole."""
        program = archivist()
        faulty = 0
        with explained():
            for month in ledger().months():
                if month.state in {"archived", "restored", "dropped"}:
                    fault = program.fault(month)
                    faulty += fault is not None
                    click.echo(f"{_line(month)}: {fault or 'whole'}")
        if faulty:
            raise click.ClickException(f"{faulty} archives are not whole")

    @archive.command("restore")
    @click.argument("month", type=click.DateTime(["%Y-%m"]), metavar="YYYY-MM")
    @click.option(
        "--keep-days", type=click.IntRange(1, 3650), default=30, show_default=True, help="Not dropped before."
    )
    def restore(month: datetime, keep_days: int) -> None:
        """Put a month that was dropped back into the database; again is harmless."""
        program = archivist()
        with explained():
            known = _find(ledger().months(), month.date())
            state = known.state if known.state == "restored" else program.restore(known, keep_days)
        click.echo(f"{known.month:%Y-%m} {state}")


def _find(months: list[Month], wanted: date) -> Month:
    for month in months:
        if month.month == wanted and month.state in {"dropped", "restored"}:
            return month
    raise click.ClickException(f"{wanted:%Y-%m} was not dropped")


def _line(month: Month) -> str:
    return " ".join(
        str(part) for part in (f"{month.month:%Y-%m}", month.state, month.row_count, month.location) if part is not None
    )
