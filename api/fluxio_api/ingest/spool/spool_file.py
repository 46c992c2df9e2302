"""The spool's SQLite file: its tables, and who may write it when.

SQLite, because a queue that survives kill -9 and power cuts, is bounded, counted
and shared by processes is what it has been tested for; libraries that wrap it
store pickles, or trade the flush of each commit away. WAL mode with
synchronous=FULL: a commit is on disk when it returns.

Writers take turns by a lock file of their own instead of SQLite's: its waiting is
polling, and versions before 3.51.3 can corrupt a WAL when two connections write
and checkpoint in the same instant (sqlite.org/wal.html#walresetbug).

The folder must be on a local disk: WAL does not work over a network.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE, WRITE_LOCK, DRAIN_LOCK = "spool.sqlite3", "write.lock", "drain.lock"

#: Grows with each change of the tables below (and there, in user_version).
_VERSION = 1

#: How long a reader waits for the file [s].
_BUSY_S = 10.0

_SCHEMA = """
begin;
create table entries (
  seq integer primary key autoincrement,
  attempts integer not null default 0,
  failures integer not null default 0,
  due_at real not null default 0,
  set_aside integer not null default 0,
  size integer not null,
  received_at text not null,
  head text not null,
  body blob not null
);
create table totals (name text primary key, value integer not null) without rowid;
insert into totals values
  ('entries', 0), ('bytes', 0), ('set_aside', 0),
  ('spooled', 0), ('drained', 0), ('dead_lettered', 0), ('refused', 0);
create trigger entries_added after insert on entries begin
  update totals set value = value + 1 where name in ('entries', 'spooled');
  update totals set value = value + new.size where name = 'bytes';
end;
create trigger entries_moved after update of set_aside on entries begin
  update totals set value = value + new.set_aside - old.set_aside where name = 'set_aside';
  update totals set value = value - new.set_aside + old.set_aside where name = 'entries';
end;
create trigger entries_removed after delete on entries begin
  update totals set value = value - 1 where name = case old.set_aside when 1 then 'set_aside' else 'entries' end;
  update totals set value = value - old.size where name = 'bytes';
end;
create table known_keys (
  key_hash text primary key,
  good_at real not null,
  api_key text not null
) without rowid;
pragma user_version = 1;
commit;
"""


class SpoolError(Exception):
    """The spool cannot be used; the message says why."""


def open_file(directory: Path) -> sqlite3.Connection:
    """The file in `directory`, both made if they are not there, for this account only.

    One thread at a time may use the connection. Raises SpoolError.
    """
    path = directory / FILE
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(directory):
            # SQLite would make it as the umask says; its -wal and -shm take after it.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            try:
                if _prepare(connection, path):
                    _sync_directory(directory)
            except BaseException:
                connection.close()
                raise
    except (OSError, sqlite3.Error) as error:
        raise SpoolError(f"the spool {path} cannot be used: {error}") from error
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the tables are new."""
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    version = single_number(connection, "pragma user_version")
    if version == 0:
        connection.executescript(_SCHEMA)
    elif version != _VERSION:
        raise SpoolError(f"the spool {path} was written by another version ({version}, ours is {_VERSION})")
    return version == 0


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Within, nobody else writes the file; the lock ends with this process, however it ends. Raises OSError."""
    with _lock_file(directory / WRITE_LOCK) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


class Turn:
    """The turn to drain. It holds a note of the entry in hand, which outlives the process and not the machine."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @property
    def in_hand(self) -> int | None:
        """The seq of the entry that was taken and not put down: whoever did it did not live to."""
        note = os.pread(self._descriptor, 32, 0)
        return int(note) if note.isdigit() else None

    def take(self, seq: int) -> None:
        """Note which entry is in hand."""
        os.pwrite(self._descriptor, b"%020d" % seq, 0)

    def put_down(self) -> None:
        """Note that none is."""
        os.ftruncate(self._descriptor, 0)


@contextmanager
def draining(directory: Path) -> Iterator[Turn | None]:
    """The turn to drain for as long as the block lasts, or None if another process has it. Raises OSError."""
    with _lock_file(directory / DRAIN_LOCK) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield Turn(descriptor)


@contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def single_number(connection: sqlite3.Connection, query: str) -> int:
    """The first column of the first row."""
    return int(connection.execute(query).fetchone()[0])


def _sync_directory(directory: Path) -> None:
    """Flush the names in `directory` and its own: a file that cannot be found is as lost as its content."""
    for folder in (directory, directory.parent):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
