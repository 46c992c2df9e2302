"""Readings as CSV (RFC 4180)."""

from __future__ import annotations

import csv
import io
import json

from ..ingest.names import MEASUREMENTS
from .ports import Row

COLUMNS = ("device_id", "created_at", "received_at", *MEASUREMENTS, "quality", "flags", "metadata")


def to_csv(readings: list[Row]) -> str:
    """One line a reading under a header; a missing value is an empty field, flags are joined by blanks."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(reading.get(name)) for name in COLUMNS] for reading in readings)
    return lines.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, list):
        value = " ".join(map(str, value))
    if isinstance(value, dict):
        return json.dumps(value, separators=(",", ":")) if value else ""
    # A spreadsheet runs text that begins like this.
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        return f"'{value}"
    return value
