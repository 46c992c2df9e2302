"""What is dropped when a spool has too much: always the oldest, always counted."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from fluxio_edge.spool_tables import single_number

_Table = Literal["readings", "quarantine"]

#: Rows deleted at once for one that is too many: a full spool is not written to twice for each reading.
_SHARE = 1_000


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be stored; `size` is of the file's pages in use [bytes]."""

    readings: int = 500_000
    quarantined: int = 100_000
    size: int = 256 * 1024 * 1024


def drop_excess(connection: sqlite3.Connection, limits: Limits, waiting: int) -> int:
    """Drop the oldest of `waiting` readings beyond the limits; how many."""
    dropped = _drop_beyond(connection, "readings", waiting, limits.readings)
    while waiting > dropped and _size(connection) > limits.size:
        dropped += _drop_oldest(connection, "readings", max(1, (waiting - dropped) // 100))
    return dropped


def drop_quarantined(connection: sqlite3.Connection, limits: Limits) -> None:
    """Drop the refused readings beyond the limit."""
    count = single_number(connection, "select count(*) from quarantine")
    _drop_beyond(connection, "quarantine", count, limits.quarantined)


def drop_older(connection: sqlite3.Connection, moment: str) -> int:
    """Drop the readings taken before `moment` (as in created_at); how many.

    Those whose time is not known stay.
    """
    dropped = connection.execute("delete from readings where boot is null and created_at < ?", (moment,)).rowcount
    _count(connection, "dropped_old", dropped)
    return dropped


def _drop_beyond(connection: sqlite3.Connection, table: _Table, count: int, most: int) -> int:
    if count <= most:
        return 0
    return _drop_oldest(connection, table, max(count - most, most // _SHARE))


def _drop_oldest(connection: sqlite3.Connection, table: _Table, number: int) -> int:
    name = "dropped_readings" if table == "readings" else "dropped_quarantined"
    dropped = connection.execute(
        f"delete from {table} where seq in (select seq from {table} order by seq limit ?)",  # noqa: S608 (a literal)
        (number,),
    ).rowcount
    _count(connection, name, dropped)
    return dropped


def _count(connection: sqlite3.Connection, name: str, number: int) -> None:
    if number:
        connection.execute("update counters set value = value + ? where name = ?", (number, name))


def _size(connection: sqlite3.Connection) -> int:
    pages = single_number(connection, "pragma page_count") - single_number(connection, "pragma freelist_count")
    return pages * single_number(connection, "pragma page_size")
