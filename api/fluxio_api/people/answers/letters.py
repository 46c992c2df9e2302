"""What could not become a reading."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Answer, Id, Next, Object, Time


class ListedLetter(Answer):
    """A body or a reading, kept as it came until its cause is mended."""

    id: int
    organization_id: Id
    api_key_id: Annotated[Id | None, Field(description="null: API_SECRET_KEY.")]
    received_at: Time
    reason: Annotated[str, Field(examples=["unknown_device"])]
    detail: str | None
    content_type: str | None
    reading: Annotated[
        Object | None,
        Field(description="null for a body.", examples=[{"device_id": "NIVUS_09", "flow_rate": 3}]),
    ]
    seen_count: Annotated[int, Field(ge=1)]
    last_seen_at: Time
    replayed_at: Time | None


class Letter(ListedLetter):
    """A letter with its bytes, and the headers by which they are read."""

    headers: dict[str, str] | None
    body_base64: Annotated[str | None, Field(description="null for a reading.")]
    body_text: Annotated[str | None, Field(description="null for a reading, and for bytes that are not UTF-8.")]


class Letters(Answer):
    """A page of dead letters, newest first."""

    letters: list[ListedLetter]
    next: Next


class Replayed(Answer):
    """What became of a letter."""

    letter_id: Annotated[int, Field(examples=[1])]
    verdict: Annotated[
        Literal["new", "merged", "duplicate", "conflict", "rejected", "skipped", "replayed"],
        Field(description="Of a reading as ingest says; of a body replayed, rejected or skipped."),
    ]
    code: Annotated[
        str | None,
        Field(description="Why not; stable. Of skipped: unknown_letter, already_replayed, not_a_reading, not_yet "
              "(send it again), body_keeps_its_times."),
    ]  # fmt: skip
    pointer: Annotated[str | None, Field(description="JSON pointer into the reading.")]
    detail: Annotated[str | None, Field(description="What became of a body's readings.")] = None


class Replays(Answer):
    """A verdict a letter."""

    results: list[Replayed]
