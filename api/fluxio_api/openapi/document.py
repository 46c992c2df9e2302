"""The whole document, from an app's rules and what its views say of themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from http import HTTPStatus
from importlib.metadata import version
from itertools import groupby
from typing import Any, cast

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from .codes import CODES
from .examples import example_of
from .operation import Caller, Operation, operation_of

#: A JSON object.
Json = dict[str, Any]

#: Files of the page and of /docs: what a browser loads, not what a program calls.
FILES = frozenset({"page.file", "docs.page", "docs.style"})

_ABOUT = (
    "Flow meters' readings: gateways write with a key; people read with their access token and see what row security "
    "lets them. Units are m3/h, m3, degC, bar, m, m/s, % and dBm; times have an offset. Every error is a problem "
    "document (RFC 9457) with a stable `code`. `next` of an answer, where it is not null, is `after` of the request "
    "for the page behind it. docs/api.md says what is meant."
)

_SECURITY: dict[Caller, list[Json]] = {
    "person": [{"person": []}],
    "gateway": [{"key": []}, {"bearerKey": []}],
    "staff": [{"metricsToken": []}],
    "anyone": [],
}
_SCHEMES: Json = {
    "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "bearerKey": {"type": "http", "scheme": "bearer", "description": "The same key."},
    "person": {
        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
        "description": "The access token of a sign-in with Supabase Auth.",
    },
    "metricsToken": {"type": "http", "scheme": "bearer", "description": "FLUXIO_METRICS_TOKEN."},
}  # fmt: skip

_TEXT: Json = {"type": "string"}
_HEADERS: Json = {
    "X-Request-ID": {"description": "Named by the log line of the request too.", "required": True, "schema": _TEXT},
    "WWW-Authenticate": {"required": True, "schema": _TEXT},
    "Retry-After": {"description": "[s]", "required": True, "schema": {**_TEXT, "pattern": "^[0-9]+$"}},
    "ETag": {"required": True, "schema": _TEXT},
}
_HEADERS_OF = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}
_IF_NONE_MATCH: Json = {
    "name": "If-None-Match", "in": "header", "required": False, "schema": _TEXT,
    "description": "The ETag of an answer: 304 while nothing has changed.",
}  # fmt: skip
#: A variable of a rule: its converter and its name.
_VARIABLE = re.compile(r"<(?:(\w+):)?(\w+)>")
_CONVERTERS: dict[str, Json] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0},
}


def document(app: Flask) -> Json:
    """The document of every operation of `app`; raises TypeError for a route that says nothing of itself."""
    operations = list(_operations(app))
    schemas = _schemas([each for _, _, each in operations])
    paths: Json = {}
    for rule, method, each in operations:
        paths.setdefault(path_of(rule), {})[method.lower()] = _described(rule, each, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "FluxIO",
            "version": version("fluxio"),
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {"schemas": schemas, "headers": _HEADERS, "securitySchemes": _SCHEMES},
    }


def path_of(rule: Rule) -> str:
    """The path as OpenAPI writes it: /api/keys/{key_id}."""
    return _VARIABLE.sub(r"{\2}", rule.rule)


def _operations(app: Flask) -> Iterator[tuple[Rule, str, Operation]]:
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods or ()))):
        if rule.endpoint in FILES:
            continue
        found = operation_of(app.view_functions[rule.endpoint])
        if found is None:
            raise TypeError(f"{rule.endpoint} is not described: put @operation beside it")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method, found


def _schemas(operations: list[Operation]) -> Json:
    models: dict[type[BaseModel], None] = {}
    for each in operations:
        named = (each.answers, each.body, *(CODES[code].model for code in each.problems))
        models.update(dict.fromkeys(model for model in named if model is not None))
    _, definitions = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    return cast("Json", definitions["$defs"])


def _described(rule: Rule, each: Operation, schemas: Json) -> Json:
    found: Json = {
        "operationId": each.name or rule.endpoint.replace(".", "_"),
        "tags": [rule.endpoint.partition(".")[0]],
        "summary": each.summary,
    }
    if each.description:
        found["description"] = each.description
    found["security"] = _SECURITY[each.caller]
    parameters = [*_in_path(rule), *_in_query(each.query), *([_IF_NONE_MATCH] if each.is_cached else [])]
    if parameters:
        found["parameters"] = parameters
    if each.body is not None:
        found["requestBody"] = {"required": True, "content": _content("application/json", each.body, schemas)}
    found["responses"] = {**_successes(each, schemas), **_problems(each)}
    return found


def _in_path(rule: Rule) -> Iterator[Json]:
    for converter, name in _VARIABLE.findall(rule.rule):
        schema = _CONVERTERS.get(converter, {"type": "string", "minLength": 1})
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(model: type[BaseModel] | None) -> Iterator[Json]:
    if model is None:
        return
    schema = model.model_json_schema()
    for name, told in schema.get("properties", {}).items():
        own = dict(told)
        description = own.pop("description", None)
        own.pop("title", None)
        [*kinds] = [kind for kind in own.pop("anyOf", []) if kind != {"type": "null"}]
        if own.get("default", "") is None:
            del own["default"]
        own = {**(kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {}), **own}
        parameter = {"name": name, "in": "query", "required": name in schema.get("required", []), "schema": own}
        yield parameter | ({"description": description} if description else {})


def _successes(each: Operation, schemas: Json) -> Json:
    content: Json = _content("application/json", each.answers, schemas) if each.answers is not None else {}
    content |= {media_type: {"schema": _TEXT} for media_type in each.media_types}
    headers = _headers(*(("ETag",) if each.is_cached else ()))
    found: Json = {}
    for status, description in {each.status: _done(each), **each.also}.items():
        found[str(status)] = {"description": description, "headers": headers}
        if content:
            found[str(status)]["content"] = content
    if each.is_cached:
        found["304"] = {"description": "Nothing has changed since If-None-Match.", "headers": headers}
    return found


def _done(each: Operation) -> str:
    if each.answers is not None:
        return inspect.cleandoc(each.answers.__doc__ or "").partition("\n")[0]
    return "Done; there is no body." if each.status == HTTPStatus.NO_CONTENT else "Done."


def _problems(each: Operation) -> Json:
    codes = sorted(each.problems, key=lambda code: CODES[code].status)
    found: Json = {}
    for status, group in groupby(codes, key=lambda code: CODES[code].status):
        names = list(group)
        [model] = {CODES[name].model for name in names}
        schema = {"$ref": f"#/components/schemas/{model.__name__}", "properties": {"code": {"enum": names}}}
        found[str(status)] = {
            "description": "; ".join(f"`{name}`: {CODES[name].meaning}" for name in names) + ".",
            "headers": _headers(*_HEADERS_OF.get(status, ())),
            "content": {"application/problem+json": {"schema": schema}},
        }
    return found


def _headers(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-ID", *names)}


def _content(media_type: str, model: type[BaseModel], schemas: Json) -> Json:
    reference = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {media_type: {"schema": reference, "example": example_of(reference, schemas)}}
