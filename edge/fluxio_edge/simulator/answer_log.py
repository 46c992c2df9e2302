"""A file of what a plant answered, to compare with what arrived elsewhere."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from fluxio_edge.reading import Clock, iso_utc, utc_now


class Answered(NamedTuple):
    """A read that was answered with `words`."""

    at: datetime
    meter: str
    function_code: int
    address: int
    words: list[int]


class AnswerLog:
    """One line of JSON for each read that was answered with words; anew with each run."""

    def __init__(self, path: Path, *, clock: Clock = utc_now) -> None:
        """Raises OSError."""
        self._file = path.open("w", encoding="utf-8", buffering=1)
        self._clock = clock

    def __call__(self, meter: str, function_code: int, address: int, words: list[int]) -> None:
        """Write one line."""
        line = json.dumps([iso_utc(self._clock()), meter, function_code, address, words], separators=(",", ":"))
        self._file.write(line + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_answers(path: Path) -> list[Answered]:
    """What the log at `path` holds, by time."""
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [Answered(datetime.fromisoformat(at), *rest) for at, *rest in rows]
