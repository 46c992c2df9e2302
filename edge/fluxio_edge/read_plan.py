"""Which requests read a meter: few, within the protocol's limit, and smaller where the meter refuses them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from fluxio_edge.registers import FunctionCode

#: The most registers that one Modbus read may ask for (Modbus application protocol 1.1b3, 6.3).
MAX_REGISTERS: Final = 125

#: Exceptions that a smaller request may not meet: illegal address, illegal value (too many).
TOO_LARGE: Final = (2, 3)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Registers that belong together: a number read in two requests could be half old and half new."""

    function_code: FunctionCode
    address: int
    count: int

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.address + self.count


@dataclass(frozen=True, slots=True)
class Block(Span):
    """One read request, and the spans it answers."""

    spans: tuple[Span, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a kind of meter takes.

    `gap` is how many registers nobody asked for may be read along to save a request: a meter answers
    a read over a register it does not have with an exception, so 0 is the safe number. No request
    reads any register of `holes`.
    """

    registers: int = MAX_REGISTERS
    gap: int = 0
    holes: tuple[Span, ...] = ()


def plan_reads(spans: Iterable[Span], limits: Limits = Limits()) -> tuple[Block, ...]:
    """The fewest requests that read `spans` within `limits`, by function code and address."""
    groups: list[list[Span]] = []
    for span in sorted(spans):
        if groups and _joins(groups[-1], span, limits):
            groups[-1].append(span)
        else:
            groups.append([span])
    return tuple(_block(group) for group in groups)


def smaller(block: Block) -> tuple[Block, ...]:
    """Requests for the same spans without gaps, or else for half of the spans each; none if it is a single span."""
    gapless = plan_reads(block.spans)
    if len(gapless) > 1:
        return gapless
    if len(block.spans) < 2:
        return ()
    half = len(block.spans) // 2
    return _block(block.spans[:half]), _block(block.spans[half:])


def _joins(group: Sequence[Span], span: Span, limits: Limits) -> bool:
    first, end = group[0], max(each.end for each in group)
    if span.function_code != first.function_code or span.address - end > limits.gap:
        return False
    if max(end, span.end) - first.address > limits.registers:
        return False
    return not any(
        hole.function_code == span.function_code and hole.address < span.address and hole.end > end
        for hole in limits.holes
    )


def _block(group: Sequence[Span]) -> Block:
    first, end = group[0], max(span.end for span in group)
    return Block(first.function_code, first.address, end - first.address, tuple(group))


class ReadPlan:
    """The requests for one meter, which learns what the meter refuses."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        """Starts with `blocks`."""
        self._first = tuple(blocks)
        self.blocks = self._first

    def split(self, block: Block) -> tuple[Block, ...]:
        """The smaller requests that from now on take the refused one's place; none if there are no smaller ones."""
        parts = smaller(block)
        if parts:
            at = self.blocks.index(block)
            self.blocks = (*self.blocks[:at], *parts, *self.blocks[at + 1 :])
        return parts

    def start_over(self) -> None:
        """Forget what was learnt: a meter that refuses everything refuses no size."""
        self.blocks = self._first
