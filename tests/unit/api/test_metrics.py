"""What is counted, and who may read it. Under gunicorn: tests/integration/api/test_sight.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from fluxio_api import metrics
from fluxio_api.ingest.ports import Judged
from fluxio_api.problems import Unavailable

from .conftest import SHARED_KEY, Shelf

TOKEN = "token-of-whoever-scrapes-0123456789"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def client(make_client: Callable[..., FlaskClient]) -> FlaskClient:
    return make_client(metrics_token=TOKEN)


def samples(client: FlaskClient) -> Samples:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.fixture
def grown(client: FlaskClient) -> Callable[..., float]:
    before = samples(client)

    def by(name: str, **labels: str) -> float:
        """By how much a sample has grown within this test."""
        key = (name, frozenset(labels.items()))
        return samples(client).get(key, 0) - before.get(key, 0)

    return by


def post(client: FlaskClient, body: object, key: str = SHARED_KEY) -> int:
    content = body if isinstance(body, bytes) else json.dumps(body)
    return client.post("/api/ingest", data=content, headers={"x-api-key": key}).status_code


def test_readings_are_counted_by_verdict_and_code(
    client: FlaskClient, shelf: Shelf, grown: Callable[..., float]
) -> None:
    answers = [("new", None), ("duplicate", None), ("rejected", "unknown_device"), ("conflict", "conflicting_values")]
    shelf.judge = lambda index, element: Judged("A", NOW.isoformat(), *answers[index])  # type: ignore[arg-type] # of the table
    assert post(client, [{"device_id": "A", "flow_rate": value} for value in (1, 2, 3, 4, "x")]) == 200
    assert grown("fluxio_ingest_readings_total", verdict="new", code="") == 1
    assert grown("fluxio_ingest_readings_total", verdict="duplicate", code="") == 1
    assert grown("fluxio_ingest_readings_total", verdict="rejected", code="unknown_device") == 1
    assert grown("fluxio_ingest_readings_total", verdict="rejected", code="invalid_value") == 1
    assert grown("fluxio_ingest_readings_total", verdict="conflict", code="conflicting_values") == 1
    assert grown("fluxio_ingest_dead_letters_total", reason="unknown_device") == 1
    assert grown("fluxio_ingest_dead_letters_total", reason="conflicting_values") == 1
    assert grown("fluxio_ingest_dead_letters_total", reason="invalid_value") == 1
    assert grown("fluxio_ingest_request_readings_count") == 1
    assert grown("fluxio_ingest_request_readings_sum") == 5
    assert grown("fluxio_ingest_commit_readings_sum") == 4
    assert grown("fluxio_ingest_commit_duration_seconds_count") == 1


def test_requests_are_counted_by_status(client: FlaskClient, shelf: Shelf, grown: Callable[..., float]) -> None:
    assert post(client, []) == 200
    assert post(client, b"{") == 400
    assert post(client, [], key="wrong") == 401
    client.get("/api/ingest")
    shelf.failure = Unavailable("away")
    assert post(client, {"device_id": "A"}) == 503
    for status in ("200", "400", "401", "503"):
        assert grown("fluxio_ingest_requests_total", status=status) == 1
    assert grown("fluxio_ingest_request_duration_seconds_count") == 4
    assert grown("fluxio_ingest_dead_letters_total", reason="invalid_json") == 1


def test_the_lag_of_many_is_that_of_each(client: FlaskClient, grown: Callable[..., float]) -> None:
    lags = [-3, 0.5, 1, 1.5, 59, 3600, 3601, 10_000_000]
    results = [
        {"verdict": verdict, "created_at": (NOW - timedelta(seconds=lag)).isoformat()}
        for lag in lags
        for verdict in ("new", "duplicate")
    ]
    metrics.count_results([*results, {"verdict": "rejected", "created_at": None}], NOW)
    name = "fluxio_ingest_reading_lag_seconds"
    assert grown(f"{name}_count") == len(lags)
    # Approximately: the sum stands on what other tests of this process left.
    assert grown(f"{name}_sum") == pytest.approx(sum(max(lag, 0) for lag in lags)), "a clock ahead of ours is no lag"
    for bound in (1, 5, 60, 3600, 21_600, 604_800):
        assert grown(f"{name}_bucket", le=str(float(bound))) == sum(lag <= bound for lag in lags), bound
    assert grown(f"{name}_bucket", le="+Inf") == len(lags)


def test_a_gauge_is_read_when_somebody_asks(client: FlaskClient) -> None:
    depth = 3.0
    metrics.gauge("fluxio_test_depth", "Only of this test.", lambda: depth)
    assert samples(client)["fluxio_test_depth", frozenset()] == 3
    depth = 4
    assert samples(client)["fluxio_test_depth", frozenset()] == 4
    del metrics._gauges["fluxio_test_depth"]


def test_waiting_is_observed(client: FlaskClient, grown: Callable[..., float]) -> None:
    metrics.observe_queue_wait(0.003)
    assert grown("fluxio_ingest_queue_wait_seconds_count") == 1


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
def test_metrics_are_for_who_has_the_token(client: FlaskClient, authorization: str | None) -> None:
    answer = client.get("/metrics", headers={"Authorization": authorization} if authorization else {})
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert "fluxio_" not in answer.text


def test_without_a_token_there_are_no_metrics(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client()
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {SHARED_KEY}"}):
        assert client.get("/metrics", headers=headers).status_code == 404
