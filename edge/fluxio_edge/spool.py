"""Readings on disk until the API has answered for each of them."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import sqlite3
import threading
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from fluxio_edge.hindsight import Held, Hindsight, release
from fluxio_edge.reading import Reading
from fluxio_edge.spool_connection import SpoolConnection
from fluxio_edge.spool_file import Counts, count_all
from fluxio_edge.spool_limits import Limits, drop_excess, drop_older, drop_quarantined

_log = logging.getLogger(__name__)

#: So many accepted readings are deleted at once, however long they have been waiting for it.
_SETTLE_AT_MOST = 1_000


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
    """The store; every method may be called from any thread, and writes in one transaction if it does.

    Readings that were accepted are gone for every caller at once and leave the file with the next
    write, or with `flush`: after a crash in between they are sent again, and are duplicates there. A
    file that turns out to be damaged is set aside and replaced. Methods raise sqlite3.Error if the
    disk fails. A context manager.
    """

    def __init__(
        self, path: Path, *, max_readings: int = 500_000, max_quarantined: int = 100_000, max_bytes: int = 256 << 20,
        settle_s: float = 0.0,
    ) -> None:  # fmt: skip
        """Opens or creates the file at `path` and its folder, and keeps other agents out.

        `settle_s`: how long accepted readings may stay in the file. Raises SpoolError if another agent
        uses it, or if it is no spool of a version known here.
        """
        self._limits = Limits(max_readings, max_quarantined, max_bytes)
        self._settle_s = settle_s
        self._mutex = threading.Lock()
        self._dropping = False
        #: Accepted and still in the file, and since when [s, monotonic].
        self._settled: set[int] = set()
        self._settled_at = 0.0
        self._file = SpoolConnection(path)
        self._recount()

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
        """How many readings wait to be sent, those included that are held back."""
        return self._waiting

    @property
    def held(self) -> int:
        """How many of them are held back until the clock is set."""
        return self._held

    @property
    def settled(self) -> int:
        """How many accepted readings are still in the file."""
        return len(self._settled)

    @property
    def last_seq(self) -> int:
        """The number of the reading stored last."""
        return self._file.last_seq

    def add(self, reading: Reading, held: Held | None = None) -> None:
        """`add_all` of one."""
        self.add_all([(reading, held)])

    def add_all(self, readings: Sequence[tuple[Reading, Held | None]]) -> None:
        """Store readings; they are on disk when this returns. Drops the oldest if there are too many.

        Those that are `Held` are not sent until `release`.
        """

        def write(connection: sqlite3.Connection) -> int:
            self._delete(connection, self._settled)
            connection.executemany(
                "insert into readings (device_id, created_at, body, boot, since_boot) values (?, ?, ?, ?, ?)",
                [
                    (each.device_id, each.created_at, each.body, held and held.boot, held and held.since_boot)
                    for each, held in readings
                ],
            )
            return drop_excess(connection, self._limits, self._waiting + len(readings))

        with self._mutex:
            dropped = self._file.write(write)
            self._settled.clear()
            self._file.last_seq += len(readings)
            self._waiting += len(readings)
            self._held += sum(held is not None for _, held in readings)
            if dropped:
                self._recount()
            self._tell_dropping(dropped)

    def oldest(self, limit: int, *, after: int = 0) -> list[Spooled]:
        """At most `limit` readings behind the seq `after`, the longest stored first. They stay."""
        return self.take(limit, after=after)

    def take(
        self,
        limit: int,
        *,
        after: int = 0,
        upto: int | None = None,
        newest_first: bool = False,
        without: Collection[int] = (),
    ) -> list[Spooled]:
        """At most `limit` of the readings with `after` < seq <= `upto` and not in `without`. They stay.

        Those that are held back are no choice.
        """
        query = "select seq, device_id, created_at, body from readings where boot is null and seq > ? and seq <= ?"
        query += " order by seq desc" if newest_first else " order by seq"
        bounds = (after, 2**62 if upto is None else upto)

        def read(connection: sqlite3.Connection) -> list[Spooled]:
            found: list[Spooled] = []
            for seq, device_id, created_at, body in connection.execute(query, bounds):
                if len(found) == limit:
                    break
                if seq not in self._settled and seq not in without:
                    found.append(Spooled(seq, Reading(device_id, created_at, body)))
            return found

        with self._mutex:
            return self._file.read(read)

    def settle(self, accepted: Sequence[int], refused: Sequence[Refused]) -> None:
        """The `accepted` (by seq) are gone, and the `refused` are in the quarantine."""

        def present(connection: sqlite3.Connection) -> set[int]:
            return {
                seq
                for seq in (*accepted, *(each.seq for each in refused))
                if seq not in self._settled
                and connection.execute("select 1 from readings where seq = ?", (seq,)).fetchone()
            }

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "insert or replace into quarantine (seq, device_id, created_at, body, code, detail) "
                "select seq, device_id, created_at, body, ?2, ?3 from readings where seq = ?1",
                [(each.seq, each.code, each.detail) for each in refused if each.seq in gone],
            )
            self._delete(connection, self._settled | gone)
            drop_quarantined(connection, self._limits)

        with self._mutex:
            gone = self._file.read(present)
            if refused:
                self._file.write(write)
                self._settled.clear()
            elif gone:
                if not self._settled:
                    self._settled_at = time.monotonic()
                self._settled |= gone
            self._waiting -= len(gone)
            self._flush_due()

    def flush(self) -> None:
        """Delete what was accepted from the file."""
        with self._mutex:
            self._flush()

    def flush_due(self) -> None:
        """Flush if `settle_s` is over."""
        with self._mutex:
            self._flush_due()

    def release(self, hindsight: Hindsight, limit: int = 500) -> int:
        """Give at most `limit` of the readings that are held back their times, so that they are sent; how many."""
        with self._mutex:
            released = self._file.write(lambda connection: release(connection, hindsight, limit))
            self._held -= released
            return released

    def drop_older(self, moment: str) -> int:
        """Drop the readings that were taken before `moment` (as in created_at); how many."""
        with self._mutex:
            dropped = self._file.write(lambda connection: drop_older(connection, moment))
            if dropped:
                self._recount()
            return dropped

    def refresh(self) -> bool:
        """Whether another process has written, such as to send refused readings again; counts anew if so."""
        with self._mutex:
            if not self._file.changed_elsewhere():
                return False
            self._recount()
            return True

    def counts(self) -> Counts:
        """What is stored."""
        with self._mutex:
            found = self._file.read(count_all)
            return dataclasses.replace(found, waiting=found.waiting - len(self._settled))

    def close(self) -> None:
        """Close the file; the spool is of no use afterwards."""
        with self._mutex:
            with contextlib.suppress(sqlite3.Error):  # they are sent again
                self._flush()
            self._file.close()

    def _flush_due(self) -> None:
        if len(self._settled) >= _SETTLE_AT_MOST or time.monotonic() - self._settled_at >= self._settle_s:
            self._flush()

    def _flush(self) -> None:
        if self._settled:
            self._file.write(lambda connection: self._delete(connection, self._settled))
            self._settled.clear()

    def _recount(self) -> None:
        """What the file holds, as more than a known number of rows may have changed."""
        self._file.look()
        counts = self._file.read(count_all)
        self._waiting, self._held = counts.waiting - len(self._settled), counts.held

    @staticmethod
    def _delete(connection: sqlite3.Connection, seqs: Iterable[int]) -> None:
        """Delete these, which are a few ranges as a rule."""
        ranges: list[tuple[int, int]] = []
        for seq in sorted(seqs):
            if ranges and ranges[-1][1] == seq - 1:
                ranges[-1] = (ranges[-1][0], seq)
            else:
                ranges.append((seq, seq))
        connection.executemany("delete from readings where seq between ? and ?", ranges)

    def _tell_dropping(self, dropped: int) -> None:
        """Say once that readings are being lost, and again only after there was room for a tenth."""
        if dropped and not self._dropping:
            self._dropping = True
            _log.error("spool is full (%s readings): the oldest are dropped", self._waiting)
        elif self._dropping and not dropped and self._waiting <= self._limits.readings * 9 // 10:
            self._dropping = False
