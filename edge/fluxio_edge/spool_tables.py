"""The spool's SQLite file: its tables, its lock, and how it is written.

WAL mode with synchronous=FULL: a commit is flushed before it returns, so what was committed
survives the power failing right after; with NORMAL a power cut could undo the last commits (kill -9
could not). Flash is spared by few commits instead: one for all that was read in `gather_s`, and one
delete for many readings that were accepted. A page that changes often is written to the WAL each
time and to the file once for a thousand pages (4 MB), at the checkpoint.
"""

from __future__ import annotations

import fcntl
import sqlite3
from pathlib import Path
from typing import IO

from fluxio_edge.errors import SpoolError

#: Grows with each change of the tables below (and there, in user_version).
_VERSION = 2

#: boot and since_boot [s]: of a reading whose time is held back until the clock is set, else null.
_SCHEMA = """
begin;
create table readings (
  seq integer primary key autoincrement,
  device_id text not null,
  created_at text not null,
  body text not null,
  boot text,
  since_boot real
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
insert into counters values ('dropped_readings', 0), ('dropped_quarantined', 0), ('dropped_old', 0), ('damaged', 0);
pragma user_version = 2;
commit;
"""

_FROM_VERSION_1 = """
begin;
alter table readings add column boot text;
alter table readings add column since_boot real;
insert into counters values ('dropped_old', 0), ('damaged', 0);
pragma user_version = 2;
commit;
"""


def open_file(path: Path) -> sqlite3.Connection:
    """A connection to a spool of this version; makes the tables in a new file, adds what an older one lacks.

    The caller holds the lock. Raises SpoolError, and sqlite3.DatabaseError for a damaged file.
    """
    connection = connect(path)
    try:
        version = version_of(connection, path)
        if version == 0:
            connection.executescript(_SCHEMA)
        elif version == 1:
            connection.executescript(_FROM_VERSION_1)
    except BaseException:
        connection.close()
        raise
    return connection


def connect(path: Path) -> sqlite3.Connection:
    """A connection as every process must open it. Raises SpoolError, and sqlite3.DatabaseError for a damaged file."""
    connection = None
    try:
        connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma wal_autocheckpoint = 1000")
        connection.execute("pragma journal_size_limit = 8388608")
        connection.execute("pragma cache_size = -1024")  # [-KiB]
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        if is_damage(error):
            raise
        raise SpoolError(f"spool {path} cannot be used: {error}") from error
    return connection


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file's content is at fault, and not the disk, a lock or the space."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """0 for a new file. Raises SpoolError for a version that is not known here."""
    version = single_number(connection, "pragma user_version")
    if not 0 <= version <= _VERSION:
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


def single_number(connection: sqlite3.Connection, query: str) -> int:
    """The first column of the first row."""
    return int(connection.execute(query).fetchone()[0])
