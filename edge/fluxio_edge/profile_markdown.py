"""A register profile as the tables of docs/meters.md: registers, status words, and the requests of a RutOS gateway."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from fluxio_edge.profile_file import DOCUMENTED_BASE, Profile
from fluxio_edge.read_plan import Block
from fluxio_edge.registers import UNITS, FunctionCode, Register, order_name
from fluxio_edge.simulator.trb24x.rutos_types import DEFAULT_TYPE, rutos_type
from fluxio_edge.status_words import Meaning

#: How the web interface of RutOS words the functions.
RUTOS_FUNCTIONS: Final[dict[FunctionCode, str]] = {3: "Read holding registers (3)", 4: "Read input registers (4)"}


def markdown(profile: Profile) -> str:
    """All tables of `profile`, each under a line that says what it is."""
    parts = [["Registers:"], register_table(profile)]
    if profile.status:
        parts += [["Status words:"], status_table(profile)]
    parts += [["Requests in RutOS:"], request_table(profile)]
    return "\n\n".join("\n".join(part) for part in parts)


def register_table(profile: Profile) -> list[str]:
    """Where each quantity is, counted in every way, and what it is worth."""
    heads = ("quantity", "function", "on the wire", "from 1", "as 30001, 40001", "type", "order", "unit", "ours")
    rows = [
        (
            register.metric,
            str(register.function_code),
            str(register.address),
            str(register.address + 1),
            str(DOCUMENTED_BASE[register.function_code] + register.address),
            register.type,
            order_name(register.count, register.word_order, register.byte_order),
            said.unit if said.resolution is None else f"{said.resolution:.10g} {said.unit} a digit",
            _ours(register),
        )
        for said, register in zip(profile.registers, profile.decoders(), strict=True)
    ]
    return _table(heads, rows)


def status_table(profile: Profile) -> list[str]:
    """What status words say."""
    rows = [
        (
            str(each.function_code),
            str(each.address),
            "the word" if each.bit is None else f"bit {each.bit}",
            str(each.value),
            _effect(each),
        )
        for each in profile.meanings()
    ]
    return _table(("function", "on the wire", "if", "is", "then"), rows)


def request_table(profile: Profile) -> list[str]:
    """The Modbus requests to make in RutOS, under the heads of its web interface.

    Registers of 16 bits are asked for as plain words, whatever their sign or byte order: the API reads them by
    the profile, and would swap again what RutOS had swapped. Where they lie together they are one request.
    Anything wider is a request of its own, since RutOS has one data type a request.
    """
    heads = ("Request name", "Data type", "Function", "First register number", "Register count / Values")
    rows = [row for number, block in enumerate(profile.blocks(), 1) for row in _requests(profile, block, number)]
    return _table(heads, rows)


def _requests(profile: Profile, block: Block, number: int) -> Iterator[Sequence[str]]:
    def is_here(each: Register | Meaning) -> bool:
        return each.function_code == block.function_code and block.address <= each.address < block.end

    registers = [each for each in profile.decoders() if is_here(each)]
    words = sorted({each.address for each in profile.meanings() if is_here(each)})
    if len(registers) + len(words) > 1 and all(each.count == 1 for each in registers):
        yield _request(f"block_{number}", DEFAULT_TYPE, block, block.address, block.count)
        return
    for each in registers:
        type_ = DEFAULT_TYPE if each.count == 1 else rutos_type(each)
        yield _request(each.metric, type_, block, each.address, 1)
    for address in words:
        yield _request(f"status_{address + 1}", DEFAULT_TYPE, block, address, 1)


def _request(name: str, type_: str, block: Block, address: int, count: int) -> Sequence[str]:
    return f"`{name}`", f"`{type_}`", RUTOS_FUNCTIONS[block.function_code], str(address + 1), str(count)


def _effect(meaning: Meaning) -> str:
    no_value = f"{meaning.metric} has no value, " if meaning.metric else ""
    quality = f", quality {meaning.quality}" if meaning.quality else ""
    return f"{no_value}flag `{meaning.flag}`{quality}"


def _ours(register: Register) -> str:
    scale = "" if register.scale == 1 else f"x {register.scale:.10g}"
    offset = "" if register.offset == 0 else f"{register.offset:+.10g}"
    how = " ".join(part for part in (scale, offset) if part)
    return f"{UNITS[register.metric]} ({how})" if how else UNITS[register.metric]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)]
