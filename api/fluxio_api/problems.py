"""Errors a client can act on, as RFC 9457 problem documents with a stable `code`.

Problem
  InvalidJson             400  invalid_json: the body is not one JSON object or array
  InvalidRequest          400  invalid_request: a parameter or member is not what the route documents
  Unauthenticated         401  invalid_key or invalid_token
  Forbidden               403  forbidden: the person's role may not
  NotFound                404  not_found: no such row, or not the person's to see
  Conflict                409  conflict: the row's state forbids it
  PayloadTooLarge         413  payload_too_large, too_many_readings
  UnsupportedEncoding     415  unsupported_encoding
  NothingAccepted         422  nothing_accepted: every reading was rejected or conflicts
  RateLimited             429  rate_limited: too many requests with one key, or of unknown keys from one address
  Unavailable             503  database_unavailable: send the same again after Retry-After
  ArchiveUnavailable      503  archive_unavailable: readings that are in the archive alone cannot be read now
  NotReady                503  not_ready: of /readyz only, with what is wrong
  TimedOut                504  timeout: the database took too long over a person's call
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from flask import Flask, Response, g, json, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

_log = logging.getLogger(__name__)

#: How long a client should wait before it repeats [s].
RETRY_AFTER_S = 5

#: Codes of errors that Flask itself raises.
_HTTP_CODES = {
    400: "invalid_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    415: "unsupported_encoding",
}


class Problem(Exception):  # noqa: N818 - the name of the document it becomes
    """Base of every error this API raises on purpose.

    `detail` is for people and may change; `code` is for programs and may not.
    `members` become members of the document.
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    default_code: ClassVar[str] = "internal_error"
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, detail: str, *, code: str | None = None, **members: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.members = members


class InvalidJson(Problem):
    """The body is not one JSON object or array."""

    status = HTTPStatus.BAD_REQUEST
    default_code = "invalid_json"


class InvalidRequest(Problem):
    """A parameter or member is not what the route documents; `errors` points at each."""

    status = HTTPStatus.BAD_REQUEST
    default_code = "invalid_request"


class Unauthenticated(Problem):
    """No key or token, or one that is unknown, expired or revoked."""

    status = HTTPStatus.UNAUTHORIZED
    default_code = "invalid_key"
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class Forbidden(Problem):
    """The person's role may not do this."""

    status = HTTPStatus.FORBIDDEN
    default_code = "forbidden"


class NotFound(Problem):
    """There is no such row, or it is not the person's to see."""

    status = HTTPStatus.NOT_FOUND
    default_code = "not_found"


class Conflict(Problem):
    """The row exists already, or its state forbids the change."""

    status = HTTPStatus.CONFLICT
    default_code = "conflict"


class PayloadTooLarge(Problem):
    """The body has too many bytes or readings."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_code = "payload_too_large"


class UnsupportedEncoding(Problem):
    """The body has a Content-Encoding that is not read."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    default_code = "unsupported_encoding"


class NothingAccepted(Problem):
    """Every reading of a body was rejected or conflicts."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    default_code = "nothing_accepted"


class RateLimited(Problem):
    """Too many requests; another has room in `wait_s` seconds."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    default_code = "rate_limited"

    def __init__(self, detail: str, *, wait_s: float) -> None:
        super().__init__(detail)
        self.wait_s = wait_s


class Unavailable(Problem):
    """The database did not answer; the client may send the same again."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "database_unavailable"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": str(RETRY_AFTER_S)}


class TimedOut(Problem):
    """The database took longer over a person's call than it may; a smaller question may be answered."""

    status = HTTPStatus.GATEWAY_TIMEOUT
    default_code = "timeout"


class ArchiveUnavailable(Problem):
    """Readings that are in the archive alone cannot be read; the client may send the same again."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "archive_unavailable"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": str(RETRY_AFTER_S)}


class NotReady(Problem):
    """Something that requests need is missing; `checks` names it."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "not_ready"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": str(RETRY_AFTER_S)}


def document(status: int, code: str, detail: str, **members: object) -> Response:
    """One problem document as an answer; RFC 9457, section 3."""
    body = {
        "type": f"/problems/{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "code": code,
        "request_id": g.get("request_id"),
        **members,
    }
    return Response(json.dumps(body), status, mimetype="application/problem+json")


def register(app: Flask) -> None:
    """Turn every error that leaves a view into one problem document."""

    @app.errorhandler(Problem)
    def _known(error: Problem) -> Response:
        answer = document(error.status, error.code, error.detail, **error.members)
        answer.headers.update(error.headers)
        if isinstance(error, RateLimited):
            answer.headers["Retry-After"] = str(max(1, math.ceil(error.wait_s)))
        return answer

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> ResponseReturnValue:
        status = error.code or 500
        if status < 400:
            return error
        code = _HTTP_CODES.get(status, "http_error" if status < 500 else "internal_error")
        answer = document(status, code, error.description or error.name)
        for name, value in error.get_headers():
            if name in {"Allow", "Retry-After", "WWW-Authenticate"}:
                answer.headers[name] = value
        return answer

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> Response:
        _log.error("unhandled error, request %s", g.get("request_id"), exc_info=error)
        return document(500, "internal_error", "The request failed; the failure has been logged.")
