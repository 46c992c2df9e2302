"""What the rows have in common."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue


class Answer(BaseModel):
    """Base of an answer: every member is there, and no other."""

    model_config = ConfigDict(extra="forbid")


Time = Annotated[AwareDatetime, Field(examples=["2026-03-01T12:00:00+00:00"])]
Id = Annotated[UUID, Field(examples=["3f0c9a52-6d0e-4a57-9d0a-1f6f8f0f6b11"])]
DeviceName = Annotated[str, Field(examples=["NIVUS_01"])]
Object = dict[str, JsonValue]
Severity = Literal["info", "warning", "critical"]
Role = Literal["viewer", "operator", "admin"]
Status = Literal["active", "inactive", "maintenance", "error"]
Next = Annotated[
    str | None, Field(description="`after` of the request for the page behind this one; null if this is the last.")
]

Flow = Annotated[float | None, Field(description="[m3/h]", examples=[12.5])]
Volume = Annotated[
    float | None, Field(description="[m3] Sum of the totalizer's increases; null without any.", examples=[300.25])
]


class Measurements(Answer):
    """The quantities of a reading; null where it has none."""

    flow_rate: Flow
    totalizer: Annotated[float | None, Field(description="[m3]", examples=[4500.25])]
    temperature: Annotated[float | None, Field(description="[degC]", examples=[22.3])]
    pressure: Annotated[float | None, Field(description="[bar]")]
    level: Annotated[float | None, Field(description="[m]", examples=[1.42])]
    velocity: Annotated[float | None, Field(description="[m/s]", examples=[0.8])]
    battery_level: Annotated[int | None, Field(description="[%]", examples=[97])]
    signal_strength: Annotated[int | None, Field(description="[dBm]", examples=[-71])]
