"""How RutOS makes a number of a register's words, and a text of the number.

An implementation of its own, so that a fault in the edge's decoding shows where the two meet.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from fluxio_edge.registers import Register

#: The letter that `struct` has for a kind of number of so many bits.
_LETTERS: Final = {
    (16, "int"): "h",
    (16, "uint"): "H",
    (32, "int"): "i",
    (32, "uint"): "I",
    (32, "float"): "f",
    (64, "int"): "q",
    (64, "uint"): "Q",
    (64, "float"): "d",
}

#: What RutOS takes for the type if none is chosen.
DEFAULT_TYPE: Final = "16bit_int_hi_first"


def rutos_type(register: Register) -> str:
    """The data type to choose in RutOS: 32bit_float3412 is a float whose low word comes first.

    The digits are the bytes' places, 1 the highest, in the order of the wire.
    """
    bits = 16 * register.count
    kind = register.type.rstrip("0123456789")
    high_first = register.byte_order == "big"
    if bits == 16:
        return f"16bit_{kind}_{'hi' if high_first else 'lo'}_first"
    pairs = [f"{place}{place + 1}" for place in range(1, bits // 8, 2)]
    pairs = pairs if high_first else [pair[::-1] for pair in pairs]
    return f"{bits}bit_{kind}" + "".join(pairs if register.word_order == "big" else pairs[::-1])


def numbers(words: Sequence[int], type_: str) -> list[float | int]:
    """What RutOS reads in `words`: as many numbers of the type as they hold."""
    bits, _, rest = type_.partition("bit_")
    kind = rest.rstrip("0123456789").removesuffix("_hi_first").removesuffix("_lo_first")
    size = int(bits) // 8
    order = [int(digit) - 1 for digit in rest[len(kind) :] if digit.isdecimal()] or list(range(size))
    if rest.endswith("_lo_first"):
        order.reverse()
    data = struct.pack(f">{len(words)}H", *words)
    read: list[float | int] = []
    for start in range(0, len(data) - size + 1, size):
        placed = bytearray(size)
        for index, place in enumerate(order):
            placed[place] = data[start + index]
        read.append(struct.unpack(">" + _LETTERS[int(bits), kind], placed)[0])
    return read


def printed(number: float | int) -> str:
    """As C's printf: %d, or %f with six decimals and no exponent (below 0.0000005 that is 0.000000)."""
    return f"{number:f}" if isinstance(number, float) else str(number)
