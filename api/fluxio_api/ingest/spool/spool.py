"""Bodies on disk until the database has them."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from ..arrival import Arrival
from .spool_file import SpoolError, locked, open_file, single_number

_log = logging.getLogger(__name__)

_ARRIVAL = TypeAdapter(Arrival)


@dataclass(frozen=True, slots=True)
class Entry:
    """A kept body; `seq` grows with the order of arrival."""

    seq: int
    #: How often it could not be taken, and how often of these by an error of its own.
    attempts: int
    failures: int
    #: The Arrival but its body, as JSON.
    head: str
    body: bytes

    def arrival(self) -> Arrival:
        """The POST as it came in. Raises ValueError if another version wrote what this one cannot read."""
        try:
            return _ARRIVAL.validate_python({**from_json(self.head), "body": self.body})
        except (ValidationError, TypeError) as error:
            raise ValueError("no arrival") from error


@dataclass(frozen=True, slots=True)
class SpoolState:
    """What the spool holds, and what became of bodies since its file was made; the same in every worker."""

    #: Bodies that wait.
    entries: int
    #: Of all bodies, those set aside too, with their headers [bytes].
    bytes: int
    #: Bodies that neither the database nor the dead letters would take.
    set_aside: int
    #: Receive time of the body that waits longest.
    oldest: datetime | None
    #: Bodies ever kept; of these taken by ingest, and gone to the dead letters as a whole.
    spooled: int
    drained: int
    dead_lettered: int
    #: POSTs turned away because it was full, or its disk failed.
    refused: int

    def oldest_age_s(self, now: datetime) -> float:
        """How long the oldest body waits [s]; 0 if none does."""
        return max(0.0, (now - self.oldest).total_seconds()) if self.oldest else 0.0


class Spool:
    """The queue; every method is one transaction, raises SpoolError, and may be called from any thread.

    The file is opened on first use: a connection must not be carried into a worker by its fork.
    """

    def __init__(self, directory: Path, *, max_bytes: int) -> None:
        self.directory = directory
        self._max_bytes = max_bytes
        self._mutex = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._refusing = False
        #: Of these POSTs the file does not know yet: it may be the disk that is full.
        self._refused = 0

    def add(self, arrival: Arrival) -> None:
        """Keep a body; it is on disk when this returns. Makes no room by dropping what is kept: raises SpoolError."""
        try:
            held = self._insert(arrival)
        except SpoolError as error:
            with self._mutex:
                self._refused += 1
                said, self._refusing = self._refusing, True
            if not said:
                _log.error("%s: gateways are told to wait", error)
            raise
        # Not at the first body that fits: beside a full spool small ones fit and large ones do not.
        if self._refusing and held <= self._max_bytes * 9 // 10:
            self._refusing = False
            _log.warning("the spool takes bodies again")

    def next_due(self, now: float) -> Entry | None:
        """The oldest entry that is due at `now` [s since 1970]; it stays."""
        with self._reading() as connection:
            row = connection.execute(
                "select seq, attempts, failures, head, body from entries"
                " where set_aside = 0 and due_at <= ? order by seq limit 1",
                (now,),
            ).fetchone()
        return Entry(*row) if row else None

    def remove(self, seq: int, became: Literal["drained", "dead_lettered"]) -> None:
        """Delete an entry that is in the database."""
        with self._writing() as connection:
            gone = connection.execute("delete from entries where seq = ?", (seq,)).rowcount
            connection.execute("update totals set value = value + ? where name = ?", (gone, became))

    def put_off(self, seq: int, until: float, *, failed: bool) -> None:
        """Let others go before an entry until then [s since 1970], and count the attempt, as its own failure if so."""
        with self._writing() as connection:
            connection.execute(
                "update entries set due_at = ?, attempts = attempts + 1, failures = failures + ? where seq = ?",
                (until, failed, seq),
            )

    def count_failure(self, seq: int) -> None:
        """Count an attempt that nobody could count when it failed."""
        with self._writing() as connection:
            connection.execute("update entries set failures = failures + 1 where seq = ?", (seq,))

    def set_aside(self, seq: int) -> None:
        """Take an entry out of the queue; it stays on disk and counts towards the limit."""
        with self._writing() as connection:
            connection.execute("update entries set set_aside = 1 where seq = ?", (seq,))

    def retry_set_aside(self) -> int:
        """Put what was set aside back into the queue; how many that were."""
        with self._writing() as connection:
            return connection.execute(
                "update entries set set_aside = 0, attempts = 0, failures = 0, due_at = 0 where set_aside = 1"
            ).rowcount

    def state(self) -> SpoolState:
        """What is held."""
        with self._reading() as connection:
            totals = dict(connection.execute("select name, value from totals").fetchall())
            oldest = connection.execute(
                "select received_at from entries where set_aside = 0 order by seq limit 1"
            ).fetchone()
        totals["refused"] += self._refused
        return SpoolState(oldest=datetime.fromisoformat(oldest[0]) if oldest else None, **totals)

    def is_empty(self) -> bool:
        """Whether nothing waits."""
        with self._reading() as connection:
            return not single_number(connection, "select value from totals where name = 'entries'")

    def known_key(self, key_hash: str) -> tuple[float, str] | None:
        """When this key was last found good [s since 1970], and what it is, as JSON."""
        with self._reading() as connection:
            row = connection.execute(
                "select good_at, api_key from known_keys where key_hash = ?", (key_hash,)
            ).fetchone()
        return (float(row[0]), str(row[1])) if row else None

    def remember_keys(self, keys: Mapping[str, str], good_at: float) -> None:
        """Note that these keys (by hash, as JSON) were found good."""
        with self._writing() as connection:
            connection.executemany(
                "insert or replace into known_keys (key_hash, good_at, api_key) values (?, ?, ?)",
                [(key_hash, good_at, key) for key_hash, key in keys.items()],
            )

    def forget_key(self, key_hash: str) -> None:
        """Forget a key that is no longer good."""
        with self._writing() as connection:
            connection.execute("delete from known_keys where key_hash = ?", (key_hash,))

    def tidy(self) -> None:
        """Note what is counted in memory only, and give the disk space of what is gone back."""
        refused = self._refused
        if refused:
            with self._writing() as connection:
                connection.execute("update totals set value = value + ? where name = 'refused'", (refused,))
            with self._mutex:
                self._refused -= refused
        with self._reading() as connection:
            has_room_to_give = _holds_only_free_pages(connection)
        if has_room_to_give:
            with self._locked() as connection:
                if _holds_only_free_pages(connection):
                    connection.execute("vacuum")
                    connection.execute("pragma wal_checkpoint(truncate)").fetchall()

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._mutex:
            connection, self._connection = self._connection, None
            if connection is not None:
                with contextlib.suppress(OSError), locked(self.directory):
                    connection.close()

    def _insert(self, arrival: Arrival) -> int:
        """The bytes held afterwards."""
        head = _ARRIVAL.dump_json(arrival, exclude={"body"}).decode()
        size = len(head) + len(arrival.body)
        with self._writing() as connection:
            held = single_number(connection, "select value from totals where name = 'bytes'")
            if held + size > self._max_bytes:
                raise SpoolError(f"the spool is full ({held} of {self._max_bytes} bytes)")
            connection.execute(
                "insert into entries (size, received_at, head, body) values (?, ?, ?, ?)",
                (size, arrival.received_at.isoformat(), head, arrival.body),
            )
        return held + size

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._mutex:
            try:
                if self._connection is None:
                    self._connection = open_file(self.directory)
                yield self._connection
            except sqlite3.Error as error:
                raise SpoolError(f"the spool failed: {error}") from error

    @contextlib.contextmanager
    def _locked(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection:
            try:
                with locked(self.directory):
                    yield connection
            except OSError as error:
                raise SpoolError(f"the spool failed: {error}") from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._locked() as connection:
            connection.execute("begin immediate")
            try:
                yield connection
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("rollback")
                raise


def _holds_only_free_pages(connection: sqlite3.Connection) -> bool:
    return single_number(connection, "pragma freelist_count") > 0 and not single_number(
        connection, "select value from totals where name = 'bytes'"
    )
