"""How many readings to send at once."""

from __future__ import annotations

from typing import Final

#: So many batches in a row must pass before the limit that a 413 set is tried again.
_PATIENCE: Final = 20


class BatchSize:
    """A limit that halves when the API refuses a batch and doubles again when it takes one."""

    def __init__(self, most: int) -> None:
        """`most` is the configured size."""
        self._most = most
        self._ceiling = most
        self._passed = 0
        self.limit = most

    def halve(self, sent: int, *, lasting: bool) -> None:
        """A batch of `sent` readings was refused; `lasting` if for its size."""
        self.limit = max(1, sent // 2)
        self._passed = 0
        if lasting:
            self._ceiling = self.limit

    def succeeded(self) -> None:
        """A batch was settled."""
        self._passed += 1
        if self._passed >= _PATIENCE:
            self._passed = 0
            self._ceiling = min(self._most, self._ceiling * 2)
        self.limit = min(self._ceiling, self.limit * 2)
