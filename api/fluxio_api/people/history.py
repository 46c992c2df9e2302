"""A person's readings, wherever they lie: in the database, or in the archive where their month was dropped.

The database says, asked with the person's own token, which months of a window
are in the archive alone and whose readings of them the person may see. It is
asked again behind what was read of the database, since a month may be dropped
in between; then the answer is a problem, or a stream breaks off. A month that
is being put back is in both, and each reading comes once.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import groupby, islice

from pydantic import BaseModel, TypeAdapter

from ..problems import ArchiveUnavailable, InvalidRequest, Unavailable
from .ports import Archive, Operator, Person, Query, Row

#: Retention is a day at least, so that a month which ended later is in the database.
_SURELY_HERE = timedelta(days=1)

_TICK = timedelta(microseconds=1)


class _Archived(BaseModel):
    """A month that is in the archive alone."""

    month: date
    location: str
    device_ids: list[str]

    @property
    def start(self) -> datetime:
        return datetime(self.month.year, self.month.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return (self.start + timedelta(days=31)).replace(day=1)


_ARCHIVED = TypeAdapter(list[_Archived])


@dataclass(frozen=True, slots=True)
class Window:
    """Which readings are asked for; None is every device, or open."""

    device_id: str | None
    #: Inclusive.
    start: datetime | None
    #: Exclusive.
    end: datetime | None


def readings(person: Person, archive: Archive | None, query: Query, window: Window) -> Iterator[Row]:
    """The readings of `window` that `query` asks for, newest first, then by device.

    Never more than a page or a slice of a day in memory. Raises as Person.each,
    and ArchiveUnavailable where some of them are in an archive that is away or
    not known here.
    """
    history = _History(person, archive, query, window)
    left = query.limit
    for part in history.parts():
        for row in part(left):
            yield row
            left = None if left is None else left - 1
        if left == 0:
            return


#: Reads at most so many readings.
_Part = Callable[[int | None], Iterator[Row]]


class _History:
    def __init__(self, person: Person, archive: Archive | None, query: Query, window: Window) -> None:
        self._person = person
        self._archive = archive
        self._query = query
        self._device_id = window.device_id
        self._start, self._end = window.start, window.end
        self._after = _after(query)
        if self._after is not None:
            beyond = self._after[0] + _TICK
            self._end = beyond if self._end is None else min(self._end, beyond)

    def parts(self) -> Iterator[_Part]:
        """The window in parts, newest first: what is in the database, an archived month, and so on."""
        end = self._end
        for month in self._archived(self._start, end):
            if end is None or month.end < end:
                yield partial(self._read_here, month.end, end)
            newest = month.end if end is None else min(end, month.end)
            oldest = month.start if self._start is None else max(self._start, month.start)
            yield partial(self._read_archived, month, oldest, newest)
            end = month.start
        if self._start is None or end is None or self._start < end:
            yield partial(self._read_here, self._start, end)

    def _read_here(self, start: datetime | None, end: datetime | None, most: int | None) -> Iterator[Row]:
        oldest = start
        for count, row in enumerate(self._stored(start, end, most), start=1):
            yield row
            if count == most:
                oldest = _time(row)
        if self._archived(oldest, end):
            raise Unavailable("A month went into the archive meanwhile; send the same request again.")

    def _read_archived(self, month: _Archived, start: datetime, end: datetime, most: int | None) -> Iterator[Row]:
        if self._archive is None:
            raise ArchiveUnavailable("Readings of this time are in an archive that is not known here.")
        away = self._archive.newest_first(month.location, month.device_ids, start, end)
        both = heapq.merge(self._stored(start, end, most), filter(self._is_beyond, away), key=_time, reverse=True)
        yield from islice(_once_each(both), most)

    def _stored(self, start: datetime | None, end: datetime | None, most: int | None) -> Iterator[Row]:
        """What the database has of a part."""
        where: list[tuple[str, Operator, object]] = [*self._query.where]
        if start is not None:
            where.append(("created_at", "gte", start.isoformat()))
        if end is not None:
            where.append(("created_at", "lt", end.isoformat()))
        return self._person.each(replace(self._query, where=tuple(where), limit=most))

    def _archived(self, start: datetime | None, end: datetime | None) -> list[_Archived]:
        """Months of this window that are in the archive alone, newest first."""
        if start is not None and start > datetime.now(UTC) - _SURELY_HERE:
            return []
        asked: Row = {"device_id": self._device_id}
        asked |= {name: at.isoformat() for name, at in (("start_time", start), ("end_time", end)) if at is not None}
        months = _ARCHIVED.validate_python(self._person.call("get_archived_months", asked, repeatable=True))
        return sorted(months, key=lambda month: month.month, reverse=True)

    def _is_beyond(self, row: Row) -> bool:
        if self._after is None:
            return True
        at, device_id = self._after
        return _time(row) < at or (_time(row) == at and str(row["device_id"]) > device_id)


def _after(query: Query) -> tuple[datetime, str] | None:
    if query.after is None:
        return None
    try:
        at: datetime | None = datetime.fromisoformat(str(query.after[0]))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise InvalidRequest("after must be the `next` of an answer.", errors=[{"parameter": "after"}])
    return at, str(query.after[1])


def _time(row: Row) -> datetime:
    return datetime.fromisoformat(str(row["created_at"]))


def _once_each(rows: Iterable[Row]) -> Iterator[Row]:
    """`rows`, which are in order of time, in order of device too; of a reading that comes twice the first."""
    for _, instant in groupby(rows, key=_time):
        known: dict[str, Row] = {}
        for row in instant:
            known.setdefault(str(row["device_id"]), row)
        yield from (known[device_id] for device_id in sorted(known))
