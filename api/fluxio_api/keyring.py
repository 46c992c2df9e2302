"""Gateway keys that were looked up lately, so that not every POST asks the database for its key."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .visitors import Address, Network, Visitor

#: How long a key that was not found is not looked up again [s].
UNKNOWN_KEY_S = 3.0

#: Most keys remembered of each kind; a plant has hundreds of gateways.
_CAPACITY = 16_384

#: How long a key counts as one that was good once [s].
_PROVEN_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What authentication answers for a good key."""

    api_key_id: str
    expires_at: datetime | None
    #: Networks it may come from; None: any.
    networks: tuple[Network, ...] | None = None

    def may_come_from(self, address: Address | None) -> bool:
        """Whether a caller at this address may use it; an address that cannot be told is in no network."""
        if self.networks is None:
            return True
        return address is not None and any(address in network for network in self.networks)

    #: The units of its flat readings by metric, where they are not ours.
    flat_units: Mapping[str, str] = field(default_factory=dict)


class KeyRing:
    """Answers for keys by their hash; safe to share between threads.

    A revoked key is refused after at most `ttl_s`; ingest_readings checks the
    key again in any case. Unknown keys are remembered apart from good ones,
    so that a flood of them cannot push those out.
    """

    def __init__(
        self, lookup: Callable[[str], ApiKey | None], *, ttl_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lookup = lookup
        self._clock = clock
        self._good = _Shelf(ttl_s)
        self._unknown = _Shelf(min(ttl_s, UNKNOWN_KEY_S))
        self._proven = _Shelf(_PROVEN_S)
        self._lock = threading.Lock()

    def find(self, key_hash: str, visitor: Visitor | None = None) -> ApiKey | None:
        """The key with this SHA-256 [hex], or None if it is no good.

        Raises what `lookup` raises; nothing is remembered then. Raises
        RateLimited instead of looking up a key that was never good for
        a `visitor` who tried too many of those.
        """
        with self._lock:
            # Before the look-up: a revocation that comes during it waits no longer than `ttl_s`.
            now = self._clock()
            known = self._good.get(key_hash, now)
            if known is not None and not _expired(known):
                return known
            if self._unknown.has(key_hash, now):
                return None
            is_proven = self._proven.has(key_hash, now)
        if visitor is not None and not is_proven:
            visitor.check()
        found = self._lookup(key_hash)
        if visitor is not None and found is None:
            visitor.failed()
        with self._lock:
            if found is None:
                self._good.drop(key_hash)
                self._unknown.put(key_hash, None, now)
            else:
                self._good.put(key_hash, found, now)
                self._proven.put(key_hash, None, now)
        return found

    def forget(self, key_hash: str) -> None:
        """Look this key up again the next time."""
        with self._lock:
            self._good.drop(key_hash)


def _expired(key: ApiKey) -> bool:
    return key.expires_at is not None and key.expires_at <= datetime.now(UTC)


class _Shelf:
    """The newest entries, each for a while. Not safe to share: the ring locks."""

    def __init__(self, ttl_s: float) -> None:
        self._ttl_s = ttl_s
        self._entries: OrderedDict[str, tuple[float, ApiKey | None]] = OrderedDict()

    def has(self, key_hash: str, now: float) -> bool:
        entry = self._entries.get(key_hash)
        return entry is not None and now < entry[0]

    def get(self, key_hash: str, now: float) -> ApiKey | None:
        return self._entries[key_hash][1] if self.has(key_hash, now) else None

    def put(self, key_hash: str, key: ApiKey | None, now: float) -> None:
        self._entries[key_hash] = (now + self._ttl_s, key)
        self._entries.move_to_end(key_hash)
        while len(self._entries) > _CAPACITY:
            self._entries.popitem(last=False)

    def drop(self, key_hash: str) -> None:
        self._entries.pop(key_hash, None)
