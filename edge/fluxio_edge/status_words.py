"""What a meter's status words and validity bits say about its values. Pure functions, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fluxio_edge.registers import Decoded, FunctionCode, Metric

Quality = Literal["suspect", "bad"]

#: The register words that a poll got, by (function code, wire address).
Words = Mapping[tuple[FunctionCode, int], int]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What it means if `bit` (or the whole word, without one) of a status word is `value`.

    Then `metric` has no value, and the reading gets the flag and at best the quality. The names and
    the sense are those of the database's register_profile_status.
    """

    function_code: FunctionCode
    address: int
    value: int
    flag: str
    bit: int | None = None
    metric: Metric | None = None
    quality: Quality | None = None

    def holds(self, word: int) -> bool:
        """Whether `word` says so."""
        return (word if self.bit is None else word >> self.bit & 1) == self.value


@dataclass(frozen=True, slots=True)
class Judged:
    """The values that the status words leave, and what the reading is to say about itself.

    `quality` is None where the status words say nothing against it.
    """

    values: dict[Metric, Decoded]
    flags: frozenset[str]
    quality: Quality | None


def judge(values: Mapping[Metric, Decoded], meanings: Sequence[Meaning], words: Words) -> Judged:
    """Apply every meaning whose word was read; a word that was not read says nothing."""
    true = [
        meaning
        for meaning in meanings
        if (word := words.get((meaning.function_code, meaning.address))) is not None and meaning.holds(word)
    ]
    gone = {meaning.metric for meaning in true}
    qualities = {meaning.quality for meaning in true}
    quality: Quality | None = None
    if "bad" in qualities:
        quality = "bad"
    elif "suspect" in qualities or gone & set(values):
        quality = "suspect"
    return Judged(
        {metric: decoded for metric, decoded in values.items() if metric not in gone},
        frozenset(meaning.flag for meaning in true),
        quality,
    )
