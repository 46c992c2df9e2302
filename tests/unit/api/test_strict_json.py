from __future__ import annotations

import json

import pytest

from fluxio_api.ingest import strict_json


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{'a':1}", b'{"a":1,}', b'{"a":NaN}', b"[Infinity]", b"-Infinity", b'{"a":1}{"b":2}', b"\xff\xfe",
     b'{"a":"\x00"}', b'{in1: "x"}', b"[" * 100_000, b'{"a":' * 100_000],
)  # fmt: skip
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(strict_json.NotJsonError) as refused:
        strict_json.parse(body)
    assert len(str(refused.value)) < 100


def test_a_byte_order_mark_does_no_harm() -> None:
    assert strict_json.parse(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 5000, "-" + "9" * 5000])
def test_a_number_no_double_holds_keeps_its_text(number: str) -> None:
    assert strict_json.parse(f"[{number}]".encode()) == [number]


def test_repeated_names_are_noticed_and_written_again_as_read() -> None:
    value = strict_json.parse(b'[{"a":1,"b":{"c":1,"c":2}}]')
    assert isinstance(value, list)
    inner = value[0]["b"]
    assert isinstance(inner, strict_json.RepeatedNames)
    assert inner.repeated == "c"
    assert strict_json.dump(value) == b'[{"a":1,"b":{"c":1,"c":2}}]'


def test_what_no_text_holds_is_written_as_escapes() -> None:
    body = rb'["\u0000\ud800"]'
    assert strict_json.dump(strict_json.parse(body)) == body
    assert json.loads(body) == strict_json.parse(body)


def test_a_body_of_a_million_repeats_is_read_in_time() -> None:
    body = b"{" + b",".join(b'"%d":0' % (number % 50_000) for number in range(100_000)) + b"}"
    assert isinstance(strict_json.parse(body), strict_json.RepeatedNames)
