"""Alerts and their rules."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from .base import Answer, Id, Next, Object, Severity, Time

RuleType = Literal[
    "high_flow", "low_flow", "zero_flow", "no_data", "device_offline", "battery_low", "rate_of_change", "stuck_value"
]


class Alert(Answer):
    """One incident on one subject: a device, a gateway or a job."""

    id: Id
    organization_id: Id
    device_id: Annotated[str | None, Field(examples=["NIVUS_01"])]
    gateway_id: Id | None
    job: str | None
    rule_id: Annotated[Id | None, Field(description="null for a built-in check, and once the rule is deleted.")]
    alert_type: Annotated[str, Field(examples=["high_flow"])]
    severity: Severity
    message: Annotated[str, Field(examples=["High Flow Alert: flow rate 120 m3/h is above 100 m3/h"])]
    threshold_value: Annotated[
        float | None,
        Field(description="In the unit of the watched quantity; of a silence, minutes.", examples=[100]),
    ]
    actual_value: Annotated[float | None, Field(description="The first value beyond it.", examples=[120])]
    measured_at: Annotated[Time | None, Field(description="Of the reading that opened it.")]
    created_at: Annotated[Time, Field(description="When it opened.")]
    acknowledged_at: Time | None
    acknowledged_by: Id | None
    is_resolved: Annotated[bool, Field(examples=[False])]
    resolved_at: Time | None
    resolved_by: Id | None
    resolution_note: str | None
    metadata: Object


class Alerts(Answer):
    """A page of alerts, newest first."""

    alerts: list[Alert]
    next: Next


class Rule(Answer):
    """What is watched; units are the rule type's, as in docs/database.md."""

    id: Id
    device_id: Annotated[
        str | None, Field(description="null: every device of the organization.", examples=["NIVUS_01"])
    ]
    organization_id: Id
    rule_name: Annotated[str, Field(examples=["High Flow Alert"])]
    rule_type: RuleType
    threshold_value: Annotated[float | None, Field(examples=[100])]
    deadband: Annotated[float, Field(ge=0, description="How far back inside clears it.", examples=[5])]
    duration_minutes: Annotated[int, Field(ge=0, description="[min] 0: at once.", examples=[10])]
    severity: Severity
    is_enabled: bool
    notification_channels: list[JsonValue]
    created_at: Time
    updated_at: Time


class Rules(Answer):
    """The organization's rules."""

    rules: list[Rule]


class TriedAlert(Answer):
    """An alert that a rule would have opened; times by the meter's clock."""

    opened_at: Time
    resolved_at: Annotated[Time | None, Field(description="null: still open.")]
    measured_at: Time | None
    actual_value: Annotated[float | None, Field(examples=[120])]
    peak_value: Annotated[float | None, Field(description="The furthest beyond the threshold.", examples=[131.5])]


class Tried(Answer):
    """The alerts that it would have opened."""

    alerts: list[TriedAlert]
