"""These tests run on the PostgreSQL that was asked for."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from fluxio_local.pg_install import binaries

from .conftest import Database


def test_the_server_is_the_one_asked_for(database: Database) -> None:
    asked_for = os.environ.get("FLUXIO_LOCAL_PG_BIN")
    program = binaries(Path(asked_for) if asked_for else None) / "postgres"
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    assert str(database.owner.info.server_version // 10_000) == version.split(".")[0]
