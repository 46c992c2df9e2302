"""GET and POST /api/device-aliases, DELETE /api/device-aliases/ID."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from flask import Blueprint, Response, jsonify, request
from pydantic import Field, StringConstraints

from ..auth import token_of
from .pages import next_page, read_after
from .ports import OpenPerson, Operator, Query
from .requests import Body, DeviceId, Parameters, Text, read_body, read_query


class AliasParameters(Parameters):
    """The query of GET /api/device-aliases."""

    device_id: DeviceId | None = None
    gateway_id: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    #: The `next` of an answer.
    after: Text | None = None


class NewAlias(Body):
    """What a gateway calls a device."""

    device_id: DeviceId
    #: Where the gateway writes the name.
    kind: Literal["server_name", "server_id", "ip", "input_name", "device_id"]
    #: As the gateway writes it; a server_id in decimal digits.
    alias: Annotated[str, StringConstraints(pattern="^[^\\x00]+$", max_length=200)]
    #: Whose name it is; left out or null: of all gateways of the organization.
    gateway_id: UUID | None = None


def blueprint(people: OpenPerson) -> Blueprint:
    """The routes; for admins, but for the list."""
    bp = Blueprint("device_aliases", __name__, url_prefix="/api/device-aliases")

    @bp.get("")
    def index() -> Response:
        """The organization's aliases, by device. Problems: invalid_request."""
        person = people(token_of(request))
        asked = read_query(AliasParameters)
        where: list[tuple[str, Operator, object]] = []
        if asked.device_id is not None:
            where.append(("device_id", "eq", asked.device_id))
        if asked.gateway_id is not None:
            where.append(("gateway_id", "eq", asked.gateway_id))
        order = (("device_id", False), ("id", False))
        query = Query("device_aliases", order, "*", tuple(where), asked.limit, read_after(asked.after, len(order)))
        found = person.rows(query)
        return jsonify(aliases=found, next=next_page(query, found))

    @bp.post("")
    def create() -> tuple[Response, int]:
        """Add an alias; 201. Problems: forbidden, conflict (it means a device already), invalid_request."""
        person = people(token_of(request))
        values = read_body(NewAlias).model_dump(mode="json", exclude_unset=True)
        return jsonify(person.add("device_aliases", values)), 201

    @bp.delete("/<uuid:alias_id>")
    def remove(alias_id: UUID) -> tuple[str, int]:
        """Remove an alias; readings that came by it stay. 204. Problems: forbidden, not_found."""
        people(token_of(request)).remove("device_aliases", {"id": str(alias_id)})
        return "", 204

    return bp
