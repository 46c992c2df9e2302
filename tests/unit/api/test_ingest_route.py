from __future__ import annotations

import hashlib
import json

import pytest
from flask.testing import FlaskClient

from .conftest import SHARED_KEY, Shelf

KEY = {"x-api-key": SHARED_KEY}


def test_the_seeds_example_is_answered_as_the_seeds_say(client: FlaskClient) -> None:
    answer = client.post(
        "/api/ingest",
        json={"device_id": "NIVUS_01", "flow_rate": 12.5, "totalizer": 4500.25, "temperature": 22.3},
        headers=KEY,
    )
    assert answer.status_code == 200
    body = answer.get_json()
    assert (body["success"], body["message"]) == (True, "Data ingested successfully")
    result = body["results"][0]
    assert (result["index"], result["device_id"], result["success"], result["verdict"]) == (0, "NIVUS_01", True, "new")


@pytest.mark.parametrize("body", ["{}", "[]"])
def test_an_empty_body_is_fine(client: FlaskClient, shelf: Shelf, body: str) -> None:
    answer = client.post("/api/ingest", data=body, headers=KEY)
    assert (answer.status_code, answer.get_json()["results"]) == (200, [])


@pytest.mark.parametrize("path", ["/api/ingest", "/api/ingest/", "/api//ingest"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_spelling_of_the_path_is_redirected(client: FlaskClient, path: str, method: str) -> None:
    answer = client.open(path, method=method, data="[]", headers=KEY)
    assert answer.status_code == 200


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/json"])
def test_the_content_type_does_not_matter(client: FlaskClient, shelf: Shelf, content_type: str | None) -> None:
    client.post("/api/ingest", data=b'{"device_id":"A"}', headers=KEY, content_type=content_type)
    assert [element["device_id"] for element in shelf.calls[0]] == ["A"]


def test_a_bearer_key_counts_too(client: FlaskClient) -> None:
    assert client.post("/api/ingest", data="[]", headers={"Authorization": f"Bearer {SHARED_KEY}"}).status_code == 200


def test_one_body_is_one_call_with_everything_the_database_needs(client: FlaskClient, shelf: Shelf) -> None:
    body = json.dumps([{"device_id": "A", "level": 1}, {"device_id": "B", "created_at": 1771388530}]).encode()
    client.post("/api/ingest", data=body, headers=KEY)
    assert len(shelf.calls) == 1
    untimed, timed = shelf.calls[0]
    assert untimed["api_key_id"] is None
    assert untimed["body_sha256"] == hashlib.sha256(body).hexdigest()
    assert untimed["body_index"] == 0
    assert untimed["received_at"] == timed["received_at"]
    assert timed["created_at"] == "2026-02-18T04:22:10+00:00"
    assert "body_sha256" not in timed


def test_refused_values_are_kept_as_they_came_and_keep_their_places(client: FlaskClient, shelf: Shelf) -> None:
    body = b'[{"device_id":"A","level":1},{"device_id":"B","level":"x","level":"\\u0000"},7,{"device_id":"C"}]'
    answer = client.post("/api/ingest", data=body, headers=KEY)
    assert answer.status_code == 200
    results = answer.get_json()["results"]
    assert [(result["index"], result["device_id"], result["verdict"]) for result in results] == [
        (0, "A", "new"),
        (1, "B", "rejected"),
        (2, None, "rejected"),
        (3, "C", "new"),
    ]
    (letter,) = shelf.letters
    assert letter.reason == "invalid_value"
    assert letter.body == b'[{"device_id":"B","level":"x","level":"\\u0000"},7]'
    assert "1/level" in letter.detail


def test_a_body_that_is_no_json_is_kept_byte_for_byte(client: FlaskClient, shelf: Shelf) -> None:
    body = b'{ "in1": "{"TS": "1771388530"}" }\xff'
    client.post("/api/ingest", data=body, headers=KEY, content_type="text/plain")
    (letter,) = shelf.letters
    assert (letter.reason, letter.body, letter.content_type) == ("invalid_json", body, "text/plain")


def test_anyone_may_ask_whether_it_runs(client: FlaskClient) -> None:
    body = client.get("/api/ingest").get_json()
    assert (body["status"], body["service"]) == ("ok", "FluxIO Data Ingest API")
    assert set(body) == {"status", "service", "version", "timestamp"}
