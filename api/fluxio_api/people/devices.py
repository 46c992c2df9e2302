"""GET and POST /api/devices, PATCH /api/devices/ID."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from flask import Blueprint, Response, jsonify, request
from pydantic import Field, FiniteFloat, JsonValue

from ..auth import token_of
from ..ingest.names import MEASUREMENTS
from ..problems import InvalidRequest
from .ports import OpenPerson, Person, Query, Row
from .requests import Body, DeviceId, NoParameters, Text, read_body, read_query

#: A device is online for so long after its last contact [s].
ONLINE_WINDOW_S = 900

_LATEST = ",".join(("device_id", "created_at", "received_at", *MEASUREMENTS, "quality"))
_BY_DEVICE = (("device_id", False),)

Status = Literal["active", "inactive", "maintenance", "error"]


class DeviceChange(Body):
    """What an admin may set; units as in docs/api.md. A member that is left out stays as it is."""

    device_name: Text | None = None
    device_type: Text | None = None
    location: Text | None = None
    description: Text | None = None
    status: Status | None = None
    #: [s]
    expected_interval_s: Annotated[int, Field(gt=0, le=2_147_483_647)] | None = None
    profile: Text | None = None
    #: How a small step back of the totalizer counts: see devices.reverse_policy.
    reverse_policy: Text | None = None
    #: [m3]
    totalizer_max: Annotated[FiniteFloat, Field(gt=0)] | None = None
    site_id: UUID | None = None
    gateway_id: UUID | None = None
    metadata: dict[str, JsonValue] | None = None


class NewDevice(DeviceChange):
    """A device to register."""

    device_id: DeviceId


def blueprint(people: OpenPerson, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Blueprint:
    """The routes; `clock` answers an aware time."""
    bp = Blueprint("devices", __name__, url_prefix="/api/devices")

    @bp.get("")
    def index() -> Response:
        """Every device the caller sees, with `latest` (its latest reading or null) and `online`."""
        person = people(token_of(request))
        read_query(NoParameters)
        now = clock()
        return jsonify(devices=[{**device, "online": is_online(device, now)} for device in _devices(person)])

    @bp.post("")
    def create() -> tuple[Response, int]:
        """Register a device; 201. Body: NewDevice. Problems: forbidden, conflict, invalid_request."""
        person = people(token_of(request))
        device = person.add("devices", _values(read_body(NewDevice)))
        return jsonify(device), 201

    @bp.patch("/<path:device_id>")
    def change(device_id: str) -> Response:
        """Change a device. Body: DeviceChange. Problems: forbidden, not_found, invalid_request."""
        person = people(token_of(request))
        values = _values(read_body(DeviceChange))
        if not values:
            raise InvalidRequest("The body names nothing to change.")
        return jsonify(person.change("devices", {"device_id": device_id}, values))

    return bp


def _devices(person: Person) -> list[Row]:
    """Every device the person sees, by device_id, with its latest reading or None as `latest`."""
    latest = {row["device_id"]: row for row in person.each(Query("latest_readings", _BY_DEVICE, _LATEST))}
    return [
        {**device, "latest": latest.get(device["device_id"])}
        for device in person.each(Query("devices", order=_BY_DEVICE))
    ]


def is_online(device: Row, now: datetime) -> bool:
    """Whether the device was in contact within 15 minutes before `now`."""
    seen = device.get("last_seen")
    return isinstance(seen, str) and now - datetime.fromisoformat(seen) < timedelta(seconds=ONLINE_WINDOW_S)


def _values(body: DeviceChange) -> Row:
    values: Row = body.model_dump(mode="json", exclude_unset=True)
    return values
