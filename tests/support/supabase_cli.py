"""The real Supabase CLI on a test's database."""

from __future__ import annotations

import os
import subprocess
from urllib.parse import urlsplit

from fluxio_local import paths


def supabase_db(database_url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `supabase db ...` as its user would; any exit code."""
    url = urlsplit(database_url)
    remote = f"{url.scheme}://{url.username}@{url.hostname}:{url.port}{url.path}?sslmode=disable"
    return subprocess.run(
        [str(paths.SUPABASE_CLI), "db", *arguments, f"--remote={remote}"],
        cwd=paths.ROOT,
        env={
            **os.environ, "PGPASSWORD": url.password or "",
            "SUPABASE_TELEMETRY_DISABLED": "1", "DO_NOT_TRACK": "1",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
