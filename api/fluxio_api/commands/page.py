"""host-page."""

from __future__ import annotations

import json
from pathlib import Path

import click
from flask import Flask

from ..browsers import page_headers
from ..page import document
from ..settings import Settings

#: How each server is told to send a header.
_FORMS = {
    "nginx": 'add_header {name} "{value}" always;',
    "caddy": 'header {name} "{value}"',
}


def register(app: Flask, settings: Settings) -> None:
    """Add the command."""

    @app.cli.command("host-page")
    @click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
    @click.option(
        "--print", "server", type=click.Choice(sorted(_FORMS)), help="Also print the headers for this server."
    )
    def host_page(folder: Path, server: str | None) -> None:
        """Make FOLDER (of `make page`) ready for another host than the API.

        Writes config.json and _headers, which Netlify and Cloudflare Pages keep
        to, from the environment of the API. Neither holds a secret.
        """
        if settings.public_api_url is None:
            raise click.ClickException("FLUXIO_PUBLIC_API_URL must say where the page finds the API")
        if not (folder / "index.html").is_file():
            raise click.ClickException(f"{folder} is not the page: `make page` makes it in dist/page")
        headers = page_headers(settings)
        (folder / "config.json").write_text(json.dumps(document(settings), indent=2) + "\n")
        lines = [f"  {name}: {value}" for name, value in headers.items()]
        (folder / "_headers").write_text("\n".join(["/*", *lines]) + "\n")
        if server is not None:
            for name, value in headers.items():
                click.echo(_FORMS[server].format(name=name, value=value))
