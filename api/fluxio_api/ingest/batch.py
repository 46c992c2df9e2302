"""A body, taken apart into the readings it holds."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import strict_json
from .reading import Origin, Rejected, device_id_of, to_element

#: Most readings in one body; ingest_readings takes no more in one call, PostgREST answers no more rows.
MAX_READINGS = 1000


class TooManyReadingsError(ValueError):
    """The body holds more readings than one call may."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An element that is no reading, as it was sent."""

    index: int
    device_id: str | None
    code: str
    pointer: str
    raw: object


@dataclass(slots=True)
class Batch:
    """What one body holds."""

    #: For ingest_readings, in the body's order.
    elements: list[dict[str, object]] = field(default_factory=list)
    #: The body's index of each element, ascending.
    indexes: list[int] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


def split(body: bytes) -> list[object]:
    """The readings of a body as they were sent, at most 1,000; an empty object or array holds none.

    Raises strict_json.NotJsonError, also for JSON that is neither object nor
    array, and TooManyReadingsError.
    """
    value = strict_json.parse(body)
    if isinstance(value, dict):
        return [value] if value else []
    if not isinstance(value, list):
        raise strict_json.NotJsonError("the body is neither an object nor an array of objects")
    if len(value) > MAX_READINGS:
        raise TooManyReadingsError(f"{len(value)} readings; at most {MAX_READINGS} in one body")
    return value


def normalise(values: list[object], origin: Origin) -> Batch:
    """The elements and refusals of a body's values."""
    batch = Batch()
    for index, value in enumerate(values):
        try:
            element = to_element(value, index, origin)
        except Rejected as fault:
            batch.refusals.append(Refusal(index, device_id_of(value), fault.code, fault.pointer, value))
        else:
            batch.elements.append(element)
            batch.indexes.append(index)
    return batch
