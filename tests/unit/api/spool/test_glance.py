from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest

from fluxio_api.ingest.spool.glance import glance
from fluxio_api.problems import InvalidJson, PayloadTooLarge

from .conftest import NOON, arrival

LIMIT = 10_000


def test_flat_readings_are_told_apart() -> None:
    body = [
        {"device_id": "A", "flow_rate": 1, "created_at": "2026-06-01T14:00:00+0530"},
        {"device_id": "B", "flow_rate": 2},
        {"device_id": "C", "created_at": "yesterday"},
        7,
    ]
    results = glance(arrival(json.dumps(body).encode()), limit=LIMIT)
    assert [(one["index"], one["device_id"], one["created_at"]) for one in results] == [
        (0, "A", "2026-06-01T08:30:00+00:00"),
        (1, "B", NOON.isoformat()),
        (2, "C", None),
        (3, None, None),
    ]
    assert {(one["verdict"], one["success"]) for one in results} == {("queued", True)}


@pytest.mark.parametrize("body", [b'{"pipe1":{"full_addr":"300011","data":"[0.125]"}}', b'[{"full_addr":"300011"}]'])
def test_any_other_body_is_one_result(body: bytes) -> None:
    (one,) = glance(arrival(body), limit=LIMIT)
    assert (one["index"], one["device_id"], one["created_at"], one["verdict"]) == (0, None, None, "queued")


@pytest.mark.parametrize("body", [b"[]", b"{}"])
def test_a_body_that_holds_nothing_has_no_result(body: bytes) -> None:
    assert glance(arrival(body), limit=LIMIT) == []


def test_no_json_and_too_many_readings_are_refused_as_ever() -> None:
    with pytest.raises(InvalidJson):
        glance(arrival(b"{"), limit=LIMIT)
    with pytest.raises(PayloadTooLarge):
        glance(arrival(b"[" + b"1," * 1000 + b"1]"), limit=LIMIT)


def test_a_packed_body_is_looked_into_up_to_the_limit() -> None:
    packed = replace(arrival(gzip.compress(b'{"device_id": "A"}')), content_encoding="gzip")
    assert [one["device_id"] for one in glance(packed, limit=LIMIT)] == ["A"]
    with pytest.raises(PayloadTooLarge):
        glance(replace(arrival(gzip.compress(b" " * 20_000 + b"[]")), content_encoding="gzip"), limit=LIMIT)
