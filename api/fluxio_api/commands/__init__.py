"""`flask --app fluxio_api COMMAND`, one module a subject."""

from __future__ import annotations

from flask import Flask

from ..settings import Settings
from . import accounts, archive, dead_letters, page, project, workers

__all__ = ["register"]


def register(app: Flask, settings: Settings) -> None:
    """Add the commands to `flask --app fluxio_api`."""
    for subject in (accounts, archive, dead_letters, page, project, workers):
        subject.register(app, settings)
