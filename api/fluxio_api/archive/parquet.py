"""A month as a Parquet file: row groups by UTC day, in a day by device and time.

So the newest readings of all devices are found without reading the month, and
one device's without reading all of a day. Each page has a checksum.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet as pq

from .lines import COLUMNS, Values, parse

_TIME = pa.timestamp("us", tz="UTC")
_TYPES = {
    "device_id": pa.string(), "created_at": _TIME, "received_at": _TIME, "battery_level": pa.int32(),
    "signal_strength": pa.int32(), "quality": pa.string(), "flags": pa.list_(pa.string()), "metadata": pa.string(),
}  # fmt: skip
SCHEMA = pa.schema([(name, _TYPES.get(name, pa.float64())) for name in COLUMNS])

#: Readings in a row group at most: what is read at once.
_GROUP = 32_768
#: Readings that are looked at for one slice of a day; a day with more is read in several passes.
_SLICE = 2 * _GROUP


def write(path: Path, pages: Iterable[list[str]]) -> None:
    """Write pages of lines, each of one day, to a new file."""
    with pq.ParquetWriter(path, SCHEMA, compression="zstd", write_page_checksum=True) as writer:
        rows: list[Values] = []
        for page in pages:
            new = [parse(line) for line in page]
            if rows and (_day(rows[0]) != _day(new[0]) or len(rows) + len(new) > _GROUP):
                writer.write_table(_table(rows))
                rows = []
            rows += new
        if rows:
            writer.write_table(_table(rows))


def _day(row: Values) -> int:
    return int(str(row[1])) // 86_400_000_000


def _table(rows: list[Values]) -> pa.Table:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, SCHEMA, strict=True)]
    return pa.table(arrays, schema=SCHEMA)


def each(file: IO[bytes], batch_size: int) -> Iterator[list[Values]]:
    """All readings in the file's order, in batches; raises OSError for a damaged file."""
    with _legible(), _opened(file) as archive:
        for batch in archive.iter_batches(batch_size, use_threads=False):
            yield _values(pa.Table.from_batches([batch]))


def newest_first(
    file: IO[bytes], device_ids: list[str], start: datetime, end: datetime, turn: AbstractContextManager[object]
) -> Iterator[Values]:
    """The readings of these devices from `start` to before `end`, newest first, then by device.

    `turn` is held while the file is read, not while the caller works. Raises
    OSError for a damaged file.
    """
    wanted = pa.array(sorted(set(device_ids)), pa.string())
    with turn:
        archive = _opened(file)
    with archive:
        days: dict[datetime, list[int]] = {}
        for group in range(archive.num_row_groups):
            span = archive.metadata.row_group(group)
            day = span.column(1).statistics.min.replace(hour=0, minute=0, second=0, microsecond=0)
            if day < end and day + timedelta(days=1) > start and _may_hold(span.column(0).statistics, device_ids):
                days.setdefault(day, []).append(group)
        for day in sorted(days, reverse=True):
            rows = sum(archive.metadata.row_group(group).num_rows for group in days[day])
            slices = math.ceil(rows / _SLICE)
            bounds = [day + timedelta(days=1) * number / slices for number in range(slices + 1)]
            for oldest, newest in reversed(list(pairwise(bounds))):
                low, high = max(oldest, start), min(newest, end)
                if low < high:
                    with turn, _legible():
                        found = _slice(archive, days[day], wanted, low, high)
                    yield from found


def _opened(file: IO[bytes]) -> pq.ParquetFile:
    with _legible():
        archive = pq.ParquetFile(file, page_checksum_verification=True)
    if not archive.schema_arrow.equals(SCHEMA):
        raise OSError("the file holds something else than readings")
    return archive


@contextmanager
def _legible() -> Iterator[None]:
    """OSError for a file that Arrow cannot read."""
    try:
        yield
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise OSError(f"the file is damaged: {error}") from error


def _may_hold(statistics: Any, device_ids: list[str]) -> bool:  # noqa: ANN401 - of pyarrow, which has no types
    if statistics is None or not statistics.has_min_max:
        return True
    return any(statistics.min <= device_id <= statistics.max for device_id in device_ids)


def _slice(archive: pq.ParquetFile, groups: list[int], wanted: pa.Array, low: datetime, high: datetime) -> list[Values]:
    found = []
    for group in groups:
        table = archive.read_row_group(group, use_threads=False)
        chosen = pc.and_(pc.greater_equal(table["created_at"], pa.scalar(low, _TIME)),
                         pc.less(table["created_at"], pa.scalar(high, _TIME)))  # fmt: skip
        found.append(table.filter(pc.and_(chosen, pc.is_in(table["device_id"], wanted))))
    return _values(pa.concat_tables(found).sort_by([("created_at", "descending"), ("device_id", "ascending")]))


def _values(table: pa.Table) -> list[Values]:
    columns = [
        (column.cast(pa.int64()) if column.type == _TIME else column).to_pylist() for column in table.itercolumns()
    ]
    return [list(row) for row in zip(*columns, strict=True)]
