"""One line of log for a change of state, none for a state that lasts."""

from __future__ import annotations

import logging


class Condition:
    """Something that works or does not, such as a meter or the link to the API.

    `kind` groups reasons: a line is written when the kind changes, not when its wording does.
    """

    def __init__(self, name: str, logger: logging.Logger) -> None:
        """Starts out as working; `name` begins each line."""
        self._name = name
        self._logger = logger
        self._kind: str | None = None
        self._reason: str | None = None

    @property
    def kind(self) -> str | None:
        """The kind of trouble, None while all is well."""
        return self._kind

    @property
    def reason(self) -> str | None:
        """What is wrong in the words of the last time, None while all is well."""
        return self._reason

    def trouble(self, kind: str, reason: str) -> None:
        """Something is wrong."""
        if kind != self._kind:
            self._logger.warning("%s: %s", self._name, reason)
        self._kind, self._reason = kind, reason

    def well(self, message: str) -> None:
        """Nothing is wrong (any more); `message` is logged if something was."""
        if self._kind is not None:
            self._logger.info("%s: %s", self._name, message)
        self._kind = self._reason = None
