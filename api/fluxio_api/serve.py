"""The command fluxio-api: gunicorn with the configuration that belongs to this package."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Become gunicorn; its options may follow, such as `fluxio-api --bind 0.0.0.0:8000`."""
    # By its own name, not as a module: a server that is to take over (SIGUSR2) is started by it.
    gunicorn = Path(sys.executable).with_name("gunicorn")
    config = Path(__file__).with_name("gunicorn.conf.py")
    os.execv(gunicorn, [str(gunicorn), "--config", str(config), *sys.argv[1:], "fluxio_api.wsgi:app"])  # noqa: S606
