"""What people's routes need from the database; every method acts as one signed-in person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

#: A row as PostgREST answers it.
Row = dict[str, object]

#: A comparison of PostgREST's. `is` is for null, true and false, `imatch` for a regular expression in any case.
Operator = Literal["eq", "gte", "lt", "is", "imatch"]


@dataclass(frozen=True, slots=True)
class Query:
    """Rows of one table or view."""

    table: str
    #: Column, and whether the largest is first. Together they must be unique, none may be null.
    order: tuple[tuple[str, bool], ...]
    #: As in PostgREST's select: names with commas.
    columns: str = "*"
    #: All must hold: (column, operator, value).
    where: tuple[tuple[str, Operator, object], ...] = ()
    limit: int | None = None
    #: The values of the columns of `order` in the row after which to begin: a keyset page.
    after: tuple[object, ...] | None = None


class Person(Protocol):
    """A signed-in person.

    Every method raises Unauthenticated, Forbidden, InvalidRequest, TimedOut and Unavailable of problems.
    """

    def rows(self, query: Query) -> list[Row]:
        """At most `query.limit` rows, all without one, in order; read page by page."""

    def each(self, query: Query) -> Iterator[Row]:
        """The same, one after the other: never more than a page in memory."""

    def add(self, table: str, values: Row) -> Row:
        """The new row; raises Conflict for one that exists."""

    def change(self, table: str, key: Mapping[str, object], values: Row) -> Row:
        """The row of this key, changed; raises NotFound, and Forbidden for one only seen, not theirs to change."""

    def remove(self, table: str, key: Mapping[str, object]) -> None:
        """Delete the row of this key; raises as `change`."""

    def call(self, function: str, arguments: Row, *, repeatable: bool = False) -> list[Row]:
        """The rows that a function answers; a scalar is one row with its name. `repeatable`: twice is harmless."""


class OpenPerson(Protocol):
    """Makes a Person of an access token; cheap, nothing is sent yet."""

    def __call__(self, token: str) -> Person:
        """The person with this token."""


class Archive(Protocol):
    """Where months of readings lie that the database has no more."""

    def newest_first(self, location: str, device_ids: list[str], start: datetime, end: datetime) -> Iterator[Row]:
        """The readings of these devices in one file, `start` inclusive; raises problems.ArchiveUnavailable."""
