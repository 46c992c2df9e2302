"""Counting what goes into the database, and how long it takes."""

from __future__ import annotations

import time
from collections import Counter

from .. import metrics
from .ports import Judged, Letter, Readings

#: Verdicts of the database after which it keeps the reading in the dead letters.
_KEPT = frozenset({"conflict", "rejected"})


class CountedReadings:
    """A `ports.Readings` around another, which does the work."""

    def __init__(self, inner: Readings) -> None:
        self._inner = inner

    def store(self, elements: list[dict[str, object]]) -> list[Judged]:
        """As `inner` does it."""
        if not elements:
            return self._inner.store(elements)
        started = time.monotonic()
        try:
            judged = self._inner.store(elements)
        finally:
            metrics.observe_commit(time.monotonic() - started, len(elements))
        for reason, count in Counter(one.code or one.verdict for one in judged if one.verdict in _KEPT).items():
            metrics.count_dead_letter(reason, count)
        return judged

    def keep(self, letter: Letter) -> None:
        """As `inner` does it."""
        self._inner.keep(letter)
        metrics.count_dead_letter(letter.reason)
