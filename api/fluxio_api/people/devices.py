"""GET and POST /api/devices, PATCH /api/devices/ID."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from flask import Blueprint, Response, jsonify, request
from pydantic import Field, FiniteFloat, JsonValue

from ..auth import token_of
from ..ingest.names import MEASUREMENTS
from ..openapi.operation import operation
from ..problems import InvalidRequest
from .answers.base import Status
from .answers.devices import Device, Devices
from .kept_answers import KeptAnswers
from .ports import OpenPerson, Person, Query, Row
from .requests import Body, DeviceId, NoParameters, Text, read_body, read_query

#: A device is online for so long after its last contact [s].
ONLINE_WINDOW_S = 900

_LATEST = ",".join(("device_id", "created_at", "received_at", *MEASUREMENTS, "quality"))
_BY_DEVICE = (("device_id", False),)


class DeviceChange(Body):
    """What an admin may set; units as in docs/api.md. A member that is left out stays as it is."""

    device_name: Annotated[Text | None, Field(examples=["Inlet"])] = None
    device_type: Text | None = None
    location: Text | None = None
    description: Text | None = None
    status: Status | None = None
    expected_interval_s: Annotated[int, Field(gt=0, le=2_147_483_647, description="[s]")] | None = None
    profile: Annotated[Text | None, Field(description="name, or name@version, of a published one.")] = None
    reverse_policy: Annotated[
        Text | None, Field(description="How a small step back of the totalizer counts: ignore or subtract.")
    ] = None
    totalizer_max: Annotated[FiniteFloat, Field(gt=0, description="[m3]")] | None = None
    site_id: UUID | None = None
    gateway_id: UUID | None = None
    metadata: dict[str, JsonValue] | None = None


class NewDevice(DeviceChange):
    """A device to register."""

    device_id: DeviceId


def blueprint(
    people: OpenPerson, kept: KeptAnswers, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Blueprint:
    """The routes; `clock` answers an aware time."""
    bp = Blueprint("devices", __name__, url_prefix="/api/devices")

    @bp.get("")
    @operation(answers=Devices, query=NoParameters, is_cached=True)
    def index() -> Response:
        """Every device the caller sees, with its latest reading.

        What the organization's people changed is in it; readings and contacts of the last 30 s may not be.
        """
        person = people(token_of(request))
        read_query(NoParameters)
        return kept.answer(person, lambda: {"devices": _devices(person, clock())})

    @bp.post("")
    @operation(answers=Device, status=201, body=NewDevice, problems=("forbidden", "conflict"))
    def create() -> tuple[Response, int]:
        """Register a device; for admins."""
        person = people(token_of(request))
        device = person.add("devices", _values(read_body(NewDevice)))
        return jsonify(device), 201

    @bp.patch("/<path:device_id>")
    @operation(answers=Device, body=DeviceChange, problems=("forbidden", "not_found"))
    def change(device_id: str) -> Response:
        """Change a device; a member left out stays as it is. For admins."""
        person = people(token_of(request))
        values = _values(read_body(DeviceChange))
        if not values:
            raise InvalidRequest("The body names nothing to change.")
        return jsonify(person.change("devices", {"device_id": device_id}, values))

    return bp


def _devices(person: Person, now: datetime) -> list[Row]:
    """Every device the person sees, by device_id, with its latest reading or None as `latest`, and `online`."""
    latest = {row["device_id"]: row for row in person.each(Query("latest_readings", _BY_DEVICE, _LATEST))}
    return [
        {**device, "latest": latest.get(device["device_id"]), "online": is_online(device, now)}
        for device in person.each(Query("devices", order=_BY_DEVICE))
    ]


def is_online(device: Row, now: datetime) -> bool:
    """Whether the device was in contact within 15 minutes before `now`."""
    seen = device.get("last_seen")
    return isinstance(seen, str) and now - datetime.fromisoformat(seen) < timedelta(seconds=ONLINE_WINDOW_S)


def _values(body: DeviceChange) -> Row:
    values: Row = body.model_dump(mode="json", exclude_unset=True)
    return values
