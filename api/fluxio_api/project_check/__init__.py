"""Looks at a project from outside and says what is missing: `flask --app fluxio_api check-project`."""

from __future__ import annotations

from .findings import Finding
from .run import Person, check_project

__all__ = ["Finding", "Person", "check_project"]
