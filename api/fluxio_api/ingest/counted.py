"""Counting what goes into the database, and how long it takes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from .. import metrics
from .group_commit import WholeReadings
from .ports import Judged, Letter

#: Verdicts of the database after which it keeps the reading in the dead letters.
_KEPT = frozenset({"conflict", "rejected"})


class CountedReadings:
    """A `WholeReadings` around another, which does the work; one call of it is one commit."""

    def __init__(self, inner: WholeReadings) -> None:
        self._inner = inner

    def store(self, elements: list[dict[str, object]]) -> list[Judged]:
        """As `inner` does it."""
        return self._counted(self._inner.store, elements) if elements else self._inner.store(elements)

    def store_whole(self, elements: list[dict[str, object]]) -> list[Judged]:
        """As `inner` does it."""
        return self._counted(self._inner.store_whole, elements)

    def keep(self, letter: Letter) -> None:
        """As `inner` does it."""
        self._inner.keep(letter)
        metrics.count_dead_letter(letter.reason)

    def _counted(
        self, store: Callable[[list[dict[str, object]]], list[Judged]], elements: list[dict[str, object]]
    ) -> list[Judged]:
        started = time.monotonic()
        try:
            judged = store(elements)
        finally:
            metrics.observe_commit(time.monotonic() - started, len(elements))
        for reason, count in Counter(one.code or one.verdict for one in judged if one.verdict in _KEPT).items():
            metrics.count_dead_letter(reason, count)
        return judged
