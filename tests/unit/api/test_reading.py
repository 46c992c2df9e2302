from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fluxio_api.ingest import strict_json
from fluxio_api.ingest.batch import TooManyReadingsError, normalise, split
from fluxio_api.ingest.reading import Origin, Rejected, to_element

ORIGIN = Origin("7b0a4a5e-0000-4000-8000-000000000001", datetime(2026, 3, 1, 12, tzinfo=UTC), "ab" * 32)
FRAME = {"received_at": "2026-03-01T12:00:00+00:00", "api_key_id": ORIGIN.api_key_id}
UNTIMED = {"body_sha256": "ab" * 32, "body_index": 4}
AT = "2026-03-01T11:59:00+00:00"


def element(value: object) -> dict[str, object]:
    made = to_element(value, 4, ORIGIN)
    assert {name: made.pop(name) for name in FRAME} == FRAME
    return made


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"device_id": "A", "flow_rate": 0, "created_at": AT}, {"device_id": "A", "flow_rate": 0, "created_at": AT}),
        ({"device_id": " A ", "flow_rate": "0.125"}, {"device_id": "A", "flow_rate": 0.125, **UNTIMED}),
        ({"device_id": 7, "level": 1.5}, {"device_id": "7", "level": 1.5, **UNTIMED}),
        ({"device_id": "A", "timestamp": AT}, {"device_id": "A", "created_at": AT}),
        ({"device_id": "A", "created_at": None, "timestamp": AT}, {"device_id": "A", "created_at": AT}),
        ({"device_id": "A", "created_at": "N/A"}, {"device_id": "A", **UNTIMED}),
        ({"device_id": None}, UNTIMED),
        ({"device_id": "", "flow_rate": ""}, UNTIMED),
        ({}, UNTIMED),
        (
            {"flow_rate": "nan", "level": "inf", "velocity": 1, "flags": ["a", "a"]},
            {"velocity": 1, "flags": ["a", "invalid_float"], **UNTIMED},
        ),
        ({"quality": " Suspect "}, {"quality": "suspect", **UNTIMED}),
        ({"quality": None, "flags": [], "metadata": None}, UNTIMED),
        (
            {"metadata": {"firmware": "x"}, "rssi": -67, "api_key_id": "other", "received_at": "1999"},
            {
                "metadata": {"firmware": "x", "extra": {"rssi": -67, "api_key_id": "other", "received_at": "1999"}},
                **UNTIMED,
            },
        ),
        ({"metadata": {"extra": {"a": 1}}, "b": 2}, {"metadata": {"extra": {"a": 1, "b": 2}}, **UNTIMED}),
        ({"metadata": {"extra": "x"}, "b": 2}, {"metadata": {"extra": {"extra": "x", "b": 2}}, **UNTIMED}),
        (
            {"created_at": AT, "timestamp": 5},
            {"created_at": AT, "metadata": {"extra": {"timestamp": 5}}},
        ),
    ],
)
def test_a_flat_reading_becomes_an_element(value: object, expected: dict[str, object]) -> None:
    assert element(value) == expected


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (5, ""),
        ("text", ""),
        (None, ""),
        ([], ""),
        ({"flow_rate": "abc"}, "/flow_rate"),
        ({"totalizer": {}}, "/totalizer"),
        ({"battery_level": [95]}, "/battery_level"),
        ({"created_at": "2026-03-01T12:00:00"}, "/created_at"),
        ({"timestamp": "soon"}, "/timestamp"),
        ({"created_at": True}, "/created_at"),
        ({"device_id": {}}, "/device_id"),
        ({"device_id": 1.5}, "/device_id"),
        ({"device_id": "x" * 201}, "/device_id"),
        ({"quality": 1}, "/quality"),
        ({"flags": "late"}, "/flags"),
        ({"flags": ["ok", 1]}, "/flags/1"),
        ({"flags": ["x" * 65]}, "/flags/0"),
        ({"metadata": []}, "/metadata"),
        ({"metadata": "x"}, "/metadata"),
        ({"device_id": "A\0"}, "/device_id"),
        ({"metadata": {"a": ["\ud800"]}}, "/metadata/a/0"),
        ({"metadata": {"a\0": 1}}, "/metadata"),
        ({"a/b~c": {"d": "\0"}}, "/a~1b~0c/d"),
    ],
)
def test_what_is_no_reading_is_pointed_at(value: object, pointer: str) -> None:
    with pytest.raises(Rejected) as rejected:
        to_element(value, 4, ORIGIN)
    assert rejected.value.pointer == pointer


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"device_id":"A","flow_rate":1,"flow_rate":2}', "/flow_rate"),
        (b'{"device_id":"A","metadata":{"x":{"a":1,"a":2}}}', "/metadata/x/a"),
        (b'{"device_id":"A","metadata":' + b'{"m":' * 400 + b"1" + b"}" * 401, "/metadata"),
        (b'{"device_id":"A","deep":' + b"[" * 400 + b"]" * 400 + b"}", "/deep"),
    ],
)
def test_what_would_be_stored_with_loss_is_pointed_at(body: bytes, pointer: str) -> None:
    batch = normalise(split(body), ORIGIN)
    assert [(refusal.pointer, refusal.device_id) for refusal in batch.refusals] == [(pointer, "A")]


def test_a_bad_reading_leaves_the_others_and_their_places() -> None:
    values: list[object] = [{"device_id": "A", "level": 1}, {"device_id": "B", "level": "x"}, 7, {"device_id": "C"}]
    batch = normalise(values, ORIGIN)
    assert batch.indexes == [0, 3]
    assert [made["body_index"] for made in batch.elements] == [0, 3]
    assert [(refusal.index, refusal.device_id, refusal.raw) for refusal in batch.refusals] == [
        (1, "B", values[1]),
        (2, None, 7),
    ]


@pytest.mark.parametrize("body", [b"{}", b"[]", b" [ ] "])
def test_an_empty_body_holds_no_readings(body: bytes) -> None:
    assert split(body) == []


@pytest.mark.parametrize("body", [b"5", b'"text"', b"null", b"true"])
def test_a_bare_value_is_no_body(body: bytes) -> None:
    with pytest.raises(strict_json.NotJsonError):
        split(body)


def test_a_thousand_readings_are_the_most() -> None:
    assert len(split(b"[" + b",".join([b"{}"] * 1000) + b"]")) == 1000
    with pytest.raises(TooManyReadingsError):
        split(b"[" + b",".join([b"{}"] * 1001) + b"]")
