"""Arbitrary JSON and bytes: nothing but the documented errors, and nothing that was sent is lost."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fluxio_api.ingest import strict_json
from fluxio_api.ingest.batch import normalise, split
from fluxio_api.ingest.directory import Directory
from fluxio_api.ingest.formats import FORMATS, take_apart
from fluxio_api.ingest.formats.items import FlatReading, GatewayState, RegisterRecord
from fluxio_api.ingest.intake import Intake
from fluxio_api.ingest.reading import Origin
from fluxio_api.ingest.unpack import NotUnpackableError, TooLargeError, unpack
from fluxio_api.problems import InvalidJson, PayloadTooLarge
from support.bodies import BODIES, NIVUS, SECOND, SONIC

from .reader import RECEIVED_AT, Plant, Shelf, arrival

LIMIT = 65_536
PROFILE = settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])

WORDS = st.sampled_from(
    ["device_id", "server_name", "server_id", "ip", "name", "full_addr", "addr", "size", "data", "raw_data",
     "timestamp", "date_iso_8601", "date", "flow_rate", "FlowRate", "totalizer", "level", "metadata", "flags",
     "quality", "ID", "TS", "ST", "VR", "i", "a", "value", "serial", "rssi", "pipe1", "cell", "created_at", ""]
)  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=12),
    st.sampled_from([NIVUS, SECOND, SONIC, "1", "3", "300011", 11, "0x0B", 5, "[0,15872]", "[0.125000]", "[nan]",
                     "0,125", "[125,1,2,3,4,30]", "N/A", "2026-02-18T09:52:10+0530", 1771388530, 1e308, -1e308, 10**400,
                     "\0", "\ud800", "flow_rate", 2, "1e400"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=7),
    max_leaves=25,
)
BYTES = st.one_of(
    st.binary(max_size=300),
    st.sampled_from(sorted(BODIES.values())).flatmap(
        lambda body: st.tuples(st.integers(0, len(body)), st.binary(max_size=3)).map(
            lambda cut: body[: cut[0]] + cut[1] + body[cut[0] + len(cut[1]) :]
        )
    ),
    VALUES.map(strict_json.dump),
    VALUES.map(strict_json.dump).map(gzip.compress),
)


def leaves(value: object) -> Iterator[str]:
    """The scalars of a value, as JSON, with the name each stands under."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield json.dumps(name)
            yield from leaves(member)
    elif isinstance(value, list):
        for member in value:
            yield from leaves(member)
    else:
        yield json.dumps(value)


@PROFILE
@given(BYTES, st.sampled_from(["", "gzip", "deflate", "gzip, deflate", "identity", "x-gzip"]))
def test_unpacking_answers_or_says_why_not(body: bytes, encoding: str) -> None:
    with suppress(NotUnpackableError, TooLargeError):
        assert len(unpack(body, encoding, limit=LIMIT)) <= LIMIT


@PROFILE
@given(VALUES)
def test_what_is_packed_is_unpacked(value: object) -> None:
    body = strict_json.dump([value])
    assert unpack(gzip.compress(body), "gzip", limit=10 * LIMIT) == body


@PROFILE
@given(BYTES)
def test_parsing_answers_or_says_why_not(body: bytes) -> None:
    try:
        value = strict_json.parse(body)
    except strict_json.NotJsonError:
        return
    strict_json.dump(value)


@PROFILE
@given(st.dictionaries(WORDS, VALUES, max_size=8))
def test_every_format_answers_for_every_object(value: dict[str, object]) -> None:
    for one in FORMATS:
        if one.claims(value):
            list(one.items(value))


@PROFILE
@given(st.lists(VALUES, max_size=4))
def test_no_leaf_of_a_body_is_lost_when_it_is_taken_apart(values: list[object]) -> None:
    kept: list[str] = []
    for part in take_apart(values):
        if isinstance(part, FlatReading | RegisterRecord):
            kept += [*leaves(part.value), *leaves(dict(part.around)), json.dumps(part.input_name)]
        elif isinstance(part, GatewayState):
            kept += [*leaves(part.value), json.dumps(part.input_name)]
    # Only an input that holds nothing leaves nothing, but for its name; nor do names around nothing.
    sent = {leaf for value in values for leaf in leaves(value) if isinstance(value, dict) and _holds(value)}
    sent |= {leaf for value in values if not isinstance(value, dict) for leaf in leaves(value)}
    assert sent - set(kept) <= {json.dumps(name) for value in values if isinstance(value, dict) for name in value}


def _holds(value: dict[str, object]) -> bool:
    return any(isinstance(part, FlatReading | RegisterRecord) for part in take_apart([value]))


@PROFILE
@given(st.lists(VALUES, max_size=4), st.sampled_from(["", NIVUS, "GONE"]))
def test_every_reading_is_an_element_a_refusal_or_in_a_letter(values: list[object], header: str) -> None:
    marks: dict[str, RegisterRecord | FlatReading] = {}
    for number, part in enumerate(list(take_apart(values))):
        if isinstance(part, RegisterRecord | FlatReading) and isinstance(part.value, dict):
            part.value[f"mark {number}."] = True
            marks[f"mark {number}."] = part
    batch = normalise(values, Origin("key", RECEIVED_AT, "00", header, {"flow_rate": "m3/s"}), Directory(Plant()))
    left = [left.raw for left in batch.leftovers]
    # A mark may make of a member beside a record the gateway's state.
    kept = strict_json.dump([batch.elements, [refusal.raw for refusal in batch.refusals], left, batch.state]).decode()
    lost = [part for mark, part in marks.items() if mark not in kept]
    # A status word alone that says all is well is no reading.
    assert all(isinstance(part, RegisterRecord) and part.fields.get("addr") in {5, 6, "5", "6"} for part in lost)
    assert batch.indexes == sorted(batch.indexes)


@PROFILE
@given(BYTES, st.sampled_from(["", "application/x-ndjson", "application/json"]))
def test_a_body_is_answered_or_kept(body: bytes, content_type: str) -> None:
    shelf = Shelf()
    try:
        results = Intake(shelf, Plant(), max_body_bytes=LIMIT).take(arrival(body, content_type=content_type))
    except InvalidJson:
        assert [letter.body for letter in shelf.letters] == ([body] if body else [])
    except PayloadTooLarge:
        assert shelf.elements == []
    else:
        assert [result["index"] for result in results] == sorted({result["index"] for result in results})  # type: ignore[type-var] # integers
        for letter in shelf.letters:
            if letter.content_type == "application/json":
                split(letter.body)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (b"[", b"]"),
        (b'{"a":', b"}"),
        (b'{"gw":{"serial":1},"a":[', b"]}"),
        (b'{"pipe1":[{"full_addr":"300011","data":[', b"]}]}"),
        (b'{"device_id":"A","flow_rate":1,"metadata":{"a":[', b"]}}"),
    ],
)
def test_nesting_is_followed_or_refused_at_every_depth(start: bytes, end: bytes) -> None:
    for depth in (*range(1, 40), *range(40, 1100, 9)):
        body = start + b"[" * depth + b"1" + b"]" * depth + end
        shelf = Shelf()
        with suppress(InvalidJson):
            Intake(shelf, Plant()).take(arrival(body))
        assert shelf.elements or shelf.letters, depth
