"""Whether the database is taken to be away, in this worker."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

#: First and longest wait before the database is asked again [s].
_FIRST_S, _LONGEST_S = 0.5, 15.0


class Outage:
    """A circuit breaker; safe to share between threads.

    The first call that finds the database away opens it, and from then on nobody
    waits for the database but the one who asks whether it is back. That it
    answers closes it. How long the next wait is goes back to the first only
    after readings were stored: a database that answers and stores nothing must
    not be asked twice a second.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lasting = False
        self._failures = 0
        self._ask_at = 0.0

    @property
    def lasting(self) -> bool:
        """Whether the database is away."""
        return self._lasting

    def is_time_to_ask(self) -> bool:
        """Whether the database should be asked if it is back."""
        with self._lock:
            return self._lasting and self._clock() >= self._ask_at

    def failed(self, *, asked: bool = False) -> None:
        """The database did not answer; only who `asked` if it is back makes the next wait longer."""
        with self._lock:
            if self._lasting and not asked:
                return
            self._lasting = True
            wait = min(_LONGEST_S, _FIRST_S * 2 ** min(self._failures, 10))
            self._failures += 1
            self._ask_at = self._clock() + wait * random.uniform(0.75, 1.25)  # noqa: S311 - only spreads workers

    def answered(self) -> None:
        """The database is back."""
        with self._lock:
            self._lasting = False

    def stored(self) -> None:
        """Readings were stored."""
        if self._failures:
            with self._lock:
                if not self._lasting:
                    self._failures = 0
