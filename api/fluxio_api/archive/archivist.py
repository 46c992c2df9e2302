"""Archive a month, look whether an archive is whole, put a month back."""

from __future__ import annotations

import hashlib
from datetime import date

from . import parquet
from .lines import Sums, line_of, number_line_of
from .ports import ArchiveError, Contents, Ledger, Month, Place

_CHUNK = 1_048_576
#: Readings that are checked, or put back, at a time.
_BATCH = 2000


class Archivist:
    """One database and one place for its archives. Every method raises ArchiveError and problems.Unavailable."""

    def __init__(self, ledger: Ledger, place: Place) -> None:
        self._ledger = ledger
        self._place = place

    def archive(self, month: date) -> Contents | None:
        """Write the month, read it back and have it noted; None if it was changed meanwhile: try again later.

        Killed at any moment it leaves what was noted before. A file that is
        stored and not noted yet is written over by the next run, or stays as
        one that nobody asks for.
        """
        as_of = self._ledger.begin(month)
        try:
            with self._place.draft(month) as draft:
                parquet.write(draft, self._ledger.lines(month))
                with draft.open("rb") as file:
                    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                # Of its contents, so that no file that was noted is ever written over with another.
                name = f"flow_data_{month:%Y-%m}_{sha256[:16]}.parquet"
                self._place.put(draft, name)
            contents = self._read(name)
        except OSError as error:
            raise ArchiveError(f"the archive cannot be written: {error}") from error
        if contents.sha256 != sha256:
            raise ArchiveError(f"{name} is not what was written")
        return contents if self._ledger.mark(month, as_of, contents, name) else None

    def fault(self, month: Month) -> str | None:
        """What is wrong with an archive that was noted; None if it is whole."""
        if month.location is None:
            return "not archived"
        try:
            contents = self._read(month.location)
        except OSError as error:
            return f"unreadable: {error}"
        if contents.sha256 != month.sha256:
            return "another file"
        if (contents.row_count, contents.row_hash) != (month.row_count, month.row_hash):
            return "other readings"
        return None

    def restore(self, month: Month, keep_days: int) -> str:
        """Put a dropped month back; `restored`, or `due` if the month has other readings besides."""
        fault = self.fault(month)
        if fault is not None or month.location is None:
            raise ArchiveError(f"the archive of {month.month:%Y-%m} is {fault}")
        try:
            self._put_back(month.month, [])
            with self._place.open(month.location) as file:
                for batch in parquet.each(file, _BATCH):
                    self._put_back(month.month, batch)
        except OSError as error:
            raise ArchiveError(f"the archive cannot be read: {error}") from error
        return self._ledger.finish(month.month, self._ledger.begin(month.month), keep_days)

    def _put_back(self, month: date, batch: list[list[object]]) -> None:
        sums = Sums()
        sums.add(map(line_of, batch))
        self._ledger.restore(month, list(map(number_line_of, batch)), sums.hash())

    def _read(self, name: str) -> Contents:
        """What a stored file holds, read whole, twice: its bytes and its readings."""
        digest = hashlib.sha256()
        with self._place.open(name) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        sums = Sums()
        with self._place.open(name) as file:
            for batch in parquet.each(file, _BATCH):
                sums.add(map(line_of, batch))
        return Contents(sums.count, sums.hash(), digest.hexdigest())
