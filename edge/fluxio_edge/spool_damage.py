"""A spool whose file is damaged: it is set aside, and what can be read of it goes into a new one."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from fluxio_edge.errors import SpoolError
from fluxio_edge.spool_tables import single_number

_READING = ("seq", "device_id", "created_at", "body")
_QUARANTINED = (*_READING, "code", "detail", "quarantined_at")


def check(connection: sqlite3.Connection) -> None:
    """Read the whole file. Raises sqlite3.DatabaseError (is_damage) if something is wrong in it."""
    (verdict,) = connection.execute("pragma quick_check(1)").fetchone()
    if verdict != "ok":
        error = sqlite3.DatabaseError(f"database disk image is malformed: {verdict}")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def set_aside(path: Path, now: datetime) -> Path:
    """Give the file at `path` another name, which is returned.

    Raises SpoolError for a text: that is not a damaged spool but a wrong path, and may be somebody's.
    """
    with path.open("rb") as file:
        if b"\0" not in file.read(4_096):
            raise SpoolError(f"spool {path} cannot be used: it is a text and no spool")
    name = f"{path.name}.damaged-{now:%Y%m%dT%H%M%SZ}"
    aside = path.with_name(name)
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{name}-{number}")
    path.rename(aside)
    with contextlib.suppress(FileNotFoundError):
        path.with_name(path.name + "-wal").rename(aside.with_name(aside.name + "-wal"))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    return aside


def recover(damaged: Path, into: sqlite3.Connection, last_seq: int) -> int:
    """Copy what can be read of `damaged` into a new spool, in one transaction; how many readings.

    Numbers stay, and go on from `last_seq` if the damaged file does not tell how far they had come. A
    reading that had been accepted may come back; the API knows it by its time.
    """
    source = sqlite3.connect(damaged, isolation_level=None)
    into.execute("begin immediate")
    try:
        with contextlib.closing(source):
            held = ("boot", "since_boot") if _has_column(source, "boot") else ()
            _copy(source, into, "readings", (*_READING, *held))
            _copy(source, into, "quarantine", _QUARANTINED)
            for name, value in _rows(source, "select name, value from counters"):
                into.execute("update counters set value = ? where name = ?", (value, name))
        into.execute(
            "insert into sqlite_sequence select 'readings', 0 where not exists (select 1 from sqlite_sequence)"
        )
        into.execute("update sqlite_sequence set seq = max(seq, ?) where name = 'readings'", (last_seq,))
        into.execute("update counters set value = value + 1 where name = 'damaged'")
        recovered = single_number(into, "select count(*) from readings")
    except BaseException:
        into.execute("rollback")
        raise
    into.execute("commit")
    return recovered


def _copy(source: sqlite3.Connection, into: sqlite3.Connection, table: str, columns: tuple[str, ...]) -> None:
    names = ", ".join(columns)
    insert = f"insert or ignore into {table} ({names}) values ({', '.join('?' * len(columns))})"  # noqa: S608 (literals)
    last: int | str | None = 0
    ascending = f"select {names} from {table} order by seq"  # noqa: S608 (literals)
    for row in _rows(source, ascending):
        last = row[0]
        if _is_whole(row):
            into.execute(insert, row)
    # What lies behind the damage.
    descending = f"select {names} from {table} where seq > {last} order by seq desc"  # noqa: S608 (literals)
    for row in _rows(source, descending):
        if _is_whole(row):
            into.execute(insert, row)


def _rows(source: sqlite3.Connection, query: str) -> Iterator[tuple[int | str | None, ...]]:
    """The rows up to the first that cannot be read."""
    with contextlib.suppress(sqlite3.DatabaseError):
        yield from source.execute(query)


def _is_whole(row: tuple[object, ...]) -> bool:
    """Whether a row of readings or quarantine is what was written there, as far as can be seen."""
    seq, device_id, created_at, body = row[:4]
    if not (isinstance(seq, int) and all(isinstance(text, str) for text in (device_id, created_at))):
        return False
    try:
        return isinstance(body, str) and isinstance(json.loads(body), dict)
    except ValueError:
        return False


def _has_column(source: sqlite3.Connection, name: str) -> bool:
    return any(column[1] == name for column in _rows(source, "pragma table_info(readings)"))
