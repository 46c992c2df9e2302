"""Requests: compression by agreement, the time of the answers, and whom to believe."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from fluxio_edge.api import Outcome, Settled
from fluxio_edge.errors import ConfigError
from fluxio_edge.reading import Reading
from fluxio_edge.spool import Spooled
from fluxio_edge.tls import certificate_fault, trusted
from fluxio_edge.transport import Transport

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
BATCH = [Spooled(seq, Reading("M1", str(seq), json.dumps({"n": seq, "x": "y" * 100}))) for seq in range(20)]


class Api:
    def __init__(self, *, takes_gzip: bool) -> None:
        self.takes_gzip = takes_gzip
        self.bodies: list[bytes] = []
        self.encodings: list[str | None] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        encoding = request.headers.get("content-encoding")
        self.encodings.append(encoding)
        if encoding and not self.takes_gzip:
            return httpx.Response(415, json={"code": "unsupported_encoding"})
        body = gzip.decompress(request.content) if encoding else request.content
        self.bodies.append(request.content)
        results = [{"index": index, "verdict": "new"} for index in range(len(json.loads(body)))]
        return httpx.Response(200, json={"results": results}, headers={"date": "Tue, 01 Dec 2026 12:00:30 GMT"})


def post(
    api: Callable[[httpx.Request], httpx.Response], *batches: list[Spooled], gzip_from: int = 1000
) -> list[Outcome]:
    async def attempts() -> list[Outcome]:
        async with httpx.AsyncClient(transport=httpx.MockTransport(api)) as client:
            transport = Transport(client, "https://api.example", timeout_s=5, gzip_from=gzip_from)
            return [await transport.post_readings("flx_x", batch) for batch in batches]

    return asyncio.run(attempts())


def test_large_bodies_are_compressed_and_small_ones_are_not() -> None:
    api = Api(takes_gzip=True)
    large, small = post(api, BATCH, BATCH[:1])
    assert large == Settled(tuple(range(20)), ())
    assert small == Settled((0,), ())
    assert api.encodings == ["gzip", None]
    assert len(api.bodies[0]) < 500


def test_nothing_is_compressed_if_so_configured() -> None:
    api = Api(takes_gzip=True)
    post(api, BATCH, gzip_from=0)
    assert api.encodings == [None]


def test_an_api_that_does_not_know_compression_is_not_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    api = Api(takes_gzip=False)
    with caplog.at_level(logging.INFO, "fluxio_edge"):
        outcomes = post(api, BATCH, BATCH)
    assert outcomes == [Settled(tuple(range(20)), ())] * 2, "no reading pays for it"
    assert api.encodings == ["gzip", None, None]
    assert [record.message for record in caplog.records if record.name.startswith("fluxio_edge")] == [
        "link: the API takes no compressed bodies; they are sent as they are from now on"
    ]


def test_an_answer_tells_the_time() -> None:
    heard: list[tuple[datetime | None, float]] = []

    async def ask() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answers.pop)) as client:
            transport = Transport(client, "https://api.example", timeout_s=5, heard=lambda *told: heard.append(told))
            while answers:
                assert await transport.ask() is None

    good = {"date": "Tue, 01 Dec 2026 12:00:30 GMT"}
    answers = Answers(
        [
            httpx.Response(503, json={"code": "database_unavailable"}, headers=good),
            httpx.Response(200, json={}, headers={"date": "yesterday"}),
            httpx.Response(200, json={}),
            httpx.Response(200, html="<p>Log in</p>", headers=good),
        ]
    )
    asyncio.run(ask())
    moments, round_trips = zip(*heard, strict=True)
    assert moments == (None, None, datetime(2026, 12, 1, 12, 0, 30, tzinfo=UTC)), "a portal's clock is nothing to go by"
    assert all(0 <= round_trip < 5 for round_trip in round_trips)


class Answers:
    def __init__(self, answers: list[httpx.Response]) -> None:
        self._answers = answers

    def __len__(self) -> int:
        return len(self._answers)

    def pop(self, _: httpx.Request) -> httpx.Response:
        return self._answers.pop()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (9, "the API's certificate is not valid yet; the gateway's clock says 2026-12-01 12:00 UTC: is it set?"),
        (10, "the API's certificate has expired; the gateway's clock says 2026-12-01 12:00 UTC"),
        (18, "the API's certificate is of an issuer that is not trusted here; name your own in ca_file of [api]"),
        (19, "the API's certificate is of an issuer that is not trusted here; name your own in ca_file of [api]"),
        (20, "the API's certificate is of an issuer that is not trusted here; name your own in ca_file of [api]"),
        (62, "the API's certificate is for another host: in OpenSSL's words"),
        (64, "the API's certificate is for another host: in OpenSSL's words"),
        (23, "the API's certificate is not accepted: in OpenSSL's words"),
    ],
)
def test_a_certificate_that_is_not_accepted_is_told_in_words(code: int, said: str) -> None:
    fault = ssl.SSLCertVerificationError()
    fault.verify_code, fault.verify_message = code, "in OpenSSL's words"
    error = httpx.ConnectError("failed")
    error.__cause__ = OSError("in between")
    error.__cause__.__context__ = fault
    assert certificate_fault(error, NOW) == said


def test_another_failure_is_no_certificates() -> None:
    assert certificate_fault(httpx.ConnectError("refused"), NOW) is None


def test_an_issuers_file_that_is_none_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        trusted(tmp_path / "none.pem")
    (tmp_path / "ca.pem").write_text("hello")
    with pytest.raises(ConfigError, match="holds no certificates in PEM form"):
        trusted(tmp_path / "ca.pem")
    assert trusted(None) is True
