"""Status words, validity bits, no-data numbers and ranges, up to the reading."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from fluxio_edge.answers import Answers
from fluxio_edge.profiles import load_profile
from fluxio_edge.read_plan import Block
from fluxio_edge.reading import build_reading
from fluxio_edge.registers import Decoded, Register, decode
from fluxio_edge.status_words import Meaning, judge

LEVEL = Register("level", 4, 0, "int16", scale=0.001, minimum=0, maximum=3, no_data=(-32768, 32767))


def test_a_number_that_means_no_data_is_no_value() -> None:
    assert decode(LEVEL, [0x8000]) == Decoded(None, "no_data")
    assert decode(LEVEL, [0x7FFF]) == Decoded(None, "no_data")
    assert decode(LEVEL, [0x07FF]) == Decoded(2.047)


@pytest.mark.parametrize(
    ("type_", "number", "words"),
    [
        ("float32", -9999.9, [0xC61C, 0x3F9A]),
        ("float32", 1e30, [0x7149, 0xF2CA]),
        ("float64", -9999.9, [0xC0C3, 0x87F3, 0x3333, 0x3333]),
        ("int32", -2147483648, [0x8000, 0]),
        ("uint64", 2**64 - 1, [0xFFFF] * 4),
    ],
)
def test_no_data_of_every_type(type_: Any, number: float, words: list[int]) -> None:  # noqa: ANN401 (a literal)
    register = Register("level", 4, 0, type_, no_data=(number,))
    assert decode(register, words) == Decoded(None, "no_data")
    assert decode(Register("level", 4, 0, type_, no_data=(number / 2,)), words).flag != "no_data"


def test_a_value_out_of_range_is_kept_and_flagged() -> None:
    assert decode(LEVEL, [3001]) == Decoded(3.001, "out_of_range")
    assert decode(LEVEL, [0xFFFF]) == Decoded(-0.001, "out_of_range")
    assert decode(LEVEL, [3000]) == Decoded(3.0)
    assert decode(LEVEL, [0]) == Decoded(0.0)


def read(words: list[int]) -> dict[str, Any]:
    """The reading of a NivuSonic whose first registers hold `words`."""
    profile = load_profile("nivusonic")
    answers = Answers()
    answers.add(Block(4, 0, len(words)), words)
    judged = judge(answers.decode(profile.decoders()), profile.meanings(), answers.words)
    reading = build_reading(
        "M1", datetime(2026, 1, 1, tzinfo=UTC), judged.values, told=judged.flags, quality=judged.quality
    )
    assert reading is not None
    body: dict[str, Any] = json.loads(reading.body)
    return body


def test_a_nivusonic_in_its_default_spans() -> None:
    body = read([0x1234, 0xFEDC, 0x02EE, 0x06E5, 0, 0b11111])
    assert (body["flow_rate"], body["level"], body["velocity"], body["temperature"]) == (16776.0, -0.292, 0.75, 17.65)
    assert (body["quality"], body.get("flags")) == ("good", None)


def test_a_value_whose_validity_bit_is_clear_is_left_out() -> None:
    body = read([0x1234, 0xFEDC, 0x02EE, 0x06E5, 0, 0b10101])
    assert {"flow_rate", "velocity"} < set(body)
    assert not {"level", "temperature"} & set(body)
    assert (body["quality"], body["flags"]) == ("suspect", ["sensor_invalid"])


def test_without_the_validity_register_the_values_stay() -> None:
    assert read([0x1234, 0xFEDC, 0x02EE, 0x06E5])["level"] == -0.292


@pytest.mark.parametrize(
    ("meaning", "quality", "flags"),
    [
        (Meaning(4, 9, 0x0102, "service"), "good", ["service"]),
        (Meaning(4, 9, 0x0102, "service", quality="suspect"), "suspect", ["service"]),
        (Meaning(4, 9, 1, "fouled", bit=8, quality="bad"), "bad", ["fouled"]),
        (Meaning(4, 9, 1, "fouled", bit=8, metric="pressure"), "good", ["fouled"]),
        (Meaning(4, 9, 0x0101, "service"), "good", None),
        (Meaning(3, 9, 0x0102, "service"), "good", None),
    ],
)
def test_what_a_status_word_says_of_the_whole_reading(meaning: Meaning, quality: str, flags: list[str] | None) -> None:
    judged = judge({"level": Decoded(1.5)}, [meaning], {(4, 9): 0x0102})
    reading = build_reading(
        "M1", datetime(2026, 1, 1, tzinfo=UTC), judged.values, told=judged.flags, quality=judged.quality
    )
    assert reading is not None
    body = json.loads(reading.body)
    assert (body["level"], body["quality"], body.get("flags")) == (1.5, quality, flags)
