"""That answers which the OpenAPI document does not allow are noticed."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest

from support import contract

REQUEST = httpx.Request("GET", "http://api.test/healthz")
HEADERS = {"X-Request-ID": "1"}


def answer(status: int = 200, *, request: httpx.Request = REQUEST, **kwargs: object) -> httpx.Response:
    return httpx.Response(status, request=request, **{"headers": HEADERS, **kwargs})  # type: ignore[arg-type] # a table


def test_what_is_documented_passes() -> None:
    contract.hold(answer(json={"status": "ok"}))


@pytest.mark.parametrize(
    "wrong",
    [
        answer(json={"status": "fine"}),
        answer(json={"status": "ok", "more": 1}),
        answer(json={}),
        answer(text="ok"),
        answer(201, json={"status": "ok"}),
        answer(500, json={"status": "ok"}),
        answer(json={"status": "ok"}, headers={}),
        answer(404, request=httpx.Request("GET", "http://api.test/api/devices")),
        answer(204, request=httpx.Request("DELETE", f"http://api.test/api/alert-rules/{uuid4()}"), text="x"),
    ],
    ids=["value", "member", "missing", "type", "status", "fault", "header", "problem", "body"],
)
def test_what_is_not_documented_is_noticed(wrong: httpx.Response) -> None:
    with pytest.raises(AssertionError):
        contract.hold(wrong)
