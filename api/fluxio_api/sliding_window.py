"""A rate limit counted in this process, for any number of keys.

The `limits` library counts in memory too, but starts a thread that looks at
every key up to a hundred times a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from limits import RateLimitItem


class SlidingWindow:
    """Counts hits of each key, and holds no more keys than two windows had. Not safe to share: its users lock.

    The window slides: of the hits of the clock's previous window as many count
    as it still overlaps the last `rate.get_expiry()` seconds, taken as evenly spread.
    """

    def __init__(self, rate: RateLimitItem, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = rate.amount
        self._span_s = rate.get_expiry()
        self._clock = clock
        self._number = 0
        self._counts: dict[str, int] = {}
        self._before: dict[str, int] = {}

    def wait_s(self, key: str) -> float:
        """How long until another hit of `key` has room [s]; 0 if it has now."""
        into = self._turn()
        now, before = self._counts.get(key, 0), self._before.get(key, 0)
        if before * (1 - into) + now + 1 <= self._most:
            return 0.0
        return self._span_s * _room(now, before, into, self._most)

    def count(self, key: str) -> None:
        """Count one hit of `key`, whether it has room or not."""
        self._turn()
        self._counts[key] = self._counts.get(key, 0) + 1

    def _turn(self) -> float:
        """Begin the clock's window if it is a new one; how much of it is over [0 to 1]."""
        number, over = divmod(self._clock() / self._span_s, 1)
        if number != self._number:
            self._before = self._counts if number == self._number + 1 else {}
            self._counts = {}
            self._number = int(number)
        return over


def _room(now: int, before: int, into: float, most: int) -> float:
    """Windows until one more fits, if nothing else comes."""
    if now + 1 <= most:
        # The previous window has to slide out far enough.
        return max(0.0, 1 - (most - now - 1) / before - into)
    # This window's hits become the previous one's, and slide out then.
    return (1 - into) + max(0.0, 1 - (most - 1) / now)
