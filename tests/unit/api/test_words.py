"""What is a word, what is a value, and what both become."""

from __future__ import annotations

import random
import struct

import pytest

from fluxio_api.ingest.profiles import Address, Register, addresses_of
from fluxio_api.ingest.words import Decoded, from_number, from_words, meaning_of, read_data
from fluxio_edge import registers as edge

FLOAT = Register("flow_rate", 4, 10, "float32", "little", scale=3600)
DOUBLE = Register("totalizer", 4, 10, "float64")
INT16 = Register("level", 4, 1, "int16", scale=0.001)
UINT16 = Register("level", 4, 1, "uint16")
INT32 = Register("totalizer", 4, 20, "int32")


@pytest.mark.parametrize(
    ("data", "register", "size", "meaning"),
    [
        ("[0,15872]", FLOAT, None, "words"),
        ("[0,-15872]", FLOAT, None, "words"),
        ([0, 15872], FLOAT, None, "words"),
        ("[0,15872,0,16320]", FLOAT, None, "words"),
        ("[0.125000,1.500000]", FLOAT, 2, "number"),
        ("[0.125000]", FLOAT, 2, "number"),
        ("[12.000000]", FLOAT, 1, "number"),
        ("[1e5]", FLOAT, None, "number"),
        # One integer where a float takes two registers is half of it, or nobody knows.
        ("[0]", FLOAT, None, "ambiguous"),
        ("[0]", FLOAT, 2, "ambiguous"),
        ("125", FLOAT, None, "ambiguous"),
        # The bits of a float as one integer, by a wrong data type.
        ("[1040187392]", FLOAT, 2, "ambiguous"),
        (125, FLOAT, None, "number"),
        ("[0,0]", DOUBLE, None, "ambiguous"),
        # A comma could be a decimal one.
        ("0,15872", FLOAT, None, "ambiguous"),
        ("0,15872", FLOAT, 2, "words"),
        ("0,15872", FLOAT, "2", "words"),
        ("[125]", INT16, None, "words"),
        ("125", INT16, None, "words"),
        (125, INT16, None, "words"),
        ("[125,1500]", INT16, None, "words"),
        ("[123456]", INT32, None, "number"),
        ("[125]", INT32, None, "number"),
        # Two words, or two decoded integers.
        ("[1,57920]", INT32, None, "ambiguous"),
        ("[1,57920]", INT32, 2, "words"),
        ("[123456,7]", INT32, 2, "number"),
        ("[12,nan]", FLOAT, None, "ambiguous"),
    ],
)
def test_what_the_elements_are(data: object, register: Register, size: object, meaning: str) -> None:
    assert meaning_of(read_data(data), register, size) == meaning


@pytest.mark.parametrize(
    ("register", "words", "decoded"),
    [
        (FLOAT, [0, 15872], Decoded(450.0)),
        (FLOAT, [0, 0x8000], Decoded(0.0)),
        (FLOAT, [15872, 0], Decoded(None, "implausible_order")),
        (FLOAT, [0, 0x7FC0], Decoded(None, "invalid_float")),
        (FLOAT, [0, 0xFF80], Decoded(None, "invalid_float")),
        (Register("level", 4, 0, "float32", "big"), [0x3E00, 0], Decoded(0.125)),
        (Register("level", 4, 0, "float32", "big", "little"), [0x003E, 0], Decoded(0.125)),
        (Register("level", 4, 0, "float32", "little", "little"), [0, 0x003E], Decoded(0.125)),
        (Register("level", 4, 0, "float64", "big"), [0x3FC0, 0, 0, 0], Decoded(0.125)),
        (INT16, [0xFFFF], Decoded(-0.001)),
        (UINT16, [0xFFFF], Decoded(65535.0)),
        (INT32, [1, 57920], Decoded(123456.0)),
        (INT32, [0xFFFF, 0xFFFE], Decoded(-2.0)),
        (Register("totalizer", 4, 0, "uint64", "little"), [2, 1, 0, 0], Decoded(65538.0)),
        (Register("temperature", 4, 0, "int16", scale=0.1, value_offset=-273.15), [2931], Decoded(19.95)),
        (Register("level", 4, 0, "int16", no_data_values=(-32768.0,)), [0x8000], Decoded(None, "no_data")),
        (Register("level", 4, 0, "float32", no_data_values=(-9999.9,)), [0xC61C, 0x3F9A], Decoded(None, "no_data")),
        (Register("level", 4, 0, "int16", min_value=0, max_value=5), [6], Decoded(6.0, "out_of_range")),
        (Register("level", 4, 0, "int16", min_value=0, max_value=5), [0xFFFF], Decoded(-1.0, "out_of_range")),
    ],
)
def test_words_become_our_value(register: Register, words: list[int], decoded: Decoded) -> None:
    assert from_words(register, words) == decoded


@pytest.mark.parametrize(
    ("register", "number", "decoded"),
    [
        (FLOAT, 0.125, Decoded(450.0)),
        (FLOAT, -0.0, Decoded(0.0)),
        (FLOAT, 1e-31, Decoded(None, "implausible_order")),
        (FLOAT, 1.1e9, Decoded(None, "implausible_order")),
        (Register("level", 4, 0, "float32", no_data_values=(-9999.9,)), -9999.900391, Decoded(None, "no_data")),
        (INT32, 2_000_000_000, Decoded(2e9)),
        (INT32, 3_000_000_000, Decoded(None, "ambiguous_data")),
        (INT16, 1.5, Decoded(None, "ambiguous_data")),
        (INT16, 1500.0, Decoded(1.5)),
        (Register("level", 4, 0, "float32", scale=1e308), 1e9, Decoded(None, "implausible_order")),
    ],
)
def test_numbers_become_our_value(register: Register, number: float, decoded: Decoded) -> None:
    assert from_number(register, number) == decoded


def test_words_are_decoded_as_the_edge_agent_does() -> None:
    """The same meter by a router's words and by the edge agent is the same number, to the last bit."""
    chance = random.Random(7)  # noqa: S311 - words to compare, no secret
    types: list[edge.RegisterType] = ["int16", "uint16", "int32", "uint32", "float32", "float64"]
    orders: list[edge.WordOrder] = ["big", "little"]
    for _ in range(3000):
        kind, order = chance.choice(types), chance.choice(orders)
        scale = chance.choice([1.0, 3600.0, 3.6, 0.001, 0.01, 0.06, 1 / 24])
        theirs = edge.Register("flow_rate", 4, 10, kind, order, scale)
        ours = Register("flow_rate", 4, 10, kind, order, scale=scale)
        if theirs.is_float:
            code, number = (">f", ">2H") if kind == "float32" else (">d", ">4H"), 10 ** chance.uniform(-6, 6)
            words = list(struct.unpack(code[1], struct.pack(code[0], number)))
            words = words if order == "big" else words[::-1]
        else:
            words = [chance.randrange(0x10000) for _ in range(theirs.count)]
        expected = edge.decode(theirs, words)
        found = from_words(ours, words)
        assert found.flag == expected.flag
        assert found.value == pytest.approx(expected.value, rel=1e-14, abs=0)
        if theirs.is_float:
            assert found.value == expected.value


@pytest.mark.parametrize(
    ("written", "addresses"),
    [
        ("300011", [Address(4, 10)]),
        (300011, [Address(4, 10)]),
        ("406109", [Address(3, 6108)]),
        ("30011", [Address(4, 10), Address(None, 30010)]),
        (35201, [Address(4, 5200), Address(None, 35200)]),
        ("305201", [Address(4, 5200)]),
        ("5201", [Address(None, 5200)]),
        ("0x0B", [Address(None, 10)]),
        (" 11 ", [Address(None, 10)]),
        (65536, [Address(None, 65535)]),
        ("000011", []),
        ("100011", []),
        ("365537", []),
        (0, []), (-1, []), (True, []), (11.0, []), (None, []), ("", []), ("x", []), ([], []), ("9999999", []),
    ],
)  # fmt: skip
def test_an_address_is_a_class_and_a_place_on_the_wire(written: object, addresses: list[Address]) -> None:
    assert list(addresses_of(written)) == addresses
