"""From the spool into the database."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from ... import metrics
from ...keyring import ApiKey
from ...problems import InvalidJson, Problem, Unavailable
from ..arrival import Arrival
from ..intake import Intake, KeyRefusedError
from .outage import Outage
from .spool import Entry, Spool
from .spool_file import Turn

_log = logging.getLogger(__name__)

#: How often a body is tried that fails by an error of its own.
TRIES = 3
#: How many processes may end with the same body in hand; most are killed for reasons of their own.
ENDS = 10
#: First and longest time that an entry is put off [s].
_PUT_OFF_S, _LONGEST_PUT_OFF_S = 1.0, 600.0
#: So many entries in a row that were put off end a run: it is not the entries.
_MOST_IN_A_ROW = 3
#: How long a key that was checked is not checked again [s]: a backlog is thousands of bodies of a few keys.
_CHECKED_S = 2.0

#: No key has this SHA-256; a question that costs the database nothing.
_NOBODYS_HASH = "0" * 64

#: API_SECRET_KEY, which has no row.
_SHARED = ApiKey("", None)


class Drain:
    """Takes entries one after the other; only one thread of all workers may run it at a time."""

    def __init__(
        self,
        spool: Spool,
        intake: Intake,
        find_key: Callable[[str], ApiKey | None],
        outage: Outage,
        *,
        shared_key_hash: str | None,
    ) -> None:
        self._spool = spool
        self._intake = intake
        self._find_key = find_key
        self._outage = outage
        self._shared_key_hash = shared_key_hash
        self._checked: dict[str, tuple[float, ApiKey | None]] = {}

    def run(self, turn: Turn, stop: threading.Event) -> None:
        """Settle what is due, oldest first, until `stop` is set or the database is away. Raises SpoolError, OSError."""
        if turn.in_hand is not None:
            # A process that ended with a body in its hand was killed, or the body killed it.
            self._spool.count_failure(turn.in_hand)
            turn.put_down()
        settled = in_a_row = 0
        while not stop.is_set() and not self._outage.lasting and in_a_row < _MOST_IN_A_ROW:
            entry = self._spool.next_due(time.time())
            if entry is None:
                break
            turn.take(entry.seq)
            try:
                is_settled = self._settle(entry)
            except Exception:
                # The disk's fault, and this process lives on.
                turn.put_down()
                raise
            turn.put_down()
            if is_settled:
                settled, in_a_row = settled + 1, 0
            else:
                in_a_row += 1
        if settled:
            _log.warning("%d bodies came out of the spool", settled)

    def database_answers(self) -> bool:
        """Ask the database something; whether it answers is noted in the outage."""
        try:
            self._find_key(_NOBODYS_HASH)
        except Unavailable:
            self._outage.failed(asked=True)
            return False
        self._outage.answered()
        return True

    def _settle(self, entry: Entry) -> bool:
        """Whether the entry is out of the queue, or else put off or the database away."""
        try:
            arrival = entry.arrival()
        except ValueError:
            self._set_aside(entry, "it cannot be read")
            return True
        if entry.failures >= ENDS:
            return self._give_up(entry, arrival, "every process that took it ended")
        try:
            is_taken = self._take(arrival)
        except Unavailable:
            if self.database_answers():
                # Not now, and only this one: its rows are locked, or it is refused in a way that says so.
                self._put_off(entry, failed=False)
            return False
        except Exception as error:  # noqa: BLE001 - a bug that a body finds must not stop the others
            return self._failed(entry, arrival, type(error).__name__)
        self._spool.remove(entry.seq, "drained" if is_taken else "dead_lettered")
        self._outage.stored()
        return True

    def _take(self, arrival: Arrival) -> bool:
        """Whether ingest took the body, or else the dead letters did."""
        key = self._key_of(arrival)
        if key is None:
            self._intake.bury(arrival, "invalid_key", "the key was no longer good when the spool was drained")
            return False
        try:
            results = self._intake.take(replace(arrival, flat_units=key.flat_units))
        except InvalidJson:
            return False
        except KeyRefusedError:
            self._intake.bury(arrival, "invalid_key", "the database refused the key when the spool was drained")
            return False
        except Unavailable:
            raise
        except Problem as fault:
            self._intake.bury(arrival, fault.code, fault.detail)
            return False
        metrics.count_results(results, arrival.received_at)
        return True

    def _failed(self, entry: Entry, arrival: Arrival, error: str) -> bool:
        # Without the error's text, which may quote the body.
        _log.error("entry %d of the spool cannot be taken: %s", entry.seq, error)
        if entry.failures + 1 < TRIES:
            self._put_off(entry, failed=True)
            return False
        return self._give_up(entry, arrival, error)

    def _give_up(self, entry: Entry, arrival: Arrival, error: str) -> bool:
        """Whether the entry is out of the queue, or else the database is away."""
        try:
            self._intake.bury(arrival, "not_processed", error)
        except Unavailable:
            if not self.database_answers():
                return False
            self._set_aside(entry, "the dead letters refuse it")
        except Exception as letter_error:  # noqa: BLE001 - as above
            self._set_aside(entry, type(letter_error).__name__)
        else:
            self._spool.remove(entry.seq, "dead_lettered")
        return True

    def _put_off(self, entry: Entry, *, failed: bool) -> None:
        wait = min(_LONGEST_PUT_OFF_S, _PUT_OFF_S * 2 ** min(entry.attempts, 10))
        self._spool.put_off(entry.seq, time.time() + wait, failed=failed)

    def _set_aside(self, entry: Entry, why: str) -> None:
        self._spool.set_aside(entry.seq)
        _log.error("entry %d of the spool is set aside: %s", entry.seq, why)

    def _key_of(self, arrival: Arrival) -> ApiKey | None:
        """The key of the body, if it still is what it was when that came; raises Unavailable."""
        if arrival.api_key_id is None:
            return _SHARED if arrival.key_hash == self._shared_key_hash else None
        now = time.monotonic()
        until, key = self._checked.get(arrival.key_hash, (now, None))
        if until <= now:
            key = self._find_key(arrival.key_hash)
            if len(self._checked) > 4096:
                self._checked.clear()
            self._checked[arrival.key_hash] = (now + _CHECKED_S, key)
        return key if key is not None and key.api_key_id == arrival.api_key_id else None
