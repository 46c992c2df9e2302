"""Every error is a problem document, whoever raised it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime

import pytest
from flask.testing import FlaskClient

from fluxio_api import requestlog
from fluxio_api.ingest.ports import Judged
from fluxio_api.problems import RETRY_AFTER_S, Unavailable

from .conftest import SHARED_KEY, Shelf

KEY = {"x-api-key": SHARED_KEY}
BROTLI = {**KEY, "Content-Encoding": "br"}
READING = {"device_id": "A", "flow_rate": 1}


@pytest.mark.parametrize(
    ("method", "path", "kwargs", "status", "code"),
    [
        ("GET", "/api/nowhere", {}, 404, "not_found"),
        ("GET", "/nothing.js", {}, 404, "not_found"),
        ("GET", "/.hidden", {}, 404, "not_found"),
        ("GET", "/../secret", {}, 404, "not_found"),
        ("DELETE", "/api/ingest", {}, 405, "method_not_allowed"),
        ("POST", "/", {}, 405, "method_not_allowed"),
        ("POST", "/api/ingest", {"json": READING}, 401, "invalid_key"),
        ("POST", "/api/ingest", {"json": READING, "headers": {"x-api-key": "wrong"}}, 401, "invalid_key"),
        ("POST", "/api/ingest", {"json": READING, "headers": {"x-api-key": "x" * 10_000}}, 401, "invalid_key"),
        ("POST", "/api/ingest", {"json": READING, "headers": {"x-api-key": "\xff\xfe\x80"}}, 401, "invalid_key"),
        ("POST", "/api/ingest", {"json": READING, "headers": {"x-api-key": "a b"}}, 401, "invalid_key"),
        ("POST", "/api/ingest", {"data": b"{", "headers": KEY}, 400, "invalid_json"),
        ("POST", "/api/ingest", {"data": b"", "headers": KEY}, 400, "invalid_json"),
        ("POST", "/api/ingest", {"data": b"5", "headers": KEY}, 400, "invalid_json"),
        ("POST", "/api/ingest", {"data": b"x" * 2_000_000, "headers": KEY}, 413, "payload_too_large"),
        ("POST", "/api/ingest", {"json": [READING] * 1001, "headers": KEY}, 413, "too_many_readings"),
        ("POST", "/api/ingest", {"data": b"x", "headers": BROTLI}, 415, "unsupported_encoding"),
        ("GET", "/api/devices", {}, 401, "invalid_token"),
        ("GET", "/api/alerts", {"headers": {"Authorization": "Bearer x.y.z"}}, 401, "invalid_token"),
        ("GET", "/api/flow-data", {"headers": {"Authorization": "Bearer sb_publishable_x"}}, 401, "invalid_token"),
        ("PATCH", "/api/alerts", {"data": b"{"}, 401, "invalid_token"),
    ],
)  # fmt: skip
def test_an_error_is_a_problem_document(
    client: FlaskClient, method: str, path: str, kwargs: dict[str, object], status: int, code: str
) -> None:
    answer = client.open(path, method=method, **kwargs)  # type: ignore[arg-type] # a table of keyword arguments
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    document = answer.get_json()
    assert document["status"] == status
    assert document["code"] == code
    assert document["type"] == f"/problems/{code}"
    assert document["request_id"] == answer.headers["X-Request-ID"]
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)
    assert ("Allow" in answer.headers) == (status == 405)


def test_an_unexpected_error_tells_nothing(client: FlaskClient, shelf: Shelf) -> None:
    shelf.failure = RuntimeError("password=hunter2")
    answer = client.post("/api/ingest", json=READING, headers=KEY)
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("body", [b'{"device_id":"A"}', b"{", b'[{"flow_rate":"x"}]'])
def test_a_database_that_is_away_is_503_and_says_when_to_repeat(client: FlaskClient, shelf: Shelf, body: bytes) -> None:
    shelf.failure = Unavailable("away")
    answer = client.post("/api/ingest", data=body, headers=KEY)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "database_unavailable")
    # Its own, not the rest of the rate limit's minute.
    assert answer.headers["Retry-After"] == str(RETRY_AFTER_S)


def test_an_unchecked_key_is_503_and_not_401(client: FlaskClient, shelf: Shelf) -> None:
    shelf.failure = Unavailable("away")
    assert client.post("/api/ingest", json=READING, headers={"x-api-key": "flx_other"}).status_code == 503


def test_nothing_accepted_is_422_with_the_results(client: FlaskClient, shelf: Shelf) -> None:
    shelf.judge = lambda index, element: Judged("A", None, "rejected", "unknown_device", "/device_id")
    answer = client.post("/api/ingest", json=[READING, {"flow_rate": "x"}], headers=KEY)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    document = answer.get_json()
    assert (document["code"], document["success"], document["message"]) == (
        "nothing_accepted", False, "No reading was accepted",
    )  # fmt: skip
    assert [(result["verdict"], result["code"], result["pointer"]) for result in document["results"]] == [
        ("rejected", "unknown_device", "/device_id"),
        ("rejected", "invalid_value", "/flow_rate"),
    ]


def test_a_key_that_the_database_refuses_is_401(client: FlaskClient, shelf: Shelf) -> None:
    shelf.judge = lambda index, element: Judged("A", None, "rejected", "invalid_key")
    answer = client.post("/api/ingest", json=READING, headers=KEY)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "invalid_key")


def test_too_many_posts_are_429_with_retry_after(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(ingest_rate_limit="2 per minute")
    answers = [client.post("/api/ingest", json=READING, headers=KEY) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].mimetype == "application/problem+json"
    assert answers[2].get_json()["code"] == "rate_limited"
    # The two hits slide out of the next minute: half of it over, there is room for one.
    assert 0 < int(answers[2].headers["Retry-After"]) <= 91, "rounded up, never early"
    assert "Retry-After" not in answers[0].headers
    assert client.get("/api/ingest").status_code == 200
    assert client.post("/api/ingest", json=READING).status_code == 401


def test_one_key_s_posts_cost_another_nothing(make_client: Callable[..., FlaskClient], shelf: Shelf) -> None:
    client = make_client(ingest_rate_limit="5 per minute; 2 per second")
    shelf.good |= {"one-key", "other-key"}

    def post(key: str) -> int:
        return client.post("/api/ingest", json=READING, headers={"x-api-key": key}).status_code

    answers = [post("one-key") for _ in range(20)]
    assert answers[:2] == [200, 200]
    assert answers[2:].count(429) >= 15
    assert [post("other-key") for _ in range(2)] == [200, 200]


def test_the_log_names_the_request_and_no_secret(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        client.post(
            "/api/ingest/?apikey=in-the-query", json=READING, headers={**KEY, "X-Request-ID": "abc-1"},
        )  # fmt: skip
        client.get("/api/devices", headers={"Authorization": "Bearer secret-token"})
        client.get("/a%0Aforged line")
    lines = [record.getMessage() for record in caplog.records if record.name == "fluxio_api.requestlog"]
    assert len(lines) == 3
    assert "method=POST path=/api/ingest/ status=200" in lines[0]
    assert "request_id=abc-1 key=shared" in lines[0]
    for secret in (SHARED_KEY, "in-the-query", "secret-token", "\n"):
        assert not any(secret in line for line in lines)


def test_the_log_says_what_became_of_the_readings(
    client: FlaskClient, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        client.post("/api/ingest", json=[READING, READING, 7], headers=KEY)
        client.get("/healthz")
    posted, asked = (record.getMessage() for record in caplog.records if record.name == "fluxio_api.requestlog")
    assert posted.endswith("key=shared readings=3 new=2 rejected=1")
    assert "readings=" not in asked


def test_a_line_of_the_log_may_be_json(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        client.post("/api/ingest", json=[READING], headers={**KEY, "X-Request-ID": "abc-1"})
        try:
            raise ValueError("of a test")
        except ValueError:
            logging.getLogger("fluxio_api.test").exception("it failed at %s", "line\n2")
    lines = [requestlog.JsonLines().format(record) for record in caplog.records]
    assert not any("\n" in line for line in lines)
    posted, failed = (json.loads(line) for line in lines[-2:])
    assert posted.pop("ms") >= 0
    datetime.fromisoformat(posted.pop("time"))
    assert posted == {
        "level": "INFO", "logger": "fluxio_api.requestlog", "method": "POST", "path": "/api/ingest", "status": 200,
        "request_id": "abc-1", "key": "shared", "readings": 1, "new": 1,
    }  # fmt: skip
    assert (failed["level"], failed["message"]) == ("ERROR", "it failed at line\n2")
    assert "ValueError: of a test" in failed["exception"]


def test_a_request_id_that_looks_odd_is_replaced(client: FlaskClient) -> None:
    answer = client.get("/api/ingest", headers={"X-Request-ID": "a b" * 50})
    assert len(answer.headers["X-Request-ID"]) == 32
