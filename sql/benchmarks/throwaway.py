"""The database a benchmark fills: one that the caller names, or one of its own that is gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fluxio_local import ports
from fluxio_local.settings import LocalSettings
from fluxio_local.stack import Stack


@dataclass(frozen=True)
class Target:
    """Where a benchmark runs: as the owner, and as the superuser if it is our own."""

    url: str
    admin_url: str | None = None


@contextmanager
def database(url: str | None) -> Iterator[Target]:
    """`url`, or a new PostgreSQL with all migrations, durable as an installation would be."""
    if url:
        yield Target(url)
        return
    directory = Path(tempfile.mkdtemp(prefix="fluxio-bench-"))
    free = dict(zip(("port", "db_port", "api_port"), ports.free_ports(3), strict=True))
    stack = Stack(LocalSettings.model_validate(free | {"dir": directory}))
    try:
        stack.start()
        yield Target(stack.database_url, stack.admin_database_url)
    finally:
        stack.stop()
        shutil.rmtree(directory)
