"""Where bodies of answers are kept for some seconds: in this process, or in a Redis that all workers share."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from cachetools import TLRUCache

from . import redis_link

_log = logging.getLogger(__name__)

#: Most that one process keeps [bytes].
_CAPACITY = 32 * 1024 * 1024
#: How long a Redis that did not answer is left alone [s].
_REST_S = 5.0


class Shelf(Protocol):
    """Bodies by a key that nobody else has; safe to share between threads. It forgets and never fails."""

    def get(self, key: str) -> bytes | None:
        """What was put there, if it is still good."""

    def put(self, key: str, body: bytes, seconds: float) -> None:
        """Keep `body` for so long [s]."""


def open_shelf(storage: str) -> Shelf:
    """The shelf at memory:// or redis://...; nothing is sent yet."""
    return MemoryShelf() if storage.startswith("memory:") else RedisShelf(storage)


@dataclass(frozen=True, slots=True)
class _Kept:
    body: bytes
    until: float


class MemoryShelf:
    """In this process; what was asked for the longest ago goes when it is full."""

    def __init__(self, *, capacity: int = _CAPACITY, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._capacity = capacity
        self._lock = threading.Lock()
        self._kept: TLRUCache[str, _Kept] = TLRUCache(
            capacity, ttu=lambda _key, kept, _now: kept.until, timer=clock, getsizeof=lambda kept: len(kept.body)
        )

    def get(self, key: str) -> bytes | None:
        """What was put there."""
        # Not `get`: what its time is up for between its two looks would raise.
        with self._lock, suppress(KeyError):
            return self._kept[key].body
        return None

    def put(self, key: str, body: bytes, seconds: float) -> None:
        """Keep `body`, unless it is larger than all there is room for."""
        if len(body) <= self._capacity:
            with self._lock:
                self._kept[key] = _Kept(body, self._clock() + seconds)


class RedisShelf:
    """In Redis. One that is away is asked again after some seconds; until then nothing is kept."""

    def __init__(self, address: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        from redis import Redis

        self._clock = clock
        self._redis = Redis.from_url(address.replace("redis+unix://", "unix://", 1), **redis_link.options())
        self._asked_from = 0.0
        self._is_away = False

    def get(self, key: str) -> bytes | None:
        """What was put there."""
        found = self._ask(lambda: self._redis.get(key))
        return found if isinstance(found, bytes) else None

    def put(self, key: str, body: bytes, seconds: float) -> None:
        """Keep `body`."""
        self._ask(lambda: self._redis.set(key, body, px=max(1, int(seconds * 1000))))

    def _ask(self, send: Callable[[], object]) -> object:
        from redis import RedisError

        if self._clock() < self._asked_from:
            return None
        try:
            answer = send()
        except RedisError as error:
            self._asked_from = self._clock() + _REST_S
            if not self._is_away:
                _log.error("the Redis of kept answers is away: %s", type(error).__name__)
            self._is_away = True
            return None
        if self._is_away:
            _log.warning("the Redis of kept answers is back")
        self._is_away = False
        return answer
