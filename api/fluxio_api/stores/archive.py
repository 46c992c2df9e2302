"""What the database notes and gives of archives, as service_role."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ..archive.ports import ArchiveError, Contents, Month
from ..problems import Unavailable
from .upstream import Refused, Upstream

_MONTHS = TypeAdapter(list[Month])

#: Tries to find nobody writing in a month that is over, and the pause between them [s].
_TRIES, _PAUSE_S = 30, 1.0

#: What the database's codes say; docs/error-codes.md.
_MEANINGS = {
    "ARCDR": "its readings are in the archive alone; restore it first",
    "ARCHR": "it was not dropped",
    "ARCNE": "the archive and the database have other readings",
    "UNKMO": "there is no such month, or it is not over",
}


class SupabaseLedger:
    """archive.ports.Ledger."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def months(self) -> list[Month]:
        """Every month."""
        try:
            return _MONTHS.validate_python(self._call("get_archive_months", {}))
        except ValidationError as error:
            raise Unavailable("The database answered something else.") from error

    def begin(self, month: date) -> str:
        """As of when changes are noted."""
        for _ in range(_TRIES):
            as_of = self._call("begin_archive", {"month": month.isoformat()}, month)
            if as_of is not None:
                return str(as_of)
            time.sleep(_PAUSE_S)
        raise ArchiveError(f"{month:%Y-%m}: somebody goes on writing there")

    def lines(self, month: date) -> Iterator[list[str]]:
        """Page by page, each from behind the last reading of the one before."""
        day = month
        while day.month == month.month:
            after: dict[str, object] = {}
            while page := str(self._call("read_archive_page", {"day": day.isoformat(), **after}, month)):
                # Not splitlines: a line may hold other ends of lines.
                lines = page.split("\n")
                yield lines
                device_id, created_at = TypeAdapter(list[Any]).validate_json(lines[-1])[:2]
                after = {"after_device_id": device_id, "after_created_at": created_at}
            day += timedelta(days=1)

    def mark(self, month: date, as_of: str, contents: Contents, location: str) -> bool:
        """Whether it was noted."""
        arguments = {
            "month": month.isoformat(), "as_of": as_of, "row_count": contents.row_count, "row_hash": contents.row_hash,
            "sha256": contents.sha256, "location": location,
        }  # fmt: skip
        return bool(self._until_told("mark_archived", arguments, month))

    def restore(self, month: date, lines: list[str], row_hash: str) -> None:
        """One page."""
        arguments = {"month": month.isoformat(), "lines": "\n".join(lines), "row_hash": row_hash}
        self._call("restore_readings", arguments, month)

    def finish(self, month: date, as_of: str, keep_days: int) -> str:
        """What the month is now."""
        arguments = {"month": month.isoformat(), "as_of": as_of, "keep_days": keep_days}
        return str(self._until_told("finish_restore", arguments, month))

    def _until_told(self, function: str, arguments: dict[str, Any], month: date) -> object:
        """What a function answers that adds up some seconds' worth a call, and null until all is added up."""
        while (answer := self._call(function, arguments, month)) is None:
            pass
        return answer

    def _call(self, function: str, arguments: dict[str, Any], month: date | None = None) -> object:
        query = self._upstream.service.rpc(function, arguments)
        try:
            return self._upstream.call(query.execute, repeatable=True).data
        except Refused as error:
            meaning = _MEANINGS.get(error.code, f"{function} was refused with {error.code}")
            raise ArchiveError(f"{month:%Y-%m}: {meaning}" if month else meaning) from error
