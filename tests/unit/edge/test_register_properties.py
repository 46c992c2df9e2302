"""What holds for every type, order, scale and value. The wire's bytes are made here by struct alone."""

from __future__ import annotations

import math
import struct

from hypothesis import example, given
from hypothesis import strategies as st

from fluxio_edge.registers import ORDERS, Register, RegisterType, decode, encode, order_name, unpack, word_count

TYPES: dict[RegisterType, str] = {
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}

#: Digits and units as meters have them.
SCALES = [1.0, 3600.0, 3.6, 0.001, 0.01, 5 / 9, 1 / 24, -0.1]
OFFSETS = [0.0, -273.15, 12.5]

registers = st.builds(
    lambda type_, order, scale, offset: Register(
        "flow_rate", 4, 0, type_, ORDERS[order][0], scale, byte_order=ORDERS[order][1], offset=offset
    ),
    st.sampled_from(list(TYPES)),
    st.sampled_from(list(ORDERS)),
    st.sampled_from(SCALES),
    st.sampled_from(OFFSETS),
)


def wire(type_: RegisterType, number: float, order: str) -> list[int]:
    """The words a meter would send: the letters of `order` are its bytes, highest first."""
    packed = struct.pack(">" + TYPES[type_], number)
    letters = [chr(65 + index) for index in range(len(packed))]
    words = ["".join(letters[index : index + 2]) for index in range(0, len(packed), 2)]
    if order in ("BADC", "DCBA"):
        words = [word[::-1] for word in words]
    if order in ("CDAB", "DCBA"):
        words.reverse()
    sent = bytes(packed[ord(letter) - 65] for letter in "".join(words))
    return list(struct.unpack(f">{len(packed) // 2}H", sent))


@st.composite
def numbers(draw: st.DrawFn) -> tuple[RegisterType, float]:
    """A type and any number it holds that a meter could measure."""
    type_ = draw(st.sampled_from(list(TYPES)))
    if type_.startswith("float"):
        width = 32 if type_ == "float32" else 64
        magnitude = st.floats(2.0**-60, 2.0**29, width=32 if width == 32 else 64)
        return type_, draw(magnitude) * draw(st.sampled_from([1, -1]))
    bits = int(type_[-2:])
    low, high = (0, 2**bits - 1) if type_.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return type_, draw(st.integers(low, high))


@given(numbers(), st.sampled_from(list(ORDERS)))
def test_every_order_of_every_type_gives_the_number_that_was_sent(sent: tuple[RegisterType, float], order: str) -> None:
    type_, number = sent
    word_order, byte_order = ORDERS[order]
    assert unpack(type_, wire(type_, number, order), word_order, byte_order) == number
    value = decode(Register("level", 3, 0, type_, word_order, byte_order=byte_order), wire(type_, number, order)).value
    assert value is not None
    if type_ == "float32":
        assert struct.pack(">f", value) == struct.pack(">f", number)
    else:
        assert value == float(number)


@given(numbers(), st.sampled_from(list(ORDERS)))
def test_encode_sends_what_a_meter_would(sent: tuple[RegisterType, float], order: str) -> None:
    type_, number = sent
    word_order, byte_order = ORDERS[order]
    register = Register("level", 3, 0, type_, word_order, byte_order=byte_order)
    if not isinstance(number, int) or abs(number) <= 2**53:
        assert encode(register, number) == wire(type_, number, order)


@given(registers, st.lists(st.integers(0, 65_535), min_size=4, max_size=4))
@example(Register("flow_rate", 4, 0, "float32", "big", 3600.0), [0x3E00, 0, 0, 0])
def test_whatever_words_are_a_value_stand_for_the_same_value_again(register: Register, four: list[int]) -> None:
    words = four[: register.count]
    decoded = decode(register, words)
    if decoded.value is None:
        assert register.is_float
        return
    assert math.isfinite(decoded.value)
    again = decode(register, encode_or_same(register, decoded.value, words)).value
    assert again is not None
    if register.offset or (not register.is_float and word_count(register.type) == 4):
        # An offset eats digits, and a double does not hold every integer of 64 bits.
        assert math.isclose(again, decoded.value, rel_tol=1e-12, abs_tol=1e-9)
    else:
        assert again == decoded.value


def encode_or_same(register: Register, value: float, words: list[int]) -> list[int]:
    """64 bits hold integers that a double does not; the largest of them are rounded out of the type."""
    try:
        return encode(register, value)
    except ValueError:
        assert word_count(register.type) == 4
        return words


@given(registers.filter(lambda register: word_count(register.type) < 4), st.data())
def test_words_of_32_bits_come_back_exactly_where_no_offset_eats_digits(
    register: Register, data: st.DataObject
) -> None:
    words = data.draw(st.lists(st.integers(0, 65_535), min_size=register.count, max_size=register.count))
    value = decode(register, words).value
    raw = unpack(register.type, words, register.word_order, register.byte_order)
    if value is not None and raw and (not register.offset or not register.is_float):
        assert encode(register, value) == words


def test_the_orders_have_the_names_that_installers_use() -> None:
    assert [order_name(1, *orders) for orders in ORDERS.values()] == ["AB", "AB", "BA", "BA"]
    assert [order_name(2, *orders) for orders in ORDERS.values()] == list(ORDERS)
    assert [order_name(4, *orders) for orders in ORDERS.values()] == ["ABCDEFGH", "GHEFCDAB", "BADCFEHG", "HGFEDCBA"]
