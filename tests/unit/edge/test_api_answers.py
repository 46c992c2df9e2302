"""What each answer of the API means for the readings sent."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from fluxio_edge.api import Settled, Unsettled, interpret, retry_after
from fluxio_edge.reading import Reading
from fluxio_edge.spool import Refused, Spooled

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BATCH = [Spooled(seq, Reading("M1", str(seq), "{}")) for seq in (11, 12, 13)]


def result(index: int, verdict: str, **more: str) -> dict[str, object]:
    return {"index": index, "verdict": verdict, **more}


@pytest.mark.parametrize("status", [200, 202])
def test_verdicts_settle_each_reading_by_its_index(status: int) -> None:
    results = [
        result(2, "duplicate"),
        result(0, "new"),
        result(1, "rejected", code="invalid_value", pointer="/flow_rate"),
    ]
    outcome = interpret(httpx.Response(status, json={"success": True, "results": results}), BATCH, NOW)
    assert outcome == Settled((13, 11), (Refused(12, "invalid_value", "/flow_rate"),))


@pytest.mark.parametrize("verdict", ["new", "merged", "duplicate", "queued"])
def test_these_verdicts_are_acceptance(verdict: str) -> None:
    response = httpx.Response(200, json={"results": [result(0, verdict)]})
    assert interpret(response, BATCH, NOW) == Settled((11,), ())


def test_all_refused_is_422_with_results() -> None:
    results = [result(index, "conflict", code="conflicting_values") for index in range(3)]
    outcome = interpret(httpx.Response(422, json={"results": results}), BATCH, NOW)
    assert isinstance(outcome, Settled)
    assert [each.code for each in outcome.refused] == ["conflicting_values"] * 3


def test_queued_without_results_is_acceptance_of_all() -> None:
    assert interpret(httpx.Response(202, json={"success": True}), BATCH, NOW) == Settled((11, 12, 13), ())


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, html="<html>Please log in to the network</html>"),
        httpx.Response(200, json={"success": True}),
        httpx.Response(200, json={"results": []}),
        httpx.Response(200, json={"results": [result(0, "perhaps")]}),
        httpx.Response(200, json={"results": [result(3, "new"), {"index": "0", "verdict": "new"}, "new"]}),
        httpx.Response(200, json=[result(0, "new")]),
        httpx.Response(308, headers={"location": "https://other.example"}),
        httpx.Response(404, json={"code": "not_found"}),
        httpx.Response(405),
    ],
)
def test_an_answer_without_verdicts_deletes_nothing(response: httpx.Response) -> None:
    outcome = interpret(response, BATCH, NOW)
    assert isinstance(outcome, Unsettled)
    assert outcome.kind == "strange"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "body"), (401, "key"), (403, "key"), (408, "later"), (413, "size"),
        (422, "body"), (429, "later"), (500, "later"), (502, "later"), (503, "later"), (504, "later"),
    ],
)  # fmt: skip
def test_a_problem_is_told_apart_by_its_status(status: int, kind: str) -> None:
    outcome = interpret(httpx.Response(status, json={"code": "some_code"}), BATCH, NOW)
    assert isinstance(outcome, Unsettled)
    assert (outcome.kind, outcome.code) == (kind, "some_code")
    bare = interpret(httpx.Response(status), BATCH, NOW)
    assert isinstance(bare, Unsettled)
    if status in (400, 422):
        kind = "strange"
    assert (bare.kind, bare.code) == (kind, "" if status == 413 else str(status))


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_proxys_refusal_blames_no_reading(status: int) -> None:
    for answer in (
        httpx.Response(status, html="The plain HTTP request was sent to HTTPS port"),
        httpx.Response(status, json={"code": None}),
        httpx.Response(status, content=b"[" * 100_000),
    ):
        outcome = interpret(answer, BATCH, NOW)
        assert isinstance(outcome, Unsettled)
        assert (outcome.kind, outcome.code) in {("strange", str(status)), ("size", "")}


def test_a_failure_of_the_api_itself_is_told_from_a_proxys() -> None:
    kinds = []
    for status, code in ((500, "internal_error"), (500, None), (502, "internal_error"), (400, "invalid_request")):
        outcome = interpret(httpx.Response(status, json={"code": code}), BATCH, NOW)
        assert isinstance(outcome, Unsettled)
        kinds.append(outcome.kind)
    assert kinds == ["fault", "later", "later", "later"]


def test_a_key_that_was_revoked_meanwhile_costs_no_reading() -> None:
    results = [result(index, "rejected", code="invalid_key") for index in range(3)]
    outcome = interpret(httpx.Response(422, json={"results": results}), BATCH, NOW)
    assert isinstance(outcome, Unsettled)
    assert outcome.kind == "key"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("1000000", 3600.0),
        ("nan", None),
        ("soon", None),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds
