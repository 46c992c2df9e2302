"""What is in a spool, also as seen from another process."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fluxio_edge.errors import SpoolError
from fluxio_edge.spool_tables import connect, version_of

_NAMES: Final = ("dropped_readings", "dropped_quarantined", "dropped_old", "damaged")


@dataclass(frozen=True, slots=True)
class Counts:
    """`waiting` includes `held`, the readings whose time waits for the clock. Times are of the others.

    Dropped are readings that were too many or too large together, refused ones that were, and readings
    that were too old; `damaged` files were set aside.
    """

    waiting: int = 0
    quarantined: int = 0
    dropped_readings: int = 0
    dropped_quarantined: int = 0
    oldest: str | None = None
    newest: str | None = None
    held: int = 0
    dropped_old: int = 0
    damaged: int = 0


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection | None]:
    """The spool at `path`, also while an agent uses it; None if it has no tables yet. Raises SpoolError."""
    if not path.is_file():
        raise SpoolError(f"there is no spool at {path}")
    try:
        with contextlib.closing(connect(path)) as connection:
            version = version_of(connection, path)
            if version == 1:
                raise SpoolError(f"spool {path} is of an older version: the agent brings it up to date when it starts")
            yield connection if version else None
    except sqlite3.Error as error:
        raise SpoolError(f"spool {path} cannot be used: {error}") from error


def read_counts(path: Path) -> Counts:
    """What is in the spool at `path`, also while an agent uses it. Raises SpoolError."""
    with opened(path) as connection:
        return Counts() if connection is None else count_all(connection)


def count_all(connection: sqlite3.Connection) -> Counts:
    """What is stored."""
    waiting, held, quarantined, oldest, newest = connection.execute(
        "select (select count(*) from readings), (select count(*) from readings where boot is not null),"
        " (select count(*) from quarantine),"
        " (select created_at from readings where boot is null order by seq limit 1),"
        " (select created_at from readings where boot is null order by seq desc limit 1)"
    ).fetchone()
    counters = dict(connection.execute("select name, value from counters"))
    return Counts(
        waiting=waiting,
        held=held,
        quarantined=quarantined,
        oldest=oldest,
        newest=newest,
        **{name: counters.get(name, 0) for name in _NAMES},
    )
