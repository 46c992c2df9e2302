"""Parameters and bodies of people's requests, read strictly."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, TypeVar

from flask import request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from .. import http_edge
from ..ingest import strict_json
from ..ingest.times import read_time
from ..problems import InvalidJson, InvalidRequest

Model = TypeVar("Model", bound=BaseModel)

#: The + of an offset that was not escaped in a query arrives as a blank.
_BLANK_OFFSET = re.compile(r" (?=[0-9]{2}:?[0-9]{2}$)")

#: What a regular expression of PostgreSQL's does not take as itself.
_SPECIAL = re.compile(r"[][.^$*+?(){}|\\]")


def _instant(value: object) -> datetime:
    return read_time(_BLANK_OFFSET.sub("+", value) if isinstance(value, str) else value)


Instant = Annotated[datetime, BeforeValidator(_instant), Field(examples=["2026-03-01T12:00:00+00:00"])]
#: Text that PostgreSQL can hold.
Text = Annotated[str, StringConstraints(pattern="^[^\\x00]*$", max_length=2000)]
DeviceId = Annotated[
    str, StringConstraints(pattern="^[^\\x00]+$", min_length=1, max_length=200), Field(examples=["NIVUS_01"])
]


class Parameters(BaseModel):
    """Base of a route's query; an unknown parameter is refused, or a typing error would widen the answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoParameters(Parameters):
    """The query of a route that takes none."""


class Body(BaseModel):
    """Base of a route's body."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def containing(text: str) -> str:
    """PostgreSQL's regular expression for what contains `text`."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def read_query(model: type[Model]) -> Model:
    """The query as `model`; raises InvalidRequest naming each faulty parameter."""
    repeated = [name for name, values in request.args.lists() if len(values) > 1]
    if repeated:
        raise InvalidRequest("A parameter is given twice.", errors=[{"parameter": name} for name in repeated])
    try:
        return model.model_validate(request.args.to_dict())
    except ValidationError as error:
        faults = [
            {"parameter": ".".join(map(str, fault["loc"])), "detail": fault["msg"]}
            for fault in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise InvalidRequest(f"{len(faults)} parameter(s) are not understood.", errors=faults) from None


def read_body(model: type[Model]) -> Model:
    """The body as `model`; raises InvalidJson, and InvalidRequest pointing at each fault."""
    try:
        value = strict_json.parse(http_edge.read_body())
    except strict_json.NotJsonError as fault:
        raise InvalidJson(f"The body must be a JSON object: {fault}.") from None
    try:
        return model.model_validate_json(strict_json.dump(value))
    except ValidationError as error:
        faults = [
            {"pointer": "".join(f"/{part}" for part in fault["loc"]), "detail": fault["msg"]}
            for fault in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise InvalidRequest(f"{len(faults)} value(s) are not understood.", errors=faults) from None
