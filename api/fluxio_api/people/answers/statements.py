"""What a meter counted in a month, as it was told to somebody who pays."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from .base import Answer, DeviceName, Id, Time, Volume
from .devices import Count

Sha256 = Annotated[
    str,
    Field(pattern="^[0-9a-f]{64}$", examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]),
]


class Head(Answer):
    """What a statement tells beside its text."""

    month: Annotated[date, Field(description="Its first day.", examples=["2026-03-01"])]
    revision: Annotated[int, Field(ge=1, description="1 as issued; each correction is one more.")]
    reason: Annotated[str | None, Field(description="Why it was corrected.")]
    made_at: Time
    made_by: Annotated[Id | None, Field(description="null for a program.")]
    time_zone: Annotated[str, Field(examples=["Europe/Berlin"])]
    day_start: Annotated[str, Field(description="Local time at which its days begin.", examples=["06:00:00"])]
    starts_at: Annotated[Time, Field(description="Inclusive.")]
    ends_at: Annotated[Time, Field(description="Exclusive.")]
    follows: Annotated[
        Literal["first", "gapless", "gap", "overlap"], Field(description="How it joins the statement before.")
    ]
    opening_at: Time | None
    opening_totalizer: Annotated[float | None, Field(description="[m3]", examples=[4500.25])]
    closing_at: Time | None
    closing_totalizer: Annotated[float | None, Field(description="[m3]", examples=[4800.5])]
    volume: Volume
    resets: Annotated[Count, Field(description="Steps of an exchanged meter; 0 m3 each.")]
    rollovers: Annotated[Count, Field(description="Steps over the counter's end.")]
    expected: Annotated[Count, Field(description="Readings due.", examples=[8928])]
    received: Annotated[Count, Field(description="Readings that came.", examples=[8928])]
    bad: Count
    inputs: Annotated[Literal["readings", "rollups", "both"], Field(description="What it was computed from.")]
    inputs_sha256: Sha256
    body_sha256: Annotated[Sha256, Field(description="Of the CSV; its ETag.")]


class ListedStatement(Head):
    """A revision in the list."""

    is_touched: Annotated[
        bool | None,
        Field(description="Whether it would be counted or join otherwise now; null but for the newest revision."),
    ]


class Statement(Head):
    """The revision that was made."""

    device_id: DeviceName


class Statements(Answer):
    """The device's statements, newest first, all revisions."""

    statements: list[ListedStatement]
