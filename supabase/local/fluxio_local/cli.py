"""The command fluxio-local."""

from __future__ import annotations

import click
import psycopg
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .demo import run as run_demo
from .errors import LocalStackError
from .services import Services
from .settings import LocalSettings
from .stack import Stack


class _Group(click.Group):
    """Shows what went wrong as one message, without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ValidationError as error:
            raise click.ClickException("\n".join(map(_wrong_setting, error.errors()))) from error
        except (LocalStackError, OSError, psycopg.Error) as error:
            raise click.ClickException(str(error)) from error


def _wrong_setting(error: ErrorDetails) -> str:
    return f"FLUXIO_LOCAL_{'_'.join(map(str, error['loc'])).upper()}: {error['msg']}"


def _stack() -> Stack:
    return Stack(LocalSettings(), say=lambda part: click.echo(f"starting {part}", err=True))


@click.group(cls=_Group)
def main() -> None:
    """Supabase on this machine, without Docker."""


@main.command()
@click.option("--seed/--no-seed", default=False, help="Load supabase/seed.sql too.")
def start(seed: bool) -> None:
    """Start PostgreSQL, REST, Auth and Realtime; apply pending migrations."""
    stack = _stack()
    stack.start(include_seed=seed)
    click.echo(f"{stack.url} (data in {stack.dir})")


@main.command()
def stop() -> None:
    """Stop what runs, the API too; the data stays."""
    Services(_stack()).down()


@main.command()
def status() -> None:
    """Say what runs; exit status 1 if not everything does."""
    stack = _stack()
    parts = {"PostgreSQL": stack.is_running() and stack.postgres.is_running(), "gateway": False}
    parts["gateway"] = stack.is_running() and stack.gateway.is_ready()
    for name, up in parts.items():
        click.echo(f"{name}: {'running' if up else 'stopped'}")
    if not all(parts.values()):
        raise SystemExit(1)


@main.command()
@click.confirmation_option(prompt="Delete the local database and its keys?")
def reset() -> None:
    """Stop and delete everything: data, logs and keys."""
    Services(_stack()).reset()


@main.command()
def up() -> None:
    """Start the stack and the API in the background, with a login and a gateway key."""
    services = Services(_stack())
    services.up()
    click.echo(f"{services.stack.api_url} (`make env` shows keys and login)")


@main.command()
def down() -> None:
    """Stop the API and the stack; the data stays."""
    Services(_stack()).down()


@main.command()
def env() -> None:
    """Print what a client needs, as KEY=value lines."""
    for name, value in Services(_stack()).env().items():
        click.echo(f"{name}={value}")


@main.command()
def demo() -> None:
    """Run everything with a simulated plant until Ctrl-C."""
    raise SystemExit(run_demo(Services(_stack())))
