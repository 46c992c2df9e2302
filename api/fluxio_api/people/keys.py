"""GET and POST /api/keys, POST /api/keys/ID/rotate and /revoke."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated, Literal
from uuid import UUID

from flask import Blueprint, Response, jsonify, request
from pydantic import AfterValidator, AwareDatetime, Field

from ..auth import token_of
from ..ingest.units import UNITS
from ..openapi.operation import operation
from ..problems import NotFound
from .answers.access import Key, Keys, MadeKey, RotatedKey
from .ports import OpenPerson, Query, Row
from .requests import Body, DeviceId, NoParameters, Text, read_body, read_query

#: What people may read of a key; its hash is not among it.
_COLUMNS = (
    "id,name,key_prefix,gateway_id,device_ids,allowed_networks,flat_units,"
    "created_at,expires_at,revoked_at,last_used_at,rotated_from"
)

_BY_ID = (("id", False),)


#: Those of UNITS.
Metric = Literal["flow_rate", "totalizer", "level", "pressure"]


def _network(text: str) -> str:
    """`text` if it is what PostgreSQL's cidr takes: with an address of the network, not of a machine in it."""
    # PostgreSQL knows no zones of addresses.
    if "%" not in text:
        with suppress(ValueError):
            return str(ip_network(text))
    raise ValueError("no network: write it like 192.0.2.0/24, with no bits set behind the prefix")


def _known(units: dict[Metric, str]) -> dict[Metric, str]:
    """`units` if ingest can convert each."""
    for metric, unit in units.items():
        if unit not in UNITS[metric]:
            raise ValueError(f"{metric} is in one of {', '.join(UNITS[metric])}")
    return units


Network = Annotated[str, AfterValidator(_network), Field(examples=["192.0.2.0/24"])]
FlatUnits = Annotated[
    dict[Metric, str],
    AfterValidator(_known),
    Field(description="Units of flat readings that are not ours.", examples=[{"flow_rate": "m3/s"}]),
]


class NewKey(Body):
    """A key to make; without devices it may write to all of the organization's."""

    name: Annotated[Text, Field(examples=["Gateway north"])]
    gateway_id: UUID | None = None
    device_ids: Annotated[list[DeviceId] | None, Field(description="Left out: all of the organization's.")] = None
    expires_at: AwareDatetime | None = None
    allowed_networks: Annotated[
        list[Network] | None, Field(min_length=1, max_length=100, description="Left out: anywhere.")
    ] = None
    flat_units: FlatUnits | None = None


class Rotation(Body):
    """How long the old key stays good beside the new one."""

    overlap_hours: Annotated[int, Field(ge=0, le=720, description="[h]")] = 24


def blueprint(people: OpenPerson) -> Blueprint:
    """The routes; all are for admins."""
    bp = Blueprint("keys", __name__, url_prefix="/api/keys")

    @bp.get("")
    @operation(answers=Keys, query=NoParameters)
    def index() -> Response:
        """The organization's keys with their last use, revoked ones too; never the keys themselves."""
        person = people(token_of(request))
        read_query(NoParameters)
        return jsonify(keys=person.rows(Query("api_keys", _BY_ID, _COLUMNS)))

    @bp.post("")
    @operation(answers=MadeKey, status=201, body=NewKey, problems=("forbidden",))
    def create() -> tuple[Response, int]:
        """Make a key; `api_key` is shown this once. For admins."""
        person = people(token_of(request))
        values: Row = read_body(NewKey).model_dump(mode="json", exclude_none=True)
        return jsonify(person.call("create_api_key", values)[0]), 201

    @bp.post("/<uuid:key_id>/rotate")
    @operation(answers=RotatedKey, status=201, body=Rotation, problems=("forbidden", "not_found", "conflict"))
    def rotate(key_id: UUID) -> tuple[Response, int]:
        """Make a key's successor; `api_key` is shown this once. For admins."""
        person = people(token_of(request))
        overlap = timedelta(hours=read_body(Rotation).overlap_hours)
        made = person.call("rotate_api_key", {"api_key_id": str(key_id), "overlap": f"{overlap.total_seconds():.0f} s"})
        return jsonify(made[0]), 201

    @bp.post("/<uuid:key_id>/revoke")
    @operation(answers=Key, problems=("forbidden", "not_found"))
    def revoke(key_id: UUID) -> Response:
        """End a key for good, within 30 s; again is harmless. For admins."""
        person = people(token_of(request))
        person.call("revoke_api_key", {"api_key_id": str(key_id)}, repeatable=True)
        rows = person.rows(Query("api_keys", _BY_ID, _COLUMNS, (("id", "eq", str(key_id)),)))
        if not rows:
            raise NotFound("There is no such key.")
        return jsonify(rows[0])

    return bp
