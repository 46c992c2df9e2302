"""Holds real answers to the OpenAPI document, so that it cannot lie."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import httpx
import jsonschema_rs
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from fluxio_api.described import described_app
from fluxio_api.openapi import document
from fluxio_api.openapi.document import FILES, path_of

_APP = described_app()
_DOCUMENT = document(_APP)
_RULES = _APP.url_map.bind("api.test")

#: What the server answers before a route is asked.
_OF_THE_SERVER = {405, 414, 431}


def hold(answer: httpx.Response) -> None:
    """Fail unless `answer` is one that the document allows; what no operation answers is not looked at."""
    found = _operation(answer.request)
    if found is None or answer.status_code in _OF_THE_SERVER:
        return
    name, operation = found
    assert answer.status_code != httpx.codes.INTERNAL_SERVER_ERROR, f"{name}: a fault of ours"
    told = operation["responses"].get(str(answer.status_code))
    assert told is not None, f"{name} does not say that it answers {answer.status_code}"
    for header, reference in told.get("headers", {}).items():
        assert header in answer.headers, f"{name}: {answer.status_code} without {header}"
        pattern = _referenced(reference)["schema"].get("pattern", "")
        assert re.search(pattern, answer.headers[header]), f"{name}: {header} is {answer.headers[header]}"
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if "content" not in told:
        answer.read()
        assert answer.content == b"", f"{name}: {answer.status_code} has a body"
        return
    assert media_type in told["content"], f"{name} does not say that it answers {media_type}"
    if media_type.endswith("json"):
        answer.read()
        error = next(_validator(name, answer.status_code, media_type).iter_errors(answer.json()), None)
        assert error is None, f"{name}, {answer.status_code}, {error.instance_path if error else ''}: {error}"


def client(base_url: str, *, limits: httpx.Limits | None = None) -> httpx.Client:
    """A client whose every answer is held to the document."""
    return httpx.Client(
        base_url=base_url, timeout=30, limits=limits or httpx.Limits(), event_hooks={"response": [hold]}
    )


def _operation(request: httpx.Request) -> tuple[str, dict[str, Any]] | None:
    if request.method in {"HEAD", "OPTIONS"}:
        return None
    path = re.sub("/{2,}", "/", request.url.path)
    path = path.rstrip("/") or "/"
    try:
        rule, _ = _RULES.match(path, request.method, return_rule=True)
    except (HTTPException, RequestRedirect):
        return None
    if rule.endpoint in FILES:
        return None
    return f"{request.method} {path_of(rule)}", _DOCUMENT["paths"][path_of(rule)][request.method.lower()]


def _referenced(told: dict[str, Any]) -> dict[str, Any]:
    header: dict[str, Any] = _DOCUMENT["components"]["headers"][told["$ref"].rpartition("/")[2]]
    return header


@cache
def _validator(name: str, status: int, media_type: str) -> jsonschema_rs.Draft202012Validator:
    method, path = name.split(" ")
    told = _DOCUMENT["paths"][path][method.lower()]["responses"][str(status)]["content"][media_type]
    return jsonschema_rs.Draft202012Validator(
        {**told["schema"], "components": _DOCUMENT["components"]}, validate_formats=True
    )
