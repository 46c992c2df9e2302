"""replay-dead-letters."""

from __future__ import annotations

from datetime import datetime

import click
from flask import Flask

from ..ingest.times import read_time
from ..settings import Settings
from ..stores.letters import open_replay
from ..stores.upstream import Upstream
from .explained import explained


def register(app: Flask, settings: Settings) -> None:
    """Add the command."""

    @app.cli.command("replay-dead-letters")
    @click.option("--id", "ids", type=int, multiple=True, help="This letter; may be given more than once.")
    @click.option("--reason", help="Letters of this reason only, such as unknown_device.")
    @click.option("--since", metavar="TIME", help="Letters that came since then: ISO 8601 with an offset.")
    @click.option("--limit", type=click.IntRange(1, 1000), default=1000, show_default=True, help="At most so many.")
    @click.option("--dry-run", is_flag=True, help="Say what would become of them and store nothing.")
    def replay_dead_letters(
        ids: tuple[int, ...], reason: str | None, since: str | None, limit: int, dry_run: bool
    ) -> None:
        """Read the bodies in the dead letters again, the oldest first.

        They are stored with the key and the receive time they came with; again is
        harmless. Letters that hold a reading are replayed by the database's
        replay_dead_letters.
        """
        with explained():
            replay = open_replay(Upstream(settings), None, max_body_bytes=settings.max_body_bytes)
            done = seen = 0
            for outcome in replay.run(ids, reason, _instant(since), limit, is_dry=dry_run):
                seen, done = seen + 1, done + outcome.is_replayed
                click.echo(f"{outcome.letter_id} {outcome.reason}: {outcome.said}")
        click.echo(f"{seen} letters, {done} replayed", err=True)


def _instant(text: str | None) -> datetime | None:
    try:
        return None if text is None else read_time(text)
    except ValueError as fault:
        raise click.BadParameter(f"no time: {fault}", param_hint="--since") from None
