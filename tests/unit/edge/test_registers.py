"""Decoding pinned by values whose four bytes all differ, packed here by struct and not by the code under test."""

from __future__ import annotations

import math
import random
import struct

import pytest

from fluxio_edge.registers import Decoded, Register, RegisterType, WordOrder, decode, encode

FLOW = Register("flow_rate", 4, 10, "float32", "little", 3600.0)
LEVEL = Register("level", 4, 12, "float32", "little")


def float_words(value: float, order: WordOrder) -> list[int]:
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return [high, low] if order == "big" else [low, high]


def test_the_low_word_comes_first() -> None:
    assert float_words(94.225075, "little") == [0x733D, 0x42BC]
    assert decode(LEVEL, [0x733D, 0x42BC]) == Decoded(94.225075)


def test_cubic_metres_per_second_become_cubic_metres_per_hour() -> None:
    assert decode(FLOW, [0x0000, 0x3E00]) == Decoded(450.0)


def test_zero_is_a_value() -> None:
    assert decode(FLOW, [0, 0]) == Decoded(0.0)
    negative_zero = decode(FLOW, [0, 0x8000]).value
    assert negative_zero is not None
    assert math.copysign(1, negative_zero) == 1


def test_reverse_flow_is_a_value() -> None:
    assert decode(FLOW, float_words(-0.125, "little")) == Decoded(-450.0)


@pytest.mark.parametrize("nothing", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_are_no_value(nothing: float) -> None:
    assert decode(FLOW, float_words(nothing, "little")) == Decoded(None, "invalid_float")


@pytest.mark.parametrize("value", [0.125, 1.5, 94.225075])
def test_the_swapped_words_of_usual_values_are_noticed(value: float) -> None:
    assert decode(LEVEL, float_words(value, "big")) == Decoded(None, "implausible_order")


def test_an_address_off_by_one_is_noticed() -> None:
    two = [*float_words(0.125, "little"), *float_words(1.5, "little")]
    assert decode(LEVEL, two[1:3]) == Decoded(None, "implausible_order")


def test_more_than_a_thousand_million_is_implausible() -> None:
    assert decode(LEVEL, float_words(1.1e9, "little")).flag == "implausible_order"
    assert decode(LEVEL, float_words(9e8, "little")) == Decoded(9e8)


@pytest.mark.parametrize("written", [97.4, 18.3, 0.1, 123456.78, 16777216.0])
def test_a_float32_is_read_with_the_digits_it_was_written_with(written: float) -> None:
    assert decode(LEVEL, float_words(written, "little")) == Decoded(written)


@pytest.mark.parametrize(("scale", "value"), [(3600.0, 4_444_441_200.0), (3.6, 4_444_441.2), (0.001, 1234.567)])
def test_an_integer_loses_no_digit_to_its_scale(scale: float, value: float) -> None:
    counter = Register("totalizer", 4, 0, "uint32", "big", scale)
    assert decode(counter, list(divmod(1_234_567, 65_536))) == Decoded(value)


def test_a_steered_flow_reads_back_as_the_very_number() -> None:
    assert decode(FLOW, encode(FLOW, 120.0)) == Decoded(120.0)


@pytest.mark.parametrize(
    ("type_", "order", "words", "value"),
    [
        ("int16", "big", [0xFEDC], -292),
        ("uint16", "big", [0xFEDC], 65244),
        ("int32", "big", [0xFEDC, 0xBA98], -19088744),
        ("int32", "little", [0xBA98, 0xFEDC], -19088744),
        ("uint32", "big", [0xFEDC, 0xBA98], 4275878552),
        ("float64", "big", [0x405E, 0xDD2F, 0x1A9F, 0xBE77], 123.456),
        ("float64", "little", [0xBE77, 0x1A9F, 0xDD2F, 0x405E], 123.456),
    ],
)
def test_every_type_and_order(type_: RegisterType, order: WordOrder, words: list[int], value: float) -> None:
    register = Register("totalizer", 4, 0, type_, order)
    assert decode(register, words) == Decoded(value)
    assert encode(register, value) == words


def test_a_scaled_integer_has_no_binary_noise() -> None:
    assert decode(Register("level", 4, 2, "int16", "big", 0.001), [1234]) == Decoded(1.234)


@pytest.mark.parametrize("words", [[], [0], [0, 0, 0], [0, 65536], [-1, 0]])
def test_anything_but_two_words_is_refused(words: list[int]) -> None:
    with pytest.raises(ValueError, match="register"):
        decode(FLOW, words)


def test_a_value_too_large_for_its_type_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit int16"):
        encode(Register("level", 4, 2, "int16", "big", 0.001), 40.0)


def test_whatever_words_are_plausible_are_encoded_to_the_same_words() -> None:
    chance = random.Random(7)  # noqa: S311 (the same words on every run)
    for _ in range(5_000):
        register = Register(
            "flow_rate", 4, 0, "float32", chance.choice(["big", "little"]), chance.choice([1.0, 3600.0, 3.6, 0.001])
        )
        words = [chance.randrange(65536), chance.randrange(65536)]
        value = decode(register, words).value
        if value:
            assert encode(register, value) == words
