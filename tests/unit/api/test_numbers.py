from __future__ import annotations

import pytest

from fluxio_api.ingest.numbers import NoNumber, read_number


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        (0.0, 0.0),
        (-12.5, -12.5),
        ("0.125", 0.125),
        (" 0.125 ", 0.125),
        ("+3", 3.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1.5e-3", -0.0015),
        (3.4e38, 3.4e38),
    ],
)
def test_a_number_is_read_as_it_stands(value: object, expected: float) -> None:
    assert read_number(value) == expected


@pytest.mark.parametrize("value", [None, "", "   ", "-", "--", "N/A", "n/a", "NA", "null", "None", True, False, []])
def test_no_value_is_missing_and_never_zero(value: object) -> None:
    assert read_number(value) is NoNumber.MISSING


@pytest.mark.parametrize(
    "value",
    ["nan", "NaN", "-nan", "nan(0x8000)", "inf", "-Infinity", "1.#QNAN", "-1.#IND", "1e400", -1e39, "-1e39", 10**300,
     "9" * 5000],
)  # fmt: skip
def test_a_float_that_is_none_is_flagged(value: object) -> None:
    assert read_number(value) is NoNumber.INVALID_FLOAT


@pytest.mark.parametrize(
    "value", ["abc", "0,125", "1_000", "0x10", "٣", "1 2", "12.5 m3/h", "[0.125]", [0.125], [0], {}, {"a": 1}]
)
def test_anything_else_is_no_number(value: object) -> None:
    assert read_number(value) is NoNumber.INVALID
