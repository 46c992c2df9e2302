"""The database a benchmark fills: one that the caller names, or one of its own that is gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fluxio_local import ports
from fluxio_local.settings import LocalSettings
from fluxio_local.stack import Stack


@contextmanager
def database(url: str | None) -> Iterator[str]:
    """`url`, or that of a new PostgreSQL with all migrations, durable as an installation would be."""
    if url:
        yield url
        return
    directory = Path(tempfile.mkdtemp(prefix="fluxio-bench-"))
    free = dict(zip(("port", "db_port", "api_port"), ports.free_ports(3), strict=True))
    stack = Stack(LocalSettings.model_validate(free | {"dir": directory}))
    try:
        stack.start()
        yield stack.database_url
    finally:
        stack.stop()
        shutil.rmtree(directory)
