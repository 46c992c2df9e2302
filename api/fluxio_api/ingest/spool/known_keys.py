"""Keys while the database is away: those that were good lately.

A gateway that was good an hour ago is worth believing for as long as its readings
only lie on our disk: the drain asks the database before it stores them. Who is
not known is told to come back (503), not that the key is wrong (401): that cannot
be known, and a gateway that hears it may never come back.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from ...keyring import ApiKey
from ...problems import Unavailable
from .outage import Outage
from .spool import Spool
from .spool_file import SpoolError

_log = logging.getLogger(__name__)

#: How long a key is believed after it was last found good [s].
BELIEVED_S = 7 * 86_400.0
#: How old that note may be while the key is in use [s].
_NOTE_AGE_S = 3600.0
#: Notes are written together, at most so often [s].
_SAVE_S = 1.0

_API_KEY = TypeAdapter(ApiKey)


class KnownKeys:
    """Looks keys up, and notes in the spool which are good; safe to share between threads."""

    def __init__(
        self,
        lookup: Callable[[str], ApiKey | None],
        spool: Spool,
        outage: Outage,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._lookup = lookup
        self._spool = spool
        self._outage = outage
        self._clock = clock
        self._lock = threading.Lock()
        #: What is noted for each key, and when it was [s since 1970].
        self._noted: dict[str, tuple[str, float]] = {}
        self._unsaved: dict[str, str] = {}
        self._save_at = 0.0

    def find(self, key_hash: str) -> ApiKey | None:
        """The key with this SHA-256 [hex], or None if the database says it is no good.

        While the database is away a key that was good lately. Raises
        problems.Unavailable for any other.
        """
        if not self._outage.lasting:
            try:
                found = self._lookup(key_hash)
            except Unavailable:
                self._outage.failed()
            else:
                self._note(key_hash, found)
                return found
        known = self._believed(key_hash)
        if known is None:
            raise Unavailable("Keys cannot be checked now; send the same request again later.")
        return known

    def save(self, *, at_once: bool = False) -> None:
        """Write the notes, if the last time is long enough ago."""
        with self._lock:
            now = self._clock()
            # A clock that was set back must not end the writing.
            is_due = at_once or not self._save_at - _SAVE_S <= now < self._save_at
            if not self._unsaved or not is_due:
                return
            unsaved, self._unsaved = self._unsaved, {}
            self._save_at = now + _SAVE_S
        try:
            self._spool.remember_keys(unsaved, now)
        except SpoolError as error:
            _log.error("known keys cannot be kept: %s", error)
            with self._lock:
                self._unsaved = unsaved | self._unsaved

    def _note(self, key_hash: str, key: ApiKey | None) -> None:
        if key is None:
            self._forget(key_hash)
            return
        written, now = _API_KEY.dump_json(key).decode(), self._clock()
        with self._lock:
            before = self._noted.get(key_hash)
            if before is not None and before[0] == written and abs(now - before[1]) < _NOTE_AGE_S:
                return
            self._noted[key_hash] = (written, now)
            self._unsaved[key_hash] = written
        self.save()

    def _forget(self, key_hash: str) -> None:
        with self._lock:
            self._noted.pop(key_hash, None)
            self._unsaved.pop(key_hash, None)
        try:
            # Anybody may send keys that nobody has: only one that was noted is worth a write.
            if self._spool.known_key(key_hash) is not None:
                self._spool.forget_key(key_hash)
        except SpoolError as error:
            _log.error("a key cannot be forgotten: %s", error)

    def _believed(self, key_hash: str) -> ApiKey | None:
        with self._lock:
            unsaved = self._unsaved.get(key_hash)
        try:
            known = (self._clock(), unsaved) if unsaved else self._spool.known_key(key_hash)
            key = _API_KEY.validate_json(known[1]) if known else None
        except SpoolError as error:
            _log.error("known keys cannot be read: %s", error)
            return None
        except ValidationError:
            return None
        if known is None or key is None or self._clock() - known[0] > BELIEVED_S:
            return None
        return key if key.expires_at is None or key.expires_at > datetime.now(UTC) else None
