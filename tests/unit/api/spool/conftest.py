from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fluxio_api.ingest.arrival import Arrival
from fluxio_api.ingest.spool.spool import Spool


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def open_spool(directory: Path) -> Iterator[Callable[..., Spool]]:
    opened: list[Spool] = []

    def open_spool(max_bytes: int = 1_000_000) -> Spool:
        opened.append(Spool(directory, max_bytes=max_bytes))
        return opened[-1]

    yield open_spool
    for spool in opened:
        spool.close()


@pytest.fixture
def spool(open_spool: Callable[..., Spool]) -> Spool:
    return open_spool()


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def arrival(body: bytes = b"[]", **changes: object) -> Arrival:
    return Arrival(body, **{"received_at": NOON, "api_key_id": None, "key_hash": "ab" * 32, **changes})  # type: ignore[arg-type] # of a test
