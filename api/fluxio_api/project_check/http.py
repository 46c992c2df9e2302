"""Plain requests, each of which ends in an answer or in a word for why there is none."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

_TIMEOUT_S = 10.0


class NoAnswerError(Exception):
    """Nobody answered. The message names the reason, and neither the address' query nor a header."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    #: The parsed body; None where it is no JSON.
    body: Any

    @property
    def code(self) -> str:
        """PostgREST's code or the SQLSTATE, "" where there is none."""
        return str(self.body.get("code") or "") if isinstance(self.body, dict) else ""


@dataclass(frozen=True, slots=True)
class Http:
    """A client; with `key`, what it sends goes out as that key's role. Close it by `with`."""

    base: str
    key: str = ""
    token: str = ""
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False))

    def send(self, method: str, path: str, *, json: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One request; raises NoAnswerError."""
        sent = {"User-Agent": "fluxio-check-project", **(headers or {})}
        if self.key:
            sent["apikey"] = self.key
        # The new keys are no tokens; the old ones are both.
        if bearer := self.token or (self.key if self.key.startswith("eyJ") else ""):
            sent["Authorization"] = f"Bearer {bearer}"
        try:
            answer = self.client.request(method, f"{self.base}{path}", json=json, headers=sent)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeEncodeError) as error:
            raise NoAnswerError(_reason(error)) from None
        try:
            body = answer.json()
        except ValueError:
            body = None
        return Answer(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, body)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """GET; raises NoAnswerError."""
        return self.send("GET", path, headers=headers)


def _reason(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not good: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "TLS failed"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.TimeoutException):
        return f"no answer within {_TIMEOUT_S:g} s"
    if isinstance(error, UnicodeEncodeError):
        return "a key holds characters that no header can carry"
    return "nothing answers there" if isinstance(error, httpx.ConnectError) else type(error).__name__
