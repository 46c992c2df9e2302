"""Readings as an Excel workbook (Office Open XML)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import IO

from xlsxwriter import Workbook

from .csv_text import COLUMNS
from .ports import Row

#: Readings that a sheet holds under its header.
MOST_READINGS = 1_048_575
MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

#: A sheet's times have no zone, so the header names it.
_TIMES = {"created_at": "created_at (UTC)", "received_at": "received_at (UTC)"}


def workbook(readings: Iterable[Row]) -> IO[bytes]:
    """A temporary file that goes when it is closed; one sheet, one line a reading, written row by row."""
    file: IO[bytes] = TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    # Text of a gateway stays text: no formulas, no links, no numbers made of it.
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    with Workbook(file, options) as book:
        sheet = book.add_worksheet("flow_data")
        time_format = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"})
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 2, 24)
        sheet.write_row(0, 0, [_TIMES.get(name, name) for name in COLUMNS])
        for line, reading in enumerate(readings, start=1):
            for column, name in enumerate(COLUMNS):
                value = reading.get(name)
                if value is None or value in ([], {}):
                    continue
                if name in _TIMES:
                    at = datetime.fromisoformat(str(value)).astimezone(UTC).replace(tzinfo=None)
                    sheet.write_datetime(line, column, at, time_format)
                elif isinstance(value, (int, float)):
                    sheet.write_number(line, column, value)
                else:
                    sheet.write_string(line, column, _text(value))
    file.seek(0)
    return file


def _text(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return json.dumps(value, separators=(",", ":")) if isinstance(value, dict) else str(value)
