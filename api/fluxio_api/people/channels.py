"""GET and POST /api/channels, PATCH and DELETE /api/channels/NAME, POST /api/channels/NAME/test."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint, Response, jsonify, request
from pydantic import Field, StringConstraints

from ..auth import token_of
from ..openapi.operation import operation
from ..problems import InvalidRequest, NotFound
from .answers.channels import Channel, Channels, Kind, Tested
from .ports import OpenPerson, Person, Query, Row
from .requests import Body, NoParameters, Text, read_body, read_query

#: What people may read of a channel; its address and key are in no column of it.
_COLUMNS = "id,name,kind,recipients,target_host,is_enabled,created_at,updated_at"

#: A name that a path can hold: no slash, no control character, not dots alone.
Name = Annotated[
    str, StringConstraints(pattern=r"^[^/\x00-\x1f]*[^/.\x00-\x1f][^/\x00-\x1f]*$", min_length=1, max_length=100)
]


class ChannelChange(Body):
    """What may be changed. A member left out stays as it is."""

    recipients: Annotated[list[Text] | None, Field(min_length=1, max_length=50)] = None
    target: Annotated[
        Text | None,
        Field(
            description="A webhook's https address, or a service's as Apprise writes it.",
            examples=["https://scada.example.com/hooks"],
        ),
    ] = None
    is_enabled: bool | None = None


class NamedChannel(ChannelChange):
    """A channel to make, or to change if there is one of this name."""

    name: Annotated[Name, Field(examples=["scada"])]
    kind: Annotated[Kind, Field(examples=["webhook"])]


def blueprint(people: OpenPerson) -> Blueprint:
    """The routes; all are for admins."""
    bp = Blueprint("channels", __name__, url_prefix="/api/channels")

    @bp.get("")
    @operation(answers=Channels, query=NoParameters)
    def index() -> Response:
        """The organization's channels, without addresses; nobody but an admin sees a row."""
        person = people(token_of(request))
        read_query(NoParameters)
        return jsonify(channels=person.rows(Query("notification_channels", (("name", False), ("id", False)), _COLUMNS)))

    @bp.post("")
    @operation(
        answers=Channel,
        status=201,
        body=NamedChannel,
        also={200: "There was one of this name, and what is named was changed."},
        problems=("forbidden", "not_found"),
    )
    def create() -> tuple[Response, int]:
        """Make a channel, or change what is named of the one with this name. For admins."""
        person = people(token_of(request))
        values: Row = read_body(NamedChannel).model_dump(mode="json", exclude_none=True)
        is_known = _find(person, str(values["name"])) is not None
        return jsonify(_set(person, values)), 200 if is_known else 201

    @bp.patch("/<name>")
    @operation(answers=Channel, body=ChannelChange, problems=("forbidden", "not_found"))
    def change(name: str) -> Response:
        """Change what is named of a channel. For admins."""
        person = people(token_of(request))
        values: Row = read_body(ChannelChange).model_dump(mode="json", exclude_none=True)
        if not values:
            raise InvalidRequest("The body names nothing to change.")
        return jsonify(_set(person, {"name": name, **values}))

    @bp.delete("/<name>")
    @operation(status=204, problems=("forbidden", "not_found"))
    def remove(name: str) -> tuple[str, int]:
        """Delete a channel; what is still to be told it is given up. For admins."""
        people(token_of(request)).remove("notification_channels", {"name": name})
        return "", 204

    @bp.post("/<name>/test")
    @operation(answers=Tested, status=202, problems=("forbidden", "not_found"))
    def test(name: str) -> tuple[Response, int]:
        """Have the notifier send a test, once; GET /api/notifications/ID tells how it went. For admins."""
        person = people(token_of(request))
        [made] = person.call("test_notification_channel", {"name": name}, repeatable=True)
        return jsonify(notification_id=made["test_notification_channel"]), 202

    return bp


def _find(person: Person, name: str) -> Row | None:
    order = (("name", False), ("id", False))
    return next(iter(person.rows(Query("notification_channels", order, _COLUMNS, (("name", "eq", name),)))), None)


def _set(person: Person, values: Row) -> Row:
    """The channel as it is now, with its key if there is a new one."""
    [made] = person.call("set_notification_channel", values)
    found = _find(person, str(values["name"]))
    if found is None:
        raise NotFound("The channel was deleted meanwhile.")
    return {**found, "signing_key": made["signing_key"]}
