"""Looking for the mistake when a meter's first values cannot be right. Nothing that is stored changes by it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Final

from fluxio_edge.errors import ReadError
from fluxio_edge.link import Link
from fluxio_edge.plausibility import Guess, decoded_as, doubts, guesses
from fluxio_edge.read_plan import MAX_REGISTERS, Block
from fluxio_edge.registers import Decoded, FunctionCode, Metric, Register
from fluxio_edge.status_words import Words

#: The most requests that are spent on it.
_MOST_REQUESTS: Final = 16
#: Exceptions that say that something is asked for wrongly: illegal function, address, value.
WRONGLY_ASKED: Final = (1, 2, 3)


async def examine(
    link: Link, registers: Sequence[Register], blocks: Sequence[Block], words: Words, values: dict[Metric, Decoded]
) -> str | None:
    """What is wrong with `values` and what would fit, in one line; None if nothing is wrong.

    Without any value the meter refused everything. Asks for the neighbouring addresses and for the
    other function code in a bounded number of requests.
    """
    doubted = doubts(registers, values)
    if values and not doubted:
        return None
    known = dict(words)
    known.update(await _around(link, blocks))
    told = ", ".join(f"{metric} {reason}" for metric, reason in doubted.items())
    complaint = f"cannot be right: {told}" if doubted else "refuses every request"
    together = guesses(registers, known)
    if together:
        return f"{complaint}; would fit: {_advice(together, registers, known)}"
    wrong = [register for register in registers if register.metric in doubted]
    alone = {register: guesses([register], known) for register in wrong} if len(wrong) < len(registers) else {}
    advice = [
        f"for {register.metric} {_advice(found, [register], known)}" for register, found in alone.items() if found
    ]
    if advice:
        return f"{complaint}; would fit: {'; '.join(advice)}"
    return f"{complaint}; no other order, type, neighbouring address or function code fits either"


def _advice(found: Sequence[Guess], registers: Sequence[Register], words: Words) -> str:
    return "; or ".join(
        f"{guess.text(registers[0])} gives {_shown(decoded_as(guess, registers, words))}" for guess in found
    )


def _shown(values: dict[Metric, Decoded]) -> str:
    return ", ".join(f"{metric} {decoded.value:.6g}" for metric, decoded in values.items() if decoded.value is not None)


async def _around(link: Link, blocks: Sequence[Block]) -> dict[tuple[FunctionCode, int], int]:
    """The words around the blocks, by both function codes, as far as the meter has them."""
    found: dict[tuple[FunctionCode, int], int] = {}
    left = _MOST_REQUESTS
    for is_other, block in product((False, True), blocks):
        code: FunctionCode = block.function_code if not is_other else (3 if block.function_code == 4 else 4)
        for address, count in _windows(block, is_other=is_other):
            if left == 0:
                return found
            left -= 1
            try:
                words = await link.read(Block(code, address, count))
            except ReadError as error:
                if not error.answered:
                    return found
                continue
            found.update({(code, address + index): word for index, word in enumerate(words)})
            if count > block.count:
                break  # that was all of them
    return found


def _windows(block: Block, *, is_other: bool) -> list[tuple[int, int]]:
    """(address, count): both neighbours along with the block, and if that is refused each shift by itself."""
    shifts = (0, 1, -1) if is_other else (1, -1)
    windows = [(block.address - 1, block.count + 2), *((block.address + shift, block.count) for shift in shifts)]
    return [
        (address, count)
        for address, count in windows
        if address >= 0 and count <= MAX_REGISTERS and address + count <= 65_536
    ]
