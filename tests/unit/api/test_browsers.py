"""Headers that keep browsers from doing with an answer what it is not for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from pydantic import ValidationError

PAGE = "https://dashboard.example"
PREFLIGHT = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/ingest", 200), ("GET", "/openapi.json", 200), ("GET", "/healthz", 200), ("GET", "/", 200),
        ("GET", "/main.js", 200), ("GET", "/config.json", 200), ("GET", "/api/nowhere", 404), ("GET", "/gone.js", 404),
        ("GET", "/.hidden", 404), ("GET", "/api/devices", 401), ("POST", "/api/ingest", 401), ("DELETE", "/", 405),
        ("OPTIONS", "/api/alerts", 200), ("HEAD", "/api/ingest", 200),
    ],
)  # fmt: skip
def test_every_answer_is_hardened(client: FlaskClient, method: str, path: str, status: int) -> None:
    with client.open(path, method=method) as answer:
        headers = answer.headers
    assert answer.status_code == status
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    policy = headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} <= set(policy)
    is_page = path in {"/", "/main.js", "/config.json"} and status == 200
    assert ("script-src 'self'" in policy) == is_page
    assert len(headers.getlist("Content-Security-Policy")) == 1
    assert "Strict-Transport-Security" not in headers


def test_a_failure_is_hardened_too(client: FlaskClient, shelf: object) -> None:
    shelf.failure = RuntimeError("boom")  # type: ignore[attr-defined] # of the Shelf
    answer = client.post("/api/ingest", json={"device_id": "A"}, headers={"x-api-key": "flx_unknown"})
    assert (answer.status_code, answer.headers["X-Content-Type-Options"]) == (500, "nosniff")
    assert "boom" not in answer.text


def test_a_browser_that_came_by_tls_stays_with_it(make_client: Callable[..., FlaskClient]) -> None:
    for client, base in (
        (make_client(site_url="https://flow.example"), "http://127.0.0.1"),
        (make_client(), "https://flow.example"),
    ):
        answer = client.get("/api/ingest", base_url=base)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    plain = make_client(site_url="http://flow.example").get("/api/ingest")
    assert "Strict-Transport-Security" not in plain.headers


def test_a_page_of_another_origin_is_let_in_only_by_name(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(cors_origins=(PAGE, "https://other.example"))
    allowed = client.options("/api/alerts", headers={"Origin": PAGE, **PREFLIGHT})
    assert allowed.headers["Access-Control-Allow-Origin"] == PAGE
    assert "authorization" in allowed.headers["Access-Control-Allow-Headers"].lower()
    assert "PATCH" in allowed.headers["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in allowed.headers
    refused = client.get("/api/alerts", headers={"Origin": PAGE})
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, PAGE)
    exposed = refused.headers["Access-Control-Expose-Headers"]
    assert {"ETag", "X-Request-ID", "Retry-After"} <= set(exposed.split(", "))
    for stranger in ("https://evil.example", f"{PAGE}.evil.example", f"{PAGE}:8443", "null"):
        for answer in (
            client.get("/api/alerts", headers={"Origin": stranger}),
            client.options("/api/alerts", headers={"Origin": stranger, **PREFLIGHT}),
        ):
            assert not [name for name in dict(answer.headers) if name.startswith("Access-Control-")], stranger


def test_a_cache_tells_origins_apart(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(cors_origins=(PAGE,))
    for sent in ({}, {"Origin": PAGE}, {"Origin": "https://evil.example"}):
        answer = client.get("/config.json", headers=sent)
        assert answer.headers.getlist("Vary") == ["Origin"]
    assert "Access-Control-Allow-Origin" not in client.get("/config.json").headers


def test_brackets_of_an_address_are_no_pattern(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(cors_origins=("http://[::1]:8080",))
    seen = client.get("/config.json", headers={"Origin": "http://[::1]:8080"}).headers
    assert seen["Access-Control-Allow-Origin"] == "http://[::1]:8080"
    for stranger in ("http://1:8080", "http://::8080", "http://1:8080.evil.example"):
        assert "Access-Control-Allow-Origin" not in client.get("/config.json", headers={"Origin": stranger}).headers


def test_no_origin_is_let_in_by_default(client: FlaskClient) -> None:
    answer = client.get("/config.json", headers={"Origin": PAGE})
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    ["*", "https://*.example", "https://user@a.example", "https://a.example/", "https://a.example:443", "null",
     "a.example", "https://a.example:port"],
)  # fmt: skip
def test_an_origin_that_lets_in_others_or_nobody_is_refused(
    make_client: Callable[..., FlaskClient], origin: str
) -> None:
    with pytest.raises(ValidationError):
        make_client(cors_origins=(origin,))
