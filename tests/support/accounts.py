"""People of the running system's own organization, made as its administrator makes them."""

from __future__ import annotations

import os
import subprocess
import sys

from support.system import System

PASSWORD = "clear-water-runs-deep"


def create_account(system: System, role: str, name: str) -> str:
    """The e-mail address of a new person with this role; the password is PASSWORD."""
    email = f"{name}@fluxio.example"
    env = os.environ | dict(system.services.env()) | {"FLUXIO_NEW_PASSWORD": PASSWORD}
    subprocess.run(
        [sys.executable, "-m", "flask", "--app", "fluxio_api", "create-admin", email, "--role", role],
        env=env, check=True, capture_output=True,
    )  # fmt: skip
    return email
