"""Devices, readings and what is computed of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from .base import Answer, DeviceName, Flow, Id, Measurements, Next, Object, Severity, Status, Time, Volume

Count = Annotated[int, Field(ge=0)]


class LatestReading(Measurements):
    """A device's newest reading that is not bad."""

    device_id: DeviceName
    created_at: Annotated[Time, Field(description="When the meter was read: the age of the values.")]
    received_at: Time
    quality: Literal["good", "suspect"]


class Device(Answer):
    """One meter."""

    id: Id
    device_id: Annotated[DeviceName, Field(description="Its name on the wire, unique in the whole project.")]
    organization_id: Id
    site_id: Id | None
    gateway_id: Id | None
    device_name: Annotated[str, Field(examples=["Inlet"])]
    device_type: Annotated[str, Field(examples=["flow_meter"])]
    location: Annotated[str | None, Field(examples=["Plant A"])]
    description: str | None
    status: Status
    expected_interval_s: Annotated[int, Field(gt=0, description="[s] How often a reading is due.", examples=[300])]
    profile: Annotated[str | None, Field(description="What decodes its registers; null: plain quantities.")]
    totalizer_max: Annotated[float | None, Field(description="[m3] Where the counter starts again at zero.")]
    reverse_policy: Annotated[
        Literal["ignore", "subtract"], Field(description="What a small step back of the counter is worth.")
    ]
    last_seen: Annotated[Time | None, Field(description="Newest contact.", examples=["2026-03-01T12:00:02+00:00"])]
    metadata: Object
    created_at: Time
    updated_at: Time


class ListedDevice(Device):
    """One meter and how it is."""

    online: Annotated[bool, Field(description="Whether its last contact is less than 15 minutes ago.")]
    latest: LatestReading | None = Field(description="null before its first reading that is not bad.")
    rules: Annotated[Count, Field(description="Enabled rules that watch it, those for every device included.")]
    open_alerts: Annotated[Count, Field(description="Not resolved, acknowledged or not; its gateway's are not in it.")]
    worst_severity: Annotated[Severity | None, Field(description="Of the open alerts.")]


class Devices(Answer):
    """Devices, by device_id."""

    devices: list[ListedDevice]
    next: Next


class Summary(Answer):
    """Totals of an organization."""

    total_devices: Annotated[Count, Field(description="Of every status.", examples=[12])]
    online_devices: Annotated[Count, Field(description="With contact in the last 15 minutes.", examples=[11])]
    active_alerts: Annotated[Count, Field(description="Not resolved, acknowledged or not.", examples=[2])]
    critical_alerts: Annotated[Count, Field(description="Those of them that are critical.", examples=[1])]


class StoredReading(Measurements):
    """A reading as it is stored."""

    device_id: DeviceName
    created_at: Annotated[Time, Field(description="When the meter was read.")]
    received_at: Annotated[Time, Field(description="When its POST arrived.")]
    quality: Literal["good", "suspect", "bad"]
    flags: Annotated[list[str], Field(description="Why the quality.")]
    metadata: Object


class Readings(Answer):
    """A page of readings, newest first."""

    readings: list[StoredReading]
    next: Next


class Statistics(Answer):
    """A window of a device's readings, bad ones left out."""

    avg_flow_rate: Flow
    min_flow_rate: Flow
    max_flow_rate: Flow
    total_volume: Volume
    data_points: Annotated[Count, Field(description="Readings that are not bad.", examples=[288])]
    resets: Annotated[Count, Field(description="Steps of an exchanged meter; 0 m3 each.")]
    rollovers: Annotated[Count, Field(description="Steps over the counter's end.")]
    expected_points: Annotated[Count, Field(description="Readings due.", examples=[288])]
    received_points: Annotated[Count, Field(description="Readings that came.", examples=[288])]
    bad_points: Count


class Quality(Answer):
    """How well a window's readings came; what only readings tell is null where they are kept no more."""

    expected_points: Annotated[Count, Field(description="Readings due.", examples=[288])]
    received_points: Annotated[Count, Field(description="Readings that came.", examples=[287])]
    bad_points: Count
    suspect_points: Count | None
    flags: Annotated[dict[str, int] | None, Field(description="Readings by flag.", examples=[{"clock_suspect": 1}])]
    longest_gap_s: Annotated[float | None, Field(description="[s]", examples=[600])]
    longest_gap_starts_at: Time | None
    longest_gap_ends_at: Time | None
    median_lag_s: Annotated[float | None, Field(description="[s] From created_at to received_at.", examples=[1.8])]
    longest_lag_s: Annotated[float | None, Field(description="[s]", examples=[42])]


class Day(Statistics):
    """A day as the device's site counts it."""

    day: Annotated[date, Field(examples=["2026-03-01"])]
    starts_at: Time
    ends_at: Time


class Days(Answer):
    """Every day from first_day to last_day."""

    days: list[Day]


class Bucket(Answer):
    """A step of a series; nulls and 0 points where nothing came."""

    starts_at: Time
    ends_at: Time
    min_flow_rate: Flow
    avg_flow_rate: Flow
    max_flow_rate: Flow
    total_volume: Volume
    data_points: Annotated[Count, Field(examples=[12])]


class Series(Answer):
    """Buckets over the window, by time."""

    buckets: list[Bucket]
