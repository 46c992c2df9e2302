"""What a route says of itself, beside its code."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from pydantic import BaseModel

View = TypeVar("View", bound=Callable[..., object])

#: Whose credentials a route asks for; staff: FLUXIO_METRICS_TOKEN.
Caller = Literal["person", "gateway", "staff", "anyone"]

_ATTRIBUTE = "fluxio_operation"

#: What can always come out of a route for such a caller, of one with a query, and of one with a body.
_OF_CALLER: Mapping[Caller, tuple[str, ...]] = {
    "person": ("invalid_token", "internal_error", "database_unavailable", "timeout"),
    "gateway": ("invalid_key", "internal_error"),
    "staff": (),
    "anyone": (),
}
_OF_QUERY = ("invalid_request",)
_OF_BODY = ("invalid_json", "invalid_request", "payload_too_large", "unsupported_encoding")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. Path parameters are read from the rule."""

    summary: str
    description: str
    #: The body of a success; None: it has none.
    answers: type[BaseModel] | None
    #: Its status.
    status: int = 200
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    #: Codes; see problems.py.
    problems: tuple[str, ...] = ()
    caller: Caller = "person"
    #: Successes besides the usual one: status and when.
    also: Mapping[int, str] = field(default_factory=dict)
    #: Media types besides JSON, or in its place if nothing is in `answers`.
    media_types: tuple[str, ...] = ()
    #: Whether it has an ETag and answers If-None-Match.
    is_cached: bool = False
    #: operationId, if it is not the endpoint's name.
    name: str | None = None


def operation(
    *,
    answers: type[BaseModel] | None = None,
    status: int = 200,
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    problems: tuple[str, ...] = (),
    caller: Caller = "person",
    also: Mapping[int, str] | None = None,
    media_types: tuple[str, ...] = (),
    is_cached: bool = False,
    name: str | None = None,
) -> Callable[[View], View]:
    """Describe a view; the first line of its docstring is the summary, the rest the description.

    `problems`: what it may answer besides what every route for that caller,
    with a query or with a body may.
    """

    def describe(view: View) -> View:
        summary, _, rest = inspect.cleandoc(view.__doc__ or "").partition("\n")
        if not summary:
            raise TypeError(f"{view} has no docstring")
        codes = dict.fromkeys(
            (*_OF_CALLER[caller], *(_OF_QUERY if query else ()), *(_OF_BODY if body else ()), *problems)
        )
        vars(view)[_ATTRIBUTE] = Operation(
            summary, " ".join(rest.split()), answers, status, query, body, tuple(codes), caller, also or {},
            media_types, is_cached, name,
        )  # fmt: skip
        return view

    return describe


def operation_of(view: Callable[..., object]) -> Operation | None:
    """What `view` says of itself."""
    found = vars(view).get(_ATTRIBUTE)
    return found if isinstance(found, Operation) else None
