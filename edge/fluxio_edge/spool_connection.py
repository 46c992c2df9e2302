"""The spool's open file: transactions, and a new file where one is damaged."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from fluxio_edge import spool_damage
from fluxio_edge.errors import SpoolError
from fluxio_edge.reading import utc_now
from fluxio_edge.spool_tables import is_damage, lock_file, open_file, single_number

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")


class SpoolConnection:
    """The file at a path, open and locked. For one thread at a time.

    `last_seq` is the highest number that was ever given to a reading; numbers are never used again.
    """

    def __init__(self, path: Path) -> None:
        """Opens or creates the file and its folder, and keeps other agents out. Raises SpoolError."""
        self._path = path
        self.last_seq = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock_file = lock_file(path)
        except OSError as error:
            raise SpoolError(f"spool {path} cannot be used: {error.strerror}") from error
        try:
            self._connection = self._open()
            self.look()
        except sqlite3.Error as error:
            self._lock_file.close()
            raise SpoolError(f"spool {path} cannot be used: {error}") from error
        except BaseException:
            self._lock_file.close()
            raise

    def read(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """What `work` finds."""
        return self._mending(lambda: work(self._connection))

    def write(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """`work` in a transaction of its own, done again on the new file if this one is damaged."""
        return self._mending(lambda: self._transaction(work))

    def changed_elsewhere(self) -> bool:
        """Whether another process has written since `look`."""
        return self._data_version() != self._version_seen

    def look(self) -> None:
        """Take note of what is there."""
        self._version_seen = self._data_version()
        row = self._connection.execute("select seq from sqlite_sequence where name = 'readings'").fetchone()
        self.last_seq = max(self.last_seq, int(row[0]) if row else 0)

    def close(self) -> None:
        """Close the file and let others in."""
        self._connection.close()
        self._lock_file.close()

    def _open(self) -> sqlite3.Connection:
        connection = None
        try:
            connection = open_file(self._path)
            spool_damage.check(connection)
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, sqlite3.Error) and is_damage(error):
                return self._replace(error)
            raise
        return connection

    def _mending(self, attempt: Callable[[], _Result]) -> _Result:
        try:
            return attempt()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._connection.close()
            self._connection = self._replace(error)
            return attempt()

    def _transaction(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        self._connection.execute("begin immediate")
        try:
            result = work(self._connection)
            self._connection.execute("commit")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("rollback")
            raise
        return result

    def _replace(self, error: sqlite3.Error) -> sqlite3.Connection:
        """A new file with what can be read of the damaged one, which stays under another name."""
        aside = spool_damage.set_aside(self._path, utc_now())
        _log.error("spool %s is damaged (%s): set aside as %s, a new one is begun", self._path, error, aside.name)
        connection = open_file(self._path)
        recovered = spool_damage.recover(aside, connection, self.last_seq)
        _log.warning("spool %s: %s reading(s) of the damaged file were recovered", self._path, recovered)
        return connection

    def _data_version(self) -> int:
        """Changes when another connection has written."""
        return single_number(self._connection, "pragma data_version")
