"""Readings as CSV (RFC 4180)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

from ..ingest.names import MEASUREMENTS
from .ports import Row

COLUMNS = ("device_id", "created_at", "received_at", *MEASUREMENTS, "quality", "flags", "metadata")


def csv_lines(readings: Iterable[Row]) -> Iterator[str]:
    """A header, then a line a reading; a missing value is an empty field, flags are joined by blanks."""
    line = io.StringIO(newline="")
    writer = csv.writer(line)
    writer.writerow(COLUMNS)
    for reading in readings:
        yield line.getvalue()
        line.seek(0)
        line.truncate()
        writer.writerow([_cell(reading.get(name)) for name in COLUMNS])
    yield line.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, list):
        value = " ".join(map(str, value))
    if isinstance(value, dict):
        return json.dumps(value, separators=(",", ":")) if value else ""
    # A spreadsheet runs text that begins like this.
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        return f"'{value}"
    return value
