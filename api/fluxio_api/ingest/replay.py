"""Dead letters that hold a body, read again once their format, device or profile is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..problems import InvalidJson, PayloadTooLarge
from .arrival import Arrival
from .intake import Intake, KeyRefusedError
from .ports import Devices, Judged, Letter, Readings
from .strict_json import NotJsonError
from .unpack import NotUnpackableError


@dataclass(frozen=True, slots=True)
class Kept:
    """A dead letter and what is known of its key now."""

    letter_id: int
    reason: str
    arrival: Arrival
    #: Whether the key was good when the body came.
    is_key_good: bool


class Letters(Protocol):
    """The dead letters that hold bodies. Every method raises problems.Unavailable."""

    def waiting(self, ids: tuple[int, ...], reason: str | None, since: datetime | None, limit: int) -> list[int]:
        """The ids of letters with a body that were not replayed, the oldest first; empty `ids`: any."""

    def get(self, letter_id: int) -> Kept | None:
        """One of them; None if it is gone."""

    def mark(self, letter_id: int) -> None:
        """Note that it was replayed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one letter."""

    letter_id: int
    reason: str
    is_replayed: bool
    #: For people.
    said: str


class Replay:
    """Takes letters through the intake; what is refused again gets a letter only where something else of it was not.

    So no letter is ever written twice: one of which nothing could be made stays
    as it is, and any other gives way to smaller ones.
    """

    def __init__(self, letters: Letters, readings: Readings, devices: Devices, *, max_body_bytes: int) -> None:
        self._letters = letters
        self._readings = _Held(readings)
        self._intake = Intake(self._readings, devices, max_body_bytes=max_body_bytes)

    def run(
        self, ids: tuple[int, ...], reason: str | None, since: datetime | None, limit: int, *, is_dry: bool
    ) -> Iterator[Outcome]:
        """Replay letters one after the other, each committed before the next; `is_dry` stores nothing."""
        for letter_id in self._letters.waiting(ids, reason, since, limit):
            kept = self._letters.get(letter_id)
            if kept is not None:
                yield self._look(kept) if is_dry else self._take(kept)

    def _take(self, kept: Kept) -> Outcome:
        if not kept.is_key_good:
            return Outcome(kept.letter_id, kept.reason, False, "its key is gone or was not good")
        self._readings.clear()
        try:
            results = self._intake.take(kept.arrival)
        except (InvalidJson, PayloadTooLarge) as fault:
            return Outcome(kept.letter_id, kept.reason, False, fault.detail)
        except KeyRefusedError:
            return Outcome(kept.letter_id, kept.reason, False, "its key was refused")
        said = _counted(Counter(str(result.get("code") or result["verdict"]) for result in results))
        again = self._readings.letters
        if again and not self._readings.stored:
            return Outcome(kept.letter_id, kept.reason, False, f"still {_reasons(again)}")
        for letter in again:
            self._readings.keep_now(letter)
        self._letters.mark(kept.letter_id)
        rest = f"; a new letter for what is {_reasons(again)}" if again else ""
        return Outcome(kept.letter_id, kept.reason, True, said + rest)

    def _look(self, kept: Kept) -> Outcome:
        try:
            batch = self._intake.read(kept.arrival)
        except (NotUnpackableError, NotJsonError, PayloadTooLarge) as fault:
            return Outcome(kept.letter_id, kept.reason, False, str(fault))
        codes = Counter([one.code for one in batch.refusals] + [one.reason for one in batch.leftovers])
        return Outcome(kept.letter_id, kept.reason, False, _counted(Counter({"reading": len(batch.elements)}) + codes))


class _Held:
    """Readings that are stored and letters that wait for what else becomes of their body."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings
        self.letters: list[Letter] = []
        self.stored = 0

    def clear(self) -> None:
        self.letters, self.stored = [], 0

    def store(self, elements: list[dict[str, object]]) -> list[Judged]:
        judged = self._readings.store(elements)
        self.stored += len(judged)
        return judged

    def keep(self, letter: Letter) -> None:
        self.letters.append(letter)

    def keep_now(self, letter: Letter) -> None:
        self._readings.keep(letter)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "no reading"


def _reasons(letters: list[Letter]) -> str:
    return ", ".join(sorted({letter.reason for letter in letters}))
