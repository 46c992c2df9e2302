"""Dead letters that hold a body, read again once their format, device or profile is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ..problems import InvalidJson, PayloadTooLarge
from .arrival import Arrival
from .intake import Intake, KeyRefusedError
from .ports import ELEMENTS, Devices, Letter, Readings
from .strict_json import NotJsonError, parse
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


class HeldReadings(Readings, Protocol):
    """Readings that are stored at once, and letters that wait for what else becomes of their body."""

    #: Those that wait.
    letters: list[Letter]
    #: How many readings the database has judged since clear().
    stored: int

    def clear(self) -> None:
        """Begin with another body."""

    def keep_now(self, letter: Letter) -> None:
        """Keep a letter that waited; raises problems.Unavailable."""


class Replay:
    """Takes letters through the intake; what is refused again gets a letter only where something else of it was not.

    So no letter is ever written twice: one of which nothing could be made stays
    as it is, and any other gives way to smaller ones.
    """

    def __init__(self, letters: Letters, readings: HeldReadings, devices: Devices, *, max_body_bytes: int) -> None:
        self._letters = letters
        self._readings = readings
        self._intake = Intake(readings, devices, max_body_bytes=max_body_bytes)

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
            told = self._told(kept.arrival)
        except (NotJsonError, InvalidJson, PayloadTooLarge) as fault:
            return Outcome(kept.letter_id, kept.reason, False, str(fault))
        except KeyRefusedError:
            return Outcome(kept.letter_id, kept.reason, False, "its key was refused")
        again = self._readings.letters
        if again and not self._readings.stored:
            return Outcome(kept.letter_id, kept.reason, False, f"still {_reasons(again)}")
        for letter in again:
            self._readings.keep_now(letter)
        self._letters.mark(kept.letter_id)
        rest = f"; a new letter for what is {_reasons(again)}" if again else ""
        return Outcome(kept.letter_id, kept.reason, True, _counted(Counter(told)) + rest)

    def _told(self, arrival: Arrival) -> list[str]:
        """The verdict or code of each reading, all stored."""
        elements = _elements(arrival)
        if elements is not None:
            return [one.code or one.verdict for one in self._readings.store(elements)]
        return [str(result.get("code") or result["verdict"]) for result in self._intake.take(arrival)]

    def _look(self, kept: Kept) -> Outcome:
        try:
            elements = _elements(kept.arrival)
            if elements is not None:
                return Outcome(kept.letter_id, kept.reason, False, _counted({"reading": len(elements)}))
            batch = self._intake.read(kept.arrival)
        except (NotUnpackableError, NotJsonError, PayloadTooLarge) as fault:
            return Outcome(kept.letter_id, kept.reason, False, str(fault))
        codes = Counter([one.code for one in batch.refusals] + [one.reason for one in batch.leftovers])
        counts = {"reading": len(batch.elements)} if batch.elements else {}
        return Outcome(kept.letter_id, kept.reason, False, _counted({**counts, **codes}))


class OpenReplay(Protocol):
    """Makes a Replay for one caller; cheap, nothing is sent yet."""

    def __call__(self, replayed_by: UUID | None) -> Replay:
        """A replay by this person; None: by a command."""


def _elements(arrival: Arrival) -> list[dict[str, object]] | None:
    """What the database refused before, as it was sent there; None for the body of a gateway."""
    if arrival.content_type != ELEMENTS:
        return None
    value = parse(arrival.body)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "no reading"


def _reasons(letters: list[Letter]) -> str:
    return ", ".join(sorted({letter.reason for letter in letters}))
