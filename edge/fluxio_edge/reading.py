"""A reading: what one meter measured at one moment, in our units."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from fluxio_edge.registers import Decoded, Metric
from fluxio_edge.status_words import Quality

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The gateway's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Reading:
    """The body of one reading as the API takes it (flat, see the HTTP contract).

    `created_at` is ISO 8601 in UTC with milliseconds; with `device_id` it identifies the reading, so
    the same reading sent twice is stored once. `body` is its JSON text.
    """

    device_id: str
    created_at: str
    body: str


def build_reading(
    device_id: str,
    measured_at: datetime,
    values: Mapping[Metric, Decoded],
    *,
    partial: bool = False,
    told: frozenset[str] = frozenset(),
    quality: Quality | None = None,
) -> Reading | None:
    """The reading of these `values`, or None if not one of them is a number.

    Flags of the values are collected; with any, the quality is "suspect". `partial` adds the flag
    of that name: the meter refused some of its registers. `told` are flags that the meter's status
    words set; what they say of the quality is `quality`.
    """
    measured = {metric: decoded.value for metric, decoded in values.items() if decoded.value is not None}
    if not measured:
        return None
    flags: list[str] = sorted({decoded.flag for decoded in values.values() if decoded.flag is not None})
    if partial:
        flags.append("partial")
    doubted = quality or ("suspect" if flags else "good")
    flags += sorted(told - set(flags))
    created_at = iso_utc(measured_at)
    body: dict[str, object] = {"device_id": device_id, "created_at": created_at}
    body.update(measured.items())
    body["quality"] = doubted
    if flags:
        body["flags"] = flags
    return Reading(device_id, created_at, json.dumps(body, allow_nan=False, separators=(",", ":")))


def iso_utc(moment: datetime) -> str:
    """2026-02-18T04:22:10.125Z. Raises ValueError for a moment without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
