"""Readings of archived months, as the history call answers them."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

from ..people.ports import Row
from ..problems import ArchiveUnavailable
from . import parquet
from .lines import COLUMNS, EPOCH, FLOATS, Values
from .ports import Place

_log = logging.getLogger(__name__)

#: Readers of one worker at a time, and how long the others wait [s].
_READERS, _PATIENCE_S = 2, 20.0


class ArchiveReader:
    """Reads from a place; shared by all threads."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._turns = threading.BoundedSemaphore(_READERS)

    def newest_first(self, location: str, device_ids: list[str], start: datetime, end: datetime) -> Iterator[Row]:
        """The readings of these devices from `start` to before `end`; raises ArchiveUnavailable."""
        try:
            with self._place.open(location) as file:
                turns = _Turns(self._turns)
                for values in parquet.newest_first(file, device_ids, start, end, turns):
                    yield _row(values)
        except OSError as error:
            _log.error("the archive %s cannot be read: %s", location, error)
            raise ArchiveUnavailable("Archived readings cannot be read now; try again later.") from error


class _Turns:
    """Entered again for each turn."""

    def __init__(self, turns: threading.BoundedSemaphore) -> None:
        self._turns = turns

    def __enter__(self) -> None:
        if not self._turns.acquire(timeout=_PATIENCE_S):
            raise ArchiveUnavailable("Too many read archived readings now; try again later.")

    def __exit__(self, *_: object) -> None:
        self._turns.release()


def _row(values: Values) -> Row:
    row = dict(zip(COLUMNS, values, strict=True))
    for name in COLUMNS[1:3]:
        row[name] = _time(row[name])
    for name in COLUMNS[FLOATS]:
        row[name] = _number(row[name])
    row["metadata"] = json.loads(str(row["metadata"]))
    return row


def _time(us: object) -> str:
    """As PostgreSQL writes it in JSON."""
    whole, fraction = divmod(int(str(us)), 1_000_000)
    text = (EPOCH + timedelta(seconds=whole)).isoformat()
    return f"{text[:19]}.{fraction:06d}".rstrip("0") + text[19:] if fraction else text


def _number(value: object) -> object:
    """As the database's JSON is read: 12 for 12.0."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
