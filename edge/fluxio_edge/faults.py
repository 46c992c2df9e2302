"""Telling a reading that the API fails on from an API that fails on everything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

#: So often in a row the API must fail on a reading that was sent alone before others go past it.
_PATIENCE: Final = 3


class Faults:
    """Readings (by seq) that the API answered with an internal error when each was sent alone.

    A reading is to blame only if others were accepted after it had failed `_PATIENCE` times, and it
    then fails once more: an API that fails on everything must not cost one reading.
    """

    def __init__(self) -> None:
        """No reading has failed."""
        self._failures: dict[int, int] = {}
        #: Others were accepted after these had failed.
        self._suspects: set[int] = set()
        #: These are passed over for now.
        self.passed: set[int] = set()

    def failed(self, seq: int) -> bool:
        """The API failed on this reading alone; whether the reading is to blame."""
        if seq in self._suspects:
            return True
        self._failures[seq] = self._failures.get(seq, 0) + 1
        if self._failures[seq] >= _PATIENCE:
            self.passed.add(seq)
        return False

    def settled(self, seqs: Iterable[int]) -> None:
        """These have their verdicts: the API works, so those passed over are tried once more."""
        for seq in seqs:
            self._failures.pop(seq, None)
            self._suspects.discard(seq)
        self._suspects |= {seq for seq, count in self._failures.items() if count >= _PATIENCE}
        self.passed.clear()

    def start_over(self) -> None:
        """Nothing waits beside those passed over: try them again."""
        self.passed.clear()
