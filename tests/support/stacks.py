"""Local Supabase stacks for tests."""

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
def throwaway_stack(*, durable: bool = False, **settings: object) -> Iterator[Stack]:
    """A stack, not started, in a directory of its own on free ports; stopped and deleted at the end."""
    directory = Path(tempfile.mkdtemp(prefix="fluxio-test-"))
    chosen = dict(zip(("port", "db_port", "api_port"), ports.free_ports(3), strict=True))
    stack = Stack(LocalSettings.model_validate(chosen | {"dir": directory} | settings), durable=durable)
    try:
        yield stack
    finally:
        stack.stop()
        shutil.rmtree(directory)
