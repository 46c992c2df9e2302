"""`flask --app fluxio_api create-admin`, `create-key`, `scheduler` and `notifier`."""

from __future__ import annotations

import logging
import os
import signal
from typing import Protocol

import click
from flask import Flask

from . import requestlog
from .problems import Problem
from .scheduler.loop import Scheduler
from .settings import Settings
from .stores.admin import Administration, AdministrationError
from .stores.jobs import SupabaseJobs
from .stores.outbox import SupabaseOutbox
from .stores.upstream import Upstream

#: Where create-admin looks for the new password before it asks.
PASSWORD_VARIABLE = "FLUXIO_NEW_PASSWORD"  # noqa: S105 - the name of a variable

_SHORTEST_PASSWORD = 8

#: Beyond the statement_timeout of public.run_job [s].
_LONGEST_JOB_S = 610.0


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

    @app.cli.command("scheduler")
    def run_scheduler() -> None:
        """Wake the database's jobs on time, until SIGTERM or Ctrl-C.

        One for a project is enough, two do no harm. What pg_cron wakes is left
        to it.
        """
        requestlog.configure(settings.log_level)
        # A job may take as long as the database lets it.
        patient = settings.model_copy(update={"upstream_timeout_s": _LONGEST_JOB_S})
        _run_until_told(Scheduler(SupabaseJobs(Upstream(patient))))

    @app.cli.command("notifier")
    def run_notifier() -> None:
        """Send the notifications of alerts, until SIGTERM or Ctrl-C.

        Any number may run beside each other.
        """
        # Here, so that the API's workers need not hold Apprise in memory.
        from .notifier.loop import Notifier
        from .notifier.ports import Sender
        from .notifier.services import AppriseSender, EmailSender
        from .notifier.webhook import WebhookSender

        requestlog.configure(settings.log_level)
        # Its lines may name addresses.
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        mail_server = settings.mail_server.get_secret_value() if settings.mail_server else None
        senders: dict[str, Sender] = {
            "email": EmailSender(mail_server),
            "webhook": WebhookSender(settings.webhook_networks),
            "apprise": AppriseSender(),
        }
        _run_until_told(Notifier(SupabaseOutbox(Upstream(settings)), senders))


class _Loop(Protocol):
    def run(self) -> None: ...

    def stop(self) -> None: ...


def _run_until_told(loop: _Loop) -> None:
    """Run until SIGTERM or SIGINT, and end in good order."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.stop())
    loop.run()


class _explained:  # noqa: N801 - reads as a word of the with statement
    """Ends the command with the reason instead of a trace."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, AdministrationError | Problem):
            raise click.ClickException(str(error)) from error
