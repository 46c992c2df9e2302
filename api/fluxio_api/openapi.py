"""The OpenAPI document: /openapi.json, and docs/openapi.json, which is a copy.

`python -m fluxio_api > docs/openapi.json` writes the copy anew.
"""

from __future__ import annotations

import json
from importlib.metadata import version

from flask import Blueprint, Response
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from . import contract

Json = dict[str, object]

_MODELS: tuple[type[BaseModel], ...] = (
    contract.Reading, contract.Ingested, contract.Service, contract.Alive, contract.Ready, contract.Problem,
    contract.NothingAccepted, contract.NotReady,
)  # fmt: skip

_PROBLEM = "application/problem+json"
_REQUEST_ID: Json = {
    "X-Request-ID": {"description": "Named by the log line of the request too.", "schema": {"type": "string"}}
}
_AUTHENTICATE: Json = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
_RETRY_AFTER: Json = {
    "Retry-After": {"description": "[s]", "required": True, "schema": {"type": "string", "pattern": "^[0-9]+$"}}
}


def document() -> Json:
    """The whole document."""
    _, definitions = models_json_schema(
        [(model, "validation") for model in _MODELS], ref_template="#/components/schemas/{model}"
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "FluxIO",
            "version": version("fluxio"),
            "description": "Flow meters' readings, from gateways. See docs/api.md for what is meant.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": {
            "/api/ingest": {"get": _describe(), "post": _ingest()},
            "/healthz": {"get": _healthz()},
            "/readyz": {"get": _readyz()},
        },
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "bearerKey": {"type": "http", "scheme": "bearer", "description": "The same key."},
            },
        },
    }


def blueprint() -> Blueprint:
    """/openapi.json."""
    bp = Blueprint("openapi", __name__)
    body = json.dumps(document())

    @bp.get("/openapi.json")
    def openapi() -> Response:
        """The document, for anyone."""
        return Response(body, mimetype="application/json", headers={"Cache-Control": "no-cache"})

    return bp


def _ingest() -> Json:
    reading = {"$ref": "#/components/schemas/Reading"}
    return {
        "operationId": "ingest",
        "summary": "Store the readings of one body; sending it again is harmless.",
        "description": "At most 1 MiB. Content-Type does not matter. Bodies of gateways' own formats are read too.",
        "security": [{"key": []}, {"bearerKey": []}],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"anyOf": [reading, {"type": "array", "items": reading, "maxItems": 1000}]}
                }
            },
        },
        "responses": {
            "200": _answer("At least one reading was accepted, or the body held none: all is committed.", "Ingested"),
            "202": _answer("The database is away: the body is on the API's disk and will be stored.", "Ingested"),
            "400": _problem("No JSON (`invalid_json`), or a body that broke off (`invalid_request`)."),
            "401": _problem("No good key (`invalid_key`).", headers=_AUTHENTICATE),
            "413": _problem("Too many bytes or readings (`payload_too_large`, `too_many_readings`)."),
            "415": _problem("A Content-Encoding that is not read (`unsupported_encoding`)."),
            "422": _problem("Every reading conflicts or is rejected (`nothing_accepted`).", model="NothingAccepted"),
            "429": _problem("Too many POSTs (`rate_limited`).", headers=_RETRY_AFTER),
            "503": _problem("The database is away or busy (`database_unavailable`).", headers=_RETRY_AFTER),
        },
    }


def _describe() -> Json:
    return {
        "operationId": "describe",
        "summary": "Who answers here.",
        "security": [],
        "responses": {"200": _answer("It runs.", "Service")},
    }


def _healthz() -> Json:
    return {
        "operationId": "healthz",
        "summary": "Whether the process answers; it asks nothing else.",
        "security": [],
        "responses": {"200": _answer("It does.", "Alive")},
    }


def _readyz() -> Json:
    return {
        "operationId": "readyz",
        "summary": "Whether requests can be served.",
        "security": [],
        "responses": {
            "200": _answer("They can.", "Ready"),
            "503": _problem("They cannot (`not_ready`).", model="NotReady", headers=_RETRY_AFTER),
        },
    }


def _answer(description: str, model: str) -> Json:
    return {"description": description, "headers": _REQUEST_ID, "content": _content("application/json", model)}


def _problem(description: str, *, model: str = "Problem", headers: Json | None = None) -> Json:
    return {
        "description": description,
        "headers": _REQUEST_ID | (headers or {}),
        "content": _content(_PROBLEM, model),
    }


def _content(media_type: str, model: str) -> Json:
    return {media_type: {"schema": {"$ref": f"#/components/schemas/{model}"}}}
