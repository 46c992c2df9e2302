"""How long to wait after repeated failures."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Doubling waits from `first` to `ceiling` seconds, each shortened by chance to 50..100 %.

    The chance keeps many agents from returning at the same instant after an outage.
    """

    def __init__(self, first: float, ceiling: float, *, chance: Callable[[], float] = random.random) -> None:
        """`chance` gives 0 <= x < 1."""
        self._first = min(first, ceiling)
        self._ceiling = ceiling
        self._chance = chance
        self._failures = 0

    def next_delay(self) -> float:
        """Seconds to wait after one more failure."""
        # 2**30 seconds are beyond any ceiling; the exponent must not grow for years.
        delay = min(self._ceiling, self._first * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return self.shorten(delay)

    def shorten(self, delay: float) -> float:
        """`delay` times 0.5..1."""
        return delay * (0.5 + self._chance() / 2)

    def reset(self) -> None:
        """Start again at the first wait; called after a success."""
        self._failures = 0
