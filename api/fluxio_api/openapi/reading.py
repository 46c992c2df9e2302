"""The document as people read it: what the template of /docs needs, and nothing of OpenAPI's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

Json = dict[str, Any]

_BOUNDS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "maxLength": "of at most {} characters"}
_CALLERS = {
    "person": "a person's access token (Authorization: Bearer)",
    "key": "a gateway's key (x-api-key)",
    "metricsToken": "FLUXIO_METRICS_TOKEN (Authorization: Bearer)",
}


@dataclass(frozen=True, slots=True)
class Member:
    """A parameter, or a member of a body."""

    name: str
    kind: str
    is_required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Body:
    """A request's or an answer's."""

    members: list[Member]
    example: str


@dataclass(frozen=True, slots=True)
class Call:
    """One operation."""

    name: str
    method: str
    path: str
    summary: str
    description: str
    caller: str
    parameters: list[Member]
    body: Body | None
    answer: Body | None
    #: Status and when.
    answers: list[tuple[str, str]]


def calls_of(document: Json) -> list[tuple[str, list[Call]]]:
    """The calls by what they are about, as `alert rules`, in order."""
    told = [
        (operation["tags"][0].replace("_", " "), _call(path, method, operation, document["components"]["schemas"]))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    told.sort(key=lambda each: each[0])
    return [(tag, [call for _, call in calls]) for tag, calls in groupby(told, key=lambda each: each[0])]


def _call(path: str, method: str, operation: Json, schemas: Json) -> Call:
    done = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    return Call(
        operation["operationId"],
        method.upper(),
        path,
        operation["summary"],
        operation.get("description", ""),
        _CALLERS[next(iter(operation["security"][0]))] if operation["security"] else "nothing",
        [
            Member(one["name"], _kind(one["schema"], schemas), one["required"], one.get("description", ""))
            for one in operation.get("parameters", [])
        ],
        _body(operation.get("requestBody", {}), schemas),
        _body(done, schemas),
        [(status, answer["description"]) for status, answer in operation["responses"].items()],
    )


def _body(told: Json, schemas: Json) -> Body | None:
    media = told.get("content", {}).get("application/json")
    if media is None:
        return None
    example = json.dumps(media["example"], indent=2, ensure_ascii=False)
    return Body(list(_members(media["schema"], schemas, "")), example)


def _members(schema: Json, schemas: Json, before: str) -> Iterator[Member]:
    """The members of an object, and of what is inside it: `devices[].latest.flow_rate`."""
    own = _resolved(schema, schemas)
    for name, told in own.get("properties", {}).items():
        is_required = name in own.get("required", [])
        yield Member(before + name, _kind(told, schemas), is_required, told.get("description", ""))
        yield from _members(told, schemas, f"{before}{name}.")
    if own.get("type") == "array":
        yield from _members(own.get("items", {}), schemas, f"{before.removesuffix('.')}[].")
    elif "anyOf" in own:
        objects = [kind for kind in own["anyOf"] if "$ref" in kind]
        yield from _members(objects[0], schemas, before) if objects else ()


def _resolved(schema: Json, schemas: Json) -> Json:
    found: Json = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return found


def _kind(schema: Json, schemas: Json) -> str:
    """In words: text, number, one of ..., list of ..."""
    own = _resolved(schema, schemas)
    if "const" in own:
        return json.dumps(own["const"])
    if "enum" in own:
        return " | ".join(map(str, own["enum"]))
    if "anyOf" in own:
        return " or ".join(dict.fromkeys(_kind(kind, schemas) for kind in own["anyOf"]))
    if own.get("type") == "array":
        return f"list of {_kind(own.get('items', {}), schemas)}"
    kind = str(own.get("format") or own.get("type", "any")).replace("string", "text")
    bounds = [text.format(own[name]) for name, text in _BOUNDS.items() if name in own]
    default = f", {own['default']} if left out" if own.get("default") is not None else ""
    return " ".join([kind, *bounds]) + default
