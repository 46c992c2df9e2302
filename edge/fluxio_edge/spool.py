"""Readings on disk until the API has answered for each of them."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from fluxio_edge.errors import SpoolError
from fluxio_edge.reading import Reading
from fluxio_edge.spool_file import Counts, count_all, lock_file, open_file, single_number

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Spooled:
    """A stored reading; `seq` grows with the order of storing."""

    seq: int
    reading: Reading


@dataclass(frozen=True, slots=True)
class Refused:
    """A reading that the API will never take. `code` is the API's, `detail` says more."""

    seq: int
    code: str
    detail: str = ""


class Spool:
    """The store; every method is one transaction and may be called from any thread.

    Methods raise sqlite3.Error if the disk fails. A context manager.
    """

    def __init__(self, path: Path, *, max_readings: int = 500_000, max_quarantined: int = 100_000) -> None:
        """Opens or creates the file at `path` and its folder, and keeps other agents out.

        Raises SpoolError if another agent uses it, or if it is no spool of this version.
        """
        self._max_readings = max_readings
        self._max_quarantined = max_quarantined
        self._mutex = threading.Lock()
        self._dropping = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock_file = lock_file(path)
        except OSError as error:
            raise SpoolError(f"spool {path} cannot be used: {error.strerror}") from error
        try:
            self._connection = open_file(path)
            self._waiting = self._count("readings")
        except BaseException:
            self._lock_file.close()
            raise

    def __enter__(self) -> Self:
        """The spool."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes."""
        self.close()

    @property
    def waiting(self) -> int:
        """How many readings wait to be sent."""
        return self._waiting

    def add(self, reading: Reading) -> None:
        """Store a reading; it is on disk when this returns. Drops the oldest if there are too many."""
        with self._mutex:
            with self._transaction() as connection:
                connection.execute(
                    "insert into readings (device_id, created_at, body) values (?, ?, ?)",
                    (reading.device_id, reading.created_at, reading.body),
                )
                dropped = _drop_oldest(connection, "readings", self._waiting + 1 - self._max_readings)
            self._waiting += 1 - dropped
            self._tell_dropping(dropped)

    def oldest(self, limit: int, *, after: int = 0) -> list[Spooled]:
        """At most `limit` readings behind the seq `after`, the longest stored first. They stay."""
        with self._mutex:
            rows = self._connection.execute(
                "select seq, device_id, created_at, body from readings where seq > ? order by seq limit ?",
                (after, limit),
            ).fetchall()
        return [Spooled(seq, Reading(device_id, created_at, body)) for seq, device_id, created_at, body in rows]

    def settle(self, accepted: Sequence[int], refused: Sequence[Refused]) -> None:
        """Delete the `accepted` (by seq) and move the `refused` to the quarantine, in one transaction."""
        with self._mutex:
            with self._transaction() as connection:
                connection.executemany(
                    "insert or replace into quarantine (seq, device_id, created_at, body, code, detail) "
                    "select seq, device_id, created_at, body, ?2, ?3 from readings where seq = ?1",
                    [(each.seq, each.code, each.detail) for each in refused],
                )
                gone = [*accepted, *(each.seq for each in refused)]
                deleted = connection.executemany(
                    "delete from readings where seq = ?", [(seq,) for seq in gone]
                ).rowcount
                if refused:
                    excess = self._count("quarantine") - self._max_quarantined
                    _drop_oldest(connection, "quarantine", excess)
            self._waiting -= max(deleted, 0)

    def counts(self) -> Counts:
        """What is stored."""
        with self._mutex:
            return count_all(self._connection)

    def close(self) -> None:
        """Close the file; the spool is of no use afterwards."""
        with self._mutex:
            self._connection.close()
            self._lock_file.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("begin immediate")
        try:
            yield self._connection
            self._connection.execute("commit")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("rollback")
            raise

    def _count(self, table: Literal["readings", "quarantine"]) -> int:
        return single_number(self._connection, f"select count(*) from {table}")  # noqa: S608 (a literal)

    def _tell_dropping(self, dropped: int) -> None:
        """Say once that readings are being lost, and again only after there was room for a tenth."""
        if dropped and not self._dropping:
            self._dropping = True
            _log.error("spool is full (%s readings): the oldest are dropped", self._max_readings)
        elif self._dropping and self._waiting <= self._max_readings * 9 // 10:
            self._dropping = False


def _drop_oldest(connection: sqlite3.Connection, table: Literal["readings", "quarantine"], excess: int) -> int:
    """Delete and count `excess` rows (none if it is not positive)."""
    if excess <= 0:
        return 0
    name = "dropped_readings" if table == "readings" else "dropped_quarantined"
    dropped = connection.execute(
        f"delete from {table} where seq in (select seq from {table} order by seq limit ?)",  # noqa: S608 (a literal)
        (excess,),
    ).rowcount
    connection.execute("update counters set value = value + ? where name = ?", (dropped, name))
    return dropped
