"""Rate limits: counted per key, and generous, because a gateway that is turned away may not come back.

The windows slide: what was sent in the last minute counts, not what was sent
since the clock's minute began, so nobody sends twice the limit around its turn
and a key over it is let in again bit by bit. A limit per minute with one per
second beside it is a rate with a burst.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from limits import RateLimitItem, parse_many
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from . import redis_link
from .problems import RateLimited
from .sliding_window import SlidingWindow

_log = logging.getLogger(__name__)

#: How long an absent Redis is left alone [s]: at first, and after many tries.
_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 32.0


class Limit(Protocol):
    """Counts requests by key."""

    def admit(self, key: str) -> None:
        """Count one request of `key`; raises problems.RateLimited for one too many."""


def limit(rate: str, *, storage: str) -> Limit:
    """A limit as `rate` says, in the notation of the `limits` library ("6000 per minute; 200 per second").

    `storage`: redis://... counts for all workers, memory:// for each alone.
    """
    items = parse_many(rate)
    here = _Here(items)
    return here if storage.startswith("memory:") else _Shared(items, storage, here)


class _Here:
    """Counts in this process."""

    def __init__(self, items: list[RateLimitItem]) -> None:
        self._windows = [SlidingWindow(item) for item in items]
        self._lock = threading.Lock()

    def admit(self, key: str) -> None:
        with self._lock:
            wait_s = max(window.wait_s(key) for window in self._windows)
            if not wait_s:
                for window in self._windows:
                    window.count(key)
        if wait_s:
            raise _too_many(wait_s)


class _Shared:
    """Counts in Redis. One that is away turns nobody away: a counter must not cost readings.

    Each worker then counts by itself, and asks for Redis after 1, 2, 4 ... 32 s,
    so that an absent one does not slow every request.
    """

    def __init__(
        self,
        items: list[RateLimitItem],
        storage: str,
        fallback: Limit,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._items = items
        # Its errors are then the storage's own.
        redis = storage_from_string(storage, **redis_link.options(), wrap_exceptions=True)
        self._counter = SlidingWindowCounterRateLimiter(redis)
        self._fallback = fallback
        self._clock = clock
        self._lock = threading.Lock()
        self._pause_s = 0.0
        self._asked_again_at = 0.0

    def admit(self, key: str) -> None:
        if self._is_left_alone():
            return self._fallback.admit(key)
        try:
            breached = [item for item in self._items if not self._counter.hit(item, "fluxio", key)]
            wait_s = max((self._wait_s(item, key) for item in breached), default=None)
        except StorageError:
            self._leave_alone()
            return self._fallback.admit(key)
        self._is_back()
        if wait_s is not None:
            raise _too_many(wait_s)
        return None

    def _wait_s(self, item: RateLimitItem, key: str) -> float:
        return self._counter.get_window_stats(item, "fluxio", key).reset_time - time.time()

    def _is_left_alone(self) -> bool:
        """Whether it is away; one caller at a time is told to try, after a while."""
        with self._lock:
            if not self._pause_s:
                return False
            if self._clock() < self._asked_again_at:
                return True
            self._asked_again_at = self._clock() + self._pause_s
            return False

    def _leave_alone(self) -> None:
        with self._lock:
            if not self._pause_s:
                _log.warning("the rate limits' storage is away: each worker counts by itself")
            self._pause_s = min(_LONGEST_PAUSE_S, self._pause_s * 2 or _PAUSE_S)
            self._asked_again_at = self._clock() + self._pause_s

    def _is_back(self) -> None:
        with self._lock:
            if self._pause_s:
                _log.warning("the rate limits' storage is back")
            self._pause_s = 0.0


def _too_many(wait_s: float) -> RateLimited:
    return RateLimited("Too many requests with this key; repeat after Retry-After.", wait_s=wait_s)
