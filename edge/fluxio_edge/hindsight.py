"""The times of readings that were taken before the clock was set, told when more is known.

Every reading that is held back has the time since its boot [s] on a clock that nobody sets. Once it is
known when this boot began, the readings of this boot have their times. Of an earlier boot nobody
knows when it began: a time that can be true stays, and readings that were certainly taken under a
false clock are put as late as they can have been, before the next boot, with their spacing kept.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from fluxio_edge.reading import Reading, iso_utc

#: The flag of a reading whose time is not to be relied on.
SUSPECT: Final = "clock_suspect"
#: A time that is found to be off by no more stands as it was told [s].
_SLACK_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Held:
    """Of a reading that is held back: the boot that it was taken in, and the time since then [s]."""

    boot: str
    since_boot: float


@dataclass(frozen=True, slots=True)
class Hindsight:
    """What is known now. `began` is when the boot `boot` began [s since 1970].

    `trusted`: by a clock that is set. Else by the API's, as the readings have waited long enough.
    `earliest`: no clock that is set says less.
    """

    boot: str
    began: float
    trusted: bool
    earliest: datetime

    def of_this_boot(self, reading: Reading, since_boot: float) -> Reading:
        """`reading` at its time, and suspect unless that is trusted."""
        return retimed(reading, self.began + since_boot, suspect=not self.trusted)


def retimed(reading: Reading, moment: float | None, *, suspect: bool) -> Reading:
    """`reading` taken at `moment` [s since 1970]; None leaves its time.

    What the clock said then stays in metadata.reported_at if it is another time.
    """
    body: dict[str, object] = json.loads(reading.body)
    created_at = reading.created_at
    if moment is not None and abs(moment - _seconds(created_at)) > _SLACK_S:
        held = body.get("metadata")
        body["metadata"] = {**(held if isinstance(held, dict) else {}), "reported_at": created_at}
        created_at = iso_utc(datetime.fromtimestamp(moment, UTC))
        body["created_at"] = created_at
    if suspect:
        flags = body.get("flags")
        body["flags"] = sorted({*(flags if isinstance(flags, list) else []), SUSPECT})
        if body.get("quality") != "bad":
            body["quality"] = "suspect"
    return Reading(reading.device_id, created_at, json.dumps(body, allow_nan=False, separators=(",", ":")))


def release(connection: sqlite3.Connection, hindsight: Hindsight, limit: int) -> int:
    """Give at most `limit` readings that are held back, the longest stored first, their times; how many."""
    ends = _ends(connection, hindsight)
    rows = connection.execute(
        "select seq, device_id, created_at, body, boot, since_boot from readings"
        " where boot is not null order by seq limit ?",
        (limit,),
    ).fetchall()
    for seq, device_id, created_at, body, boot, since_boot in rows:
        reading = Reading(device_id, created_at, body)
        if boot == hindsight.boot:
            reading = hindsight.of_this_boot(reading, since_boot)
        else:
            can_be_true = hindsight.earliest.timestamp() <= _seconds(created_at) <= hindsight.began
            reading = retimed(reading, None if can_be_true else ends[boot] + since_boot, suspect=True)
        connection.execute(
            "update readings set created_at = ?, body = ?, boot = null, since_boot = null where seq = ?",
            (reading.created_at, reading.body, seq),
        )
    return len(rows)


def _ends(connection: sqlite3.Connection, hindsight: Hindsight) -> Mapping[str, float]:
    """For each earlier boot the latest moment at which it can have begun [s since 1970]."""
    boots = connection.execute(
        "select boot, min(since_boot), max(since_boot) from readings"
        " where boot is not null and boot <> ? group by boot order by max(seq) desc",
        (hindsight.boot,),
    ).fetchall()
    ends: dict[str, float] = {}
    next_began = hindsight.began
    for boot, first, last in boots:
        ends[boot] = next_began - last
        next_began -= last - first
    return ends


def _seconds(created_at: str) -> float:
    return datetime.fromisoformat(created_at).timestamp()
