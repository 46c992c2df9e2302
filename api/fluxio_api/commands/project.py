"""check-project."""

from __future__ import annotations

import json
import os
from dataclasses import asdict

import click
from flask import Flask

from ..project_check import Finding, Person, check_project
from ..settings import Settings

#: Where check-project looks for the person's password before it asks.
PASSWORD_VARIABLE = "FLUXIO_CHECK_PASSWORD"  # noqa: S105 - the name of a variable

_MARKS = {"ok": "ok    ", "warn": "WARN  ", "fail": "FAIL  ", "unseen": "unseen"}


def register(app: Flask, settings: Settings) -> None:
    """Add the command."""

    @app.cli.command("check-project")
    @click.option("--api", "api_url", metavar="URL", help="The API; default: FLUXIO_PUBLIC_API_URL, else SITE_URL.")
    @click.option("--page", "page_url", metavar="URL", help="The page; default: SITE_URL.")
    @click.option("--email", help="Look as this person too; the password from FLUXIO_CHECK_PASSWORD, or asked for.")
    @click.option("--json", "as_json", is_flag=True, help="One JSON document instead of lines.")
    def check(api_url: str | None, page_url: str | None, email: str | None, as_json: bool) -> None:
        """Look at the project from outside and say what is missing.

        Asks Supabase with both keys, and the API and the page; writes nothing.
        Ends with 1 if something fails.
        """
        api_url = _address(api_url, "--api") or settings.public_api_url or settings.site_url
        page_url = _address(page_url, "--page") or settings.site_url
        person = None if email is None else Person(email, _password())
        found = []
        for finding in check_project(settings, api_url=api_url, page_url=page_url, person=person):
            found.append(finding)
            if not as_json:
                click.echo(_line(finding))
        failed = sum(finding.state == "fail" for finding in found)
        if as_json:
            click.echo(json.dumps({"is_ready": failed == 0, "findings": [asdict(finding) for finding in found]}))
        else:
            warned = sum(finding.state == "warn" for finding in found)
            click.echo(f"{len(found)} findings: {failed} fail, {warned} warn", err=True)
        if failed:
            raise SystemExit(1)


def _line(finding: Finding) -> str:
    line = f"{_MARKS[finding.state]}  {finding.check:24} {finding.said}"
    return f"{line}\n{'':34}mend: {finding.mend}" if finding.mend and finding.state != "ok" else line


def _address(text: str | None, option: str) -> str | None:
    if text is not None and not text.startswith(("https://", "http://")):
        raise click.BadParameter("must begin with https:// or http://", param_hint=option)
    return None if text is None else text.rstrip("/")


def _password() -> str:
    return os.environ.get(PASSWORD_VARIABLE) or str(click.prompt("Password", hide_input=True))
