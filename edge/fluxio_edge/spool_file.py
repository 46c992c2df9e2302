"""The spool's SQLite file: its tables, its lock, and what can be seen of it from outside.

WAL mode with synchronous=FULL, because a reading must survive the power failing right after it
was taken; with NORMAL a power cut could undo the last commits (kill -9 could not).
"""

from __future__ import annotations

import contextlib
import fcntl
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fluxio_edge.errors import SpoolError

#: Grows with each change of the tables below (and there, in user_version).
_VERSION = 1

_SCHEMA = """
begin;
create table readings (
  seq integer primary key autoincrement,
  device_id text not null,
  created_at text not null,
  body text not null
);
create table quarantine (
  seq integer primary key,
  device_id text not null,
  created_at text not null,
  body text not null,
  code text not null,
  detail text not null,
  quarantined_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
create table counters (name text primary key, value integer not null) without rowid;
insert into counters values ('dropped_readings', 0), ('dropped_quarantined', 0);
pragma user_version = 1;
commit;
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """What is in a spool. Times are of the oldest and newest waiting reading."""

    waiting: int
    quarantined: int
    dropped_readings: int
    dropped_quarantined: int
    oldest: str | None
    newest: str | None


def read_counts(path: Path) -> Counts:
    """What is in the spool at `path`, also while an agent uses it. Raises SpoolError."""
    if not path.is_file():
        raise SpoolError(f"there is no spool at {path}")
    with contextlib.closing(_connect(path)) as connection:
        if _version(connection, path) == 0:  # the agent is about to make its tables
            return Counts(0, 0, 0, 0, None, None)
        return count_all(connection)


def open_file(path: Path) -> sqlite3.Connection:
    """A connection to a spool of this version; makes the tables in a new file. Raises SpoolError.

    The caller holds the lock.
    """
    connection = _connect(path)
    try:
        if _version(connection, path) == 0:
            connection.executescript(_SCHEMA)
    except sqlite3.Error as error:
        connection.close()
        raise SpoolError(f"spool {path} cannot be used: {error}") from error
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    connection = None
    try:
        connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise SpoolError(f"spool {path} cannot be used: {error}") from error
    return connection


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """0 for a new file. Raises SpoolError for a version that is not ours."""
    version = single_number(connection, "pragma user_version")
    if version not in (0, _VERSION):
        raise SpoolError(f"spool {path} was written by another version ({version}, ours is {_VERSION})")
    return version


def lock_file(path: Path) -> IO[str]:
    """A lock that ends with this process, however it ends."""
    handle = path.with_name(path.name + ".lock").open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise SpoolError(f"spool {path} is in use by another agent") from error
    return handle


def count_all(connection: sqlite3.Connection) -> Counts:
    """What is stored."""
    row = connection.execute(
        "select (select count(*) from readings), (select count(*) from quarantine),"
        " (select value from counters where name = 'dropped_readings'),"
        " (select value from counters where name = 'dropped_quarantined'),"
        " (select created_at from readings order by seq limit 1),"
        " (select created_at from readings order by seq desc limit 1)"
    ).fetchone()
    return Counts(*row)


def single_number(connection: sqlite3.Connection, query: str) -> int:
    """The first column of the first row."""
    return int(connection.execute(query).fetchone()[0])
