"""GET and POST /api/device-aliases, DELETE /api/device-aliases/ID."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from flask import Blueprint, Response, jsonify, request
from pydantic import Field, StringConstraints

from ..auth import token_of
from ..openapi.operation import operation
from .answers.device_page import Alias, Aliases, AliasKind
from .pages import After, next_page, read_after
from .ports import OpenPerson, Operator, Query
from .requests import Body, DeviceId, Parameters, read_body, read_query


class AliasParameters(Parameters):
    """The query of GET /api/device-aliases."""

    device_id: DeviceId | None = None
    gateway_id: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    after: After = None


class NewAlias(Body):
    """What a gateway calls a device."""

    device_id: DeviceId
    kind: Annotated[AliasKind, Field(description="Where the gateway writes the name.")]
    alias: Annotated[
        str,
        StringConstraints(pattern="^[^\\x00]+$", max_length=200),
        Field(description="As the gateway writes it; a server_id in decimal digits.", examples=["NivusServer"]),
    ]
    gateway_id: Annotated[
        UUID | None, Field(description="Whose name it is; left out or null: of all gateways of the organization.")
    ] = None


def blueprint(people: OpenPerson) -> Blueprint:
    """The routes; for admins, but for the list."""
    bp = Blueprint("device_aliases", __name__, url_prefix="/api/device-aliases")

    @bp.get("")
    @operation(answers=Aliases, query=AliasParameters)
    def index() -> Response:
        """The organization's aliases, by device."""
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
    @operation(answers=Alias, status=201, body=NewAlias, problems=("forbidden", "conflict"))
    def create() -> tuple[Response, int]:
        """Add an alias; one that means a device already is a conflict. For admins."""
        person = people(token_of(request))
        values = read_body(NewAlias).model_dump(mode="json", exclude_unset=True)
        return jsonify(person.add("device_aliases", values)), 201

    @bp.delete("/<uuid:alias_id>")
    @operation(status=204, problems=("forbidden", "not_found"))
    def remove(alias_id: UUID) -> tuple[str, int]:
        """Remove an alias; readings that came by it stay. For admins."""
        people(token_of(request)).remove("device_aliases", {"id": str(alias_id)})
        return "", 204

    return bp
