"""What the archive needs from the database and from where the files lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Literal, Protocol

State = Literal["open", "due", "archived", "restored", "dropped"]


class ArchiveError(Exception):
    """The archive cannot do what was asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month of readings, and what the database has noted of its archive; docs/archive.md has the states."""

    #: First day (UTC).
    month: date
    state: State
    row_count: int | None = None
    row_hash: str | None = None
    sha256: str | None = None
    #: Name of the file.
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive's file turned out to hold when it was read back."""

    row_count: int
    row_hash: str
    sha256: str


class Ledger(Protocol):
    """The database's side. Every method raises problems.Unavailable and ArchiveError."""

    def months(self) -> list[Month]:
        """The months that are here or in the archive, oldest first."""

    def begin(self, month: date) -> str:
        """Have every change of the month noted from now on; what `mark` and `finish` want as `as_of`."""

    def lines(self, month: date) -> Iterator[list[str]]:
        """The month's readings, a line each (lines.py), in pages: by day, device and time; never a page of two days."""

    def mark(self, month: date, as_of: str, contents: Contents, location: str) -> bool:
        """Note the archive; False if the month was changed meanwhile."""

    def restore(self, month: date, lines: list[str], row_hash: str) -> None:
        """Put readings back; again is harmless."""

    def finish(self, month: date, as_of: str, keep_days: int) -> str:
        """All are back: `restored`, or `due` if the month has others besides."""


class Place(Protocol):
    """Where the files lie. Every method raises OSError."""

    def draft(self, month: date) -> AbstractContextManager[Path]:
        """A local file to write the month to; gone afterwards if it was not put."""

    def put(self, draft: Path, name: str) -> None:
        """Store a draft under its name; once this returns it outlives a crash."""

    def open(self, name: str) -> IO[bytes]:
        """A stored file, to be read at any place."""
