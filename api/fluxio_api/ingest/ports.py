"""What ingest needs from the database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol

Verdict = Literal["new", "merged", "duplicate", "conflict", "rejected"]

#: Verdicts after which the gateway need not send the reading again.
ACCEPTED = frozenset({"new", "merged", "duplicate"})


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one element."""

    #: Its place in the call, from 0.
    index: int
    device_id: str | None
    #: ISO 8601.
    created_at: str | None
    verdict: Verdict
    code: str | None = None
    #: JSON pointer into the reading.
    pointer: str | None = None

    def at(self, index: int) -> Judged:
        """The same of an element in another place."""
        return self if index == self.index else replace(self, index=index)


@dataclass(frozen=True, slots=True)
class Letter:
    """A body, or the part of one, that could not become readings."""

    #: None: API_SECRET_KEY.
    api_key_id: str | None
    received_at: datetime
    #: invalid_json or invalid_value.
    reason: str
    detail: str
    content_type: str
    body: bytes


class DataRefused(Exception):  # noqa: N818 - an answer, not a failure
    """The database refuses the elements of a call as they are, and stored none of them. The text is its SQLSTATE."""


class Readings(Protocol):
    """Where readings go. Every method raises problems.Unavailable, after which the same may be sent again."""

    def store(self, elements: list[dict[str, object]]) -> list[Judged]:
        """Store at most 1,000 elements of public.ingest_readings; one verdict each, in their order."""

    def keep(self, letter: Letter) -> None:
        """Keep what could not be stored."""
