"""`flask --app fluxio_api create-admin`, `create-key` and `replay-dead-letters`."""

from __future__ import annotations

import os
from datetime import datetime

import click
from flask import Flask

from .ingest.replay import Replay
from .ingest.times import read_time
from .problems import Problem
from .settings import Settings
from .stores.admin import Administration, AdministrationError
from .stores.devices import SupabaseDevices
from .stores.letters import SupabaseHeldReadings, SupabaseLetters
from .stores.upstream import Upstream

#: Where create-admin looks for the new password before it asks.
PASSWORD_VARIABLE = "FLUXIO_NEW_PASSWORD"  # noqa: S105 - the name of a variable

_SHORTEST_PASSWORD = 8


def register(app: Flask, settings: Settings) -> None:
    """Add the commands to `flask --app fluxio_api`."""

    @app.cli.command("create-admin")
    @click.argument("email")
    @click.option("--organization", metavar="NAME", help="Made if it does not exist; else the default one.")
    @click.option("--role", type=click.Choice(["viewer", "operator", "admin"]), default="admin", show_default=True)
    @click.option("--reset-password", is_flag=True, help="Also give an existing account the new password.")
    def create_admin(email: str, organization: str | None, role: str, reset_password: bool) -> None:
        """Make EMAIL a person of an organization who can sign in.

        The password comes from FLUXIO_NEW_PASSWORD or is asked for. An existing
        account gets the organization and the role, and keeps its password.
        """
        password = os.environ.get(PASSWORD_VARIABLE) or click.prompt(
            "Password", hide_input=True, confirmation_prompt=True
        )
        if len(password) < _SHORTEST_PASSWORD:
            raise click.ClickException(f"the password must have at least {_SHORTEST_PASSWORD} characters")
        with _explained():
            administration = Administration(Upstream(settings))
            organization_id = administration.organization_id(organization)
            made = administration.person(email, password, organization_id, role, reset_password=reset_password)
        click.echo(f"{'made' if made else 'changed'} {email}, {role}", err=True)
        if settings.site_url:
            click.echo(f"sign in at {settings.site_url}", err=True)

    @app.cli.command("create-key")
    @click.argument("name")
    @click.option("--organization", metavar="NAME", help="Made if it does not exist; else the default one.")
    @click.option("--gateway", metavar="SERIAL", help="The gateway it is for; made if it does not exist.")
    @click.option("--device", "devices", metavar="ID", multiple=True, help="A device it may write; else all.")
    def create_key(name: str, organization: str | None, gateway: str | None, devices: tuple[str, ...]) -> None:
        """Make an API key for a gateway and print it, this once, on the last line."""
        with _explained():
            administration = Administration(Upstream(settings))
            organization_id = administration.organization_id(organization)
            gateway_id = administration.gateway_id(gateway, organization_id) if gateway else None
            key = administration.key(name, organization_id, gateway_id, list(devices) or None)
        click.echo("This key is shown only now:", err=True)
        click.echo(key)

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
        with _explained():
            upstream = Upstream(settings)
            replay = Replay(
                SupabaseLetters(upstream),
                SupabaseHeldReadings(upstream),
                SupabaseDevices(upstream),
                max_body_bytes=settings.max_body_bytes,
            )
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


class _explained:  # noqa: N801 - reads as a word of the with statement
    """Ends the command with the reason instead of a trace."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, AdministrationError | Problem):
            raise click.ClickException(str(error)) from error
