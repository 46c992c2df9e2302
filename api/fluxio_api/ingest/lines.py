"""Several JSON values in one body, one a line: what a backlog is kept as (NDJSON)."""

from __future__ import annotations

from dataclasses import dataclass

from . import strict_json

#: What content types of this kind have in their names.
_LINES = ("ndjson", "jsonl", "json-lines", "jsonlines")


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no JSON object or array, as it was sent."""

    text: bytes
    reason: str


def values_of(body: bytes, content_type: str, *, most: int) -> list[object]:
    """The values of a body of one value a line, a BadLine for each line that is none; of the first `most` lines.

    Lines count as such where the content type says so, or the first is a
    value by itself: the lines of one broken document are no readings. Raises
    strict_json.NotJsonError unless there are at least two and one is good.
    """
    lines = [line for line in body.splitlines() if line.strip()]
    values = [_value(line) for line in lines[:most]] if len(lines) > 1 else []
    good = [not isinstance(value, BadLine) for value in values]
    if not any(good) or not (good[0] or any(word in content_type.lower() for word in _LINES)):
        raise strict_json.NotJsonError("neither one JSON value nor one a line")
    return values


def _value(line: bytes) -> object:
    try:
        value = strict_json.parse(line)
    except strict_json.NotJsonError as fault:
        return BadLine(line, str(fault))
    return value if isinstance(value, dict | list) else BadLine(line, "neither an object nor an array")
