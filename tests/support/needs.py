"""What a test needs beyond Python, Node and make: skipped with its reason for a user, a failure in CI."""

from __future__ import annotations

import gc
import os
import shutil
import warnings
from pathlib import Path

import pytest
from docker import DockerClient
from docker.errors import DockerException

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
DEBIAN_POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")
DEBIAN_EXTENSIONS_15 = Path("/usr/share/postgresql/15/extension")


def missing(what: str) -> None:
    """Skip the test because `what` is not there; in CI fail it."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI must have it")
    pytest.skip(f"{what} is missing")


def chromium_path() -> str:
    """Where Chromium is; skips or fails where it is not."""
    for name in CHROMIUM_NAMES:
        if found := shutil.which(name):
            return found
    missing("Chromium")
    raise AssertionError


def redis_server() -> str:
    """Where Redis' server is; skips or fails where it is not."""
    if found := shutil.which("redis-server"):
        return found
    missing("redis-server")
    raise AssertionError


def promtool() -> str:
    """Prometheus' checker of rules; skips or fails where it is not."""
    if found := shutil.which("promtool"):
        return found
    missing("promtool")
    raise AssertionError


def postgres_15() -> Path:
    """Debian's PostgreSQL 15 with pgTAP; skips or fails where it is not."""
    if not (DEBIAN_POSTGRES_15 / "initdb").exists():
        missing("Debian's postgresql-15")
    debian_extension("pgtap", "postgresql-15-pgtap")
    return DEBIAN_POSTGRES_15


def docker() -> None:
    """Skip or fail where no Docker daemon answers."""
    problem = None
    with warnings.catch_warnings():
        # The client that found nobody leaves its socket to the garbage.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            client = DockerClient.from_env()
            client.ping()
            client.close()
        except DockerException as error:
            problem = str(error)
        gc.collect()
    if problem is not None:
        missing(f"a Docker daemon that answers ({problem})")


def debian_extension(name: str, package: str) -> None:
    """Skip or fail where Debian's PostgreSQL 15 lacks the extension `name`."""
    if not (DEBIAN_EXTENSIONS_15 / f"{name}.control").exists():
        missing(f"Debian's {package}")
