"""Examples of whole bodies, put together from those of their members."""

from __future__ import annotations

from typing import Any

_OF_FORMAT = {
    "date-time": "2026-03-01T12:00:00+00:00",
    "date": "2026-03-01",
    "uuid": "3f0c9a52-6d0e-4a57-9d0a-1f6f8f0f6b11",
}
_OF_TYPE: dict[str, object] = {"boolean": True, "object": {}, "null": None}


def example_of(schema: dict[str, Any], schemas: dict[str, Any]) -> object:
    """A value that `schema` allows: its first example, null where that is all it needs, else of its members'.

    `schemas`: what references name.
    """
    for name in ("examples", "enum"):
        if schema.get(name):
            return schema[name][0]
    if "const" in schema:
        return schema["const"]
    if "default" in schema:
        return schema["default"]
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "anyOf" in schema:
        kinds = schema["anyOf"]
        return None if {"type": "null"} in kinds else example_of(kinds[0], schemas)
    if "properties" in schema:
        return {
            name: example_of(told, schemas)
            for name, told in schema["properties"].items()
            if name in schema.get("required", []) or told.get("examples")
        }
    if schema.get("type") == "array":
        items = schema.get("items", {})
        is_told = "$ref" in items or "examples" in items or "minItems" in schema
        return [example_of(items, schemas)] if is_told else []
    if schema.get("type") in {"integer", "number"}:
        return schema.get("minimum", 1)
    return _OF_TYPE.get(schema.get("type", ""), _OF_FORMAT.get(schema.get("format", ""), "text"))
