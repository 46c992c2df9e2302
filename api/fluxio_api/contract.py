"""The shapes of requests and answers, for the OpenAPI document.

They describe; the code that reads bodies is more forgiving than any schema,
because gateways cannot be taught (docs/api.md). Tests hold answers against them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, RootModel

#: A number, a number as text, or a word for "no value".
Measured = float | str | bool | list[JsonValue] | None

_ANSWER = ConfigDict(extra="forbid")


class Reading(BaseModel):
    """What a meter said at one instant. Members that are not listed are kept in `metadata.extra`."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {"device_id": "NIVUS_01", "flow_rate": 12.5, "totalizer": 4500.25, "temperature": 22.3},
                {"device_id": "NIVUS_01", "created_at": "2026-03-01T12:00:00+05:30", "flow_rate": " 0.125 "},
            ]
        },
    )

    device_id: Annotated[str | int | None, Field(description="As registered.")] = None
    created_at: Annotated[
        str | float | None,
        Field(description="When the meter was read: ISO 8601 with an offset, or seconds or milliseconds since 1970."),
    ] = None
    timestamp: Annotated[str | float | None, Field(description="Counts where `created_at` is missing.")] = None
    flow_rate: Annotated[Measured, Field(description="[m3/h]")] = None
    totalizer: Annotated[Measured, Field(description="[m3]")] = None
    temperature: Annotated[Measured, Field(description="[degC]")] = None
    pressure: Annotated[Measured, Field(description="[bar]")] = None
    level: Annotated[Measured, Field(description="[m]")] = None
    velocity: Annotated[Measured, Field(description="[m/s]")] = None
    battery_level: Annotated[Measured, Field(description="[%] rounded")] = None
    signal_strength: Annotated[Measured, Field(description="[dBm] rounded")] = None
    quality: Literal["good", "suspect", "bad"] | None = None
    flags: Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]] | None, Field(max_length=32)] = None
    metadata: dict[str, JsonValue] | None = None


class IngestBody(RootModel[Reading | Annotated[list[Reading], Field(max_length=1000)]]):
    """One reading or several."""


class Result(BaseModel):
    """What became of one reading."""

    model_config = _ANSWER

    index: Annotated[int, Field(ge=0, description="Its place in the body.")]
    device_id: str | None
    created_at: str | None
    success: Annotated[bool, Field(description="Whether it need not be sent again.")]
    verdict: Literal["new", "merged", "duplicate", "queued", "conflict", "rejected"]
    code: Annotated[str, Field(description="Why not; stable.")] = ""
    pointer: Annotated[str, Field(description="JSON pointer into the reading.")] = ""


class Ingested(BaseModel):
    """A body was taken."""

    model_config = _ANSWER

    success: Literal[True]
    message: str
    results: list[Result]


class Service(BaseModel):
    """Who answers here."""

    model_config = _ANSWER

    status: Literal["ok"]
    service: str
    version: str
    timestamp: AwareDatetime


class Alive(BaseModel):
    """The process answers."""

    model_config = _ANSWER

    status: Literal["ok"]


class Ready(BaseModel):
    """Requests can be served."""

    model_config = _ANSWER

    status: Literal["ready"]
    checks: dict[str, Literal["ok"]]


class Config(BaseModel):
    """What the page cannot know."""

    model_config = _ANSWER

    supabase_url: str
    supabase_anon_key: Annotated[str, Field(description="Publishable.")]
    online_window_s: Annotated[int, Field(description="[s] A device is online for so long after a contact.")]
    version: str
    api_url: Annotated[str, Field(description="Empty: the page's own origin.", examples=[""])]


class OpenApi(BaseModel):
    """An OpenAPI document."""

    model_config = ConfigDict(extra="allow")

    openapi: Annotated[str, Field(pattern="^3\\.1\\.[0-9]+$", examples=["3.1.0"])]
    info: dict[str, JsonValue]
    paths: dict[str, JsonValue]
    components: dict[str, JsonValue]


class Problem(BaseModel):
    """Any error, as RFC 9457 has it. `code` is stable, `detail` is for people."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    instance: str
    code: str
    request_id: str | None


class NothingAccepted(Problem):
    """No reading of the body was accepted."""

    success: Literal[False]
    message: str
    results: list[Result]


class NotReady(Problem):
    """What requests need is missing; `checks` says what."""

    checks: dict[str, str]
