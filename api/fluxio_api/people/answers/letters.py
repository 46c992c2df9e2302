"""What could not become a reading."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Answer, Id, Next, Object, Time


class Letter(Answer):
    """A body or a reading, kept as it came until its cause is mended."""

    id: int
    organization_id: Id
    api_key_id: Annotated[Id | None, Field(description="null: API_SECRET_KEY.")]
    received_at: Time
    reason: Annotated[str, Field(examples=["unknown_device"])]
    detail: str | None
    content_type: str | None
    body: Annotated[str | None, Field(description="\\x and hexadecimal digits; null for a reading.")]
    reading: Annotated[
        Object | None,
        Field(description="null for a body.", examples=[{"device_id": "NIVUS_09", "flow_rate": 3}]),
    ]
    seen_count: Annotated[int, Field(ge=1)]
    last_seen_at: Time
    replayed_at: Time | None
    fingerprint: Id
    headers: dict[str, str] | None


class Letters(Answer):
    """A page of dead letters, newest first."""

    letters: list[Letter]
    next: Next


class Replayed(Answer):
    """What became of a letter."""

    letter_id: Annotated[int, Field(examples=[1])]
    verdict: Literal["new", "merged", "duplicate", "conflict", "rejected", "skipped"]
    code: Annotated[str | None, Field(description="Why not; stable.")]
    pointer: Annotated[str | None, Field(description="JSON pointer into the reading.")]


class Replays(Answer):
    """A verdict a letter."""

    results: list[Replayed]
