"""What a poll got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fluxio_edge.errors import ReadError
from fluxio_edge.read_plan import Block
from fluxio_edge.registers import Decoded, FunctionCode, Metric, Register, decode


@dataclass(slots=True)
class Answers:
    """What a poll got: the words by (function code, wire address), and the refusals.

    `measured_at` is when the first answer came, because waiting for a shared line or a silent try is
    no measuring; None if there was none.
    """

    words: dict[tuple[FunctionCode, int], int] = field(default_factory=dict)
    refusals: list[ReadError] = field(default_factory=list)
    measured_at: datetime | None = None

    def add(self, block: Block, words: Sequence[int]) -> None:
        """The answer to one request."""
        self.words.update({(block.function_code, block.address + index): word for index, word in enumerate(words)})

    def decode(self, registers: Sequence[Register]) -> dict[Metric, Decoded]:
        """The values of those registers whose words were read."""
        values: dict[Metric, Decoded] = {}
        for register in registers:
            places = [(register.function_code, register.address + index) for index in range(register.count)]
            if all(place in self.words for place in places):
                values[register.metric] = decode(register, [self.words[place] for place in places])
        return values
