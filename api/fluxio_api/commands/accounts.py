"""create-admin and create-key."""

from __future__ import annotations

import os

import click
from flask import Flask

from ..settings import Settings
from ..stores.admin import Administration
from ..stores.upstream import Upstream
from .explained import explained

#: Where create-admin looks for the new password before it asks.
PASSWORD_VARIABLE = "FLUXIO_NEW_PASSWORD"  # noqa: S105 - the name of a variable

_SHORTEST_PASSWORD = 8


def register(app: Flask, settings: Settings) -> None:
    """Add the commands."""

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
        with explained():
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
    @click.option("--network", "networks", metavar="CIDR", multiple=True, help="Where it may be used; else anywhere.")
    def create_key(
        name: str, organization: str | None, gateway: str | None, devices: tuple[str, ...], networks: tuple[str, ...]
    ) -> None:
        """Make an API key for a gateway and print it, this once, on the last line."""
        with explained():
            administration = Administration(Upstream(settings))
            organization_id = administration.organization_id(organization)
            gateway_id = administration.gateway_id(gateway, organization_id) if gateway else None
            unregistered = administration.unregistered(list(devices), organization_id)
            key = administration.key(name, organization_id, gateway_id, list(devices) or None, list(networks) or None)
        for device in unregistered:
            click.echo(f"{device} is not registered yet: until it is, its readings are refused", err=True)
        click.echo("This key is shown only now:", err=True)
        click.echo(key)
