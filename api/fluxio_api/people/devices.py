"""GET and POST /api/devices, GET and PATCH /api/devices/ID."""

from __future__ import annotations

from typing import Annotated, cast
from uuid import UUID

from flask import Blueprint, Response, jsonify, request
from pydantic import Field, FiniteFloat, JsonValue

from ..auth import token_of
from ..openapi.operation import operation
from ..problems import InvalidRequest, NotFound
from .answers.base import Status
from .answers.device_page import DevicePage
from .answers.devices import Device, Devices
from .kept_answers import KeptAnswers
from .pages import After, next_page, read_after
from .ports import OpenPerson, Operator, Query, Row
from .requests import Body, DeviceId, NoParameters, Parameters, Text, containing, read_body, read_query

#: A device is online for so long after its last contact [s], as in the view device_overview.
ONLINE_WINDOW_S = 900


class DeviceParameters(Parameters):
    """The query of GET /api/devices; without any it answers every device."""

    status: Status | None = None
    site_id: UUID | None = None
    gateway_id: UUID | None = None
    is_online: bool | None = None
    q: Annotated[
        str | None,
        Field(
            pattern="^[^\\x00]+$", max_length=200,
            description="Part of a device_id, device_name or location, in any case.",
        ),
    ] = None  # fmt: skip
    limit: Annotated[int | None, Field(ge=1, le=1000, description="Left out: all of them.")] = None
    after: After = None


class DeviceChange(Body):
    """What an admin may set; units as in docs/api.md. A member that is left out stays as it is."""

    device_name: Annotated[Text | None, Field(examples=["Inlet"])] = None
    device_type: Text | None = None
    location: Text | None = None
    description: Text | None = None
    status: Status | None = None
    expected_interval_s: Annotated[int, Field(gt=0, le=2_147_483_647, description="[s]")] | None = None
    profile: Annotated[Text | None, Field(description="`name` of GET /api/profiles, or `name@version`.")] = None
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


def blueprint(people: OpenPerson, kept: KeptAnswers) -> Blueprint:
    """The routes."""
    bp = Blueprint("devices", __name__, url_prefix="/api/devices")

    @bp.get("")
    @operation(answers=Devices, query=DeviceParameters, is_cached=True)
    def index() -> Response:
        """The devices the caller sees, by device_id, each with what is known of it now.

        What the organization's people changed is in it; readings, contacts and alerts of the last 30 s may not be.
        """
        person = people(token_of(request))
        asked = read_query(DeviceParameters)
        order = (("device_id", False),)
        query = Query("device_overview", order, "*", _where(asked), asked.limit, read_after(asked.after, len(order)))

        def page() -> Row:
            found = person.rows(query)
            return {"devices": [_device(row) for row in found], "next": next_page(query, found)}

        return kept.answer(person, page)

    @bp.post("")
    @operation(answers=Device, status=201, body=NewDevice, problems=("forbidden", "conflict"))
    def create() -> tuple[Response, int]:
        """Register a device; for admins."""
        person = people(token_of(request))
        device = person.add("devices", _values(read_body(NewDevice)))
        return jsonify(device), 201

    @bp.get("/<path:device_id>")
    @operation(answers=DevicePage, query=NoParameters, problems=("not_found",))
    def show(device_id: str) -> Response:
        """A device and what belongs to it."""
        person = people(token_of(request))
        read_query(NoParameters)
        found = person.call("get_device_page", {"device_id": device_id}, repeatable=True)
        if not found:
            raise NotFound("There is no such device.")
        return jsonify({**found[0], "device": _device(cast("Row", found[0]["device"]))})

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


def _where(asked: DeviceParameters) -> tuple[tuple[str, Operator, object], ...]:
    where: list[tuple[str, Operator, object]] = []
    if asked.status is not None:
        where.append(("status", "eq", asked.status))
    if asked.site_id is not None:
        where.append(("site_id", "eq", asked.site_id))
    if asked.gateway_id is not None:
        where.append(("gateway_id", "eq", asked.gateway_id))
    if asked.is_online is not None:
        where.append(("is_online", "is", asked.is_online))
    if asked.q is not None:
        where.append(("search_text", "imatch", containing(asked.q)))
    return tuple(where)


def _device(row: Row) -> Row:
    """A row of device_overview as the API answers it."""
    device = {name: value for name, value in row.items() if name not in ("is_online", "search_text")}
    return {**device, "online": row["is_online"]}


def _values(body: DeviceChange) -> Row:
    values: Row = body.model_dump(mode="json", exclude_unset=True)
    return values
