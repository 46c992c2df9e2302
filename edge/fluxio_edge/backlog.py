"""Readings that wait, as text for people and other programs."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final

from fluxio_edge.hindsight import retimed
from fluxio_edge.reading import Reading

#: Rows in one read, so that no long read keeps the WAL from being emptied.
_PAGE: Final = 500

#: As in the API's CSV; units as there.
_COLUMNS: Final = (
    "device_id", "created_at", "flow_rate", "totalizer", "temperature", "pressure", "level", "velocity",
    "battery_level", "signal_strength", "quality", "flags", "metadata",
)  # fmt: skip


def waiting(connection: sqlite3.Connection) -> Iterator[Reading]:
    """Every reading that waits, the longest stored first.

    One whose time waits for the clock is flagged clock_suspect: whoever brings it in by hand must know.
    """
    after = 0
    query = "select seq, device_id, created_at, body, boot from readings where seq > ? order by seq limit ?"
    while rows := connection.execute(query, (after, _PAGE)).fetchall():
        for _, device_id, created_at, body, boot in rows:
            reading = Reading(device_id, created_at, body)
            yield reading if boot is None else retimed(reading, None, suspect=True)
        after = rows[-1][0]


def as_json_lines(readings: Iterable[Reading]) -> Iterator[str]:
    """A line for each, as it would be sent."""
    for reading in readings:
        yield reading.body + "\n"


def as_csv(readings: Iterable[Reading]) -> Iterator[str]:
    """A line for each under a header; flags are joined by blanks, what is missing is empty."""
    line = io.StringIO()
    writer = csv.DictWriter(line, _COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")

    def written() -> str:
        text = line.getvalue()
        line.seek(0)
        line.truncate()
        return text

    writer.writeheader()
    yield written()
    for reading in readings:
        body = json.loads(reading.body)
        body["flags"] = " ".join(body.get("flags", []))
        if "metadata" in body:
            body["metadata"] = json.dumps(body["metadata"], separators=(",", ":"))
        writer.writerow(body)
        yield written()
