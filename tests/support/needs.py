"""What a test needs beyond Python, Node and make: skipped with its reason for a user, a failure in CI."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
DEBIAN_POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")
DEBIAN_EXTENSIONS_15 = Path("/usr/share/postgresql/15/extension")


def missing(what: str) -> None:
    """Skip the test because `what` is not installed; in CI fail it."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not installed, and CI must have it")
    pytest.skip(f"{what} is not installed")


def chromium_path() -> str:
    """Where Chromium is; skips or fails where it is not."""
    for name in CHROMIUM_NAMES:
        if found := shutil.which(name):
            return found
    missing("Chromium")
    raise AssertionError


def postgres_15() -> Path:
    """Debian's PostgreSQL 15 with pgTAP; skips or fails where it is not."""
    if not (DEBIAN_POSTGRES_15 / "initdb").exists():
        missing("Debian's postgresql-15")
    debian_extension("pgtap", "postgresql-15-pgtap")
    return DEBIAN_POSTGRES_15


def debian_extension(name: str, package: str) -> None:
    """Skip or fail where Debian's PostgreSQL 15 lacks the extension `name`."""
    if not (DEBIAN_EXTENSIONS_15 / f"{name}.control").exists():
        missing(f"Debian's {package}")
