"""What makes a plain PostgreSQL look like Supabase's, and the migrations on top of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from . import paths
from .errors import LocalStackError


def run_sql_files(folder: Path, admin_url: str, *, only: str = "*.sql") -> None:
    """Run the files of `folder` whose names match `only` in name order, a transaction each, as supabase_admin."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        for file in sorted(folder.glob(only)):
            try:
                # Without parameters psycopg sends the text as one simple query: one transaction.
                connection.execute(file.read_bytes())
            except psycopg.Error as error:
                raise LocalStackError(f"{file.relative_to(paths.ROOT)}: {error}") from error


def push_migrations(database_url: str, *, include_seed: bool) -> None:
    """Apply the pending migrations with the real `supabase db push`, as hosted Supabase's users do."""
    if not paths.SUPABASE_CLI.exists():
        raise LocalStackError(f"{paths.SUPABASE_CLI} is missing; run `make setup`")
    url = urlsplit(database_url)
    # Everybody on the machine may read a command line, so the password is not in it.
    remote = f"{url.scheme}://{url.username}@{url.hostname}:{url.port}{url.path}?sslmode=disable"
    command = [str(paths.SUPABASE_CLI), "db", "push", f"--remote={remote}", "--yes"]
    if include_seed:
        command.append("--include-seed")
    done = subprocess.run(  # noqa: S603 - the pinned CLI
        command,
        cwd=paths.ROOT,
        env={
            **os.environ, "PGPASSWORD": url.password or "",
            "SUPABASE_TELEMETRY_DISABLED": "1", "DO_NOT_TRACK": "1", "CI": "1",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise LocalStackError(f"supabase db push failed:\n{done.stdout}\n{done.stderr}".rstrip())
