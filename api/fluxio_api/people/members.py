"""GET /api/people, PATCH and DELETE /api/people/ID, GET and POST /api/invitations, DELETE /api/invitations/ID."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from flask import Blueprint, Response, jsonify, request
from pydantic import Field

from ..auth import token_of
from ..openapi.operation import operation
from ..problems import InvalidRequest
from .answers.access import Invitation, Invitations, Invited, Member, People
from .answers.base import Role
from .ports import OpenPerson, Query, Row
from .requests import Body, NoParameters, Text, read_body, read_query

_BY_ID = (("id", False),)


class PersonChange(Body):
    """What an admin may change of a person."""

    role: Role | None = None
    is_active: bool | None = None
    full_name: Text | None = None


class NewInvitation(Body):
    """Whom to let in; the account with this address joins when it signs up."""

    email: Annotated[Text, Field(examples=["operator@example.com"])]
    role: Role = "viewer"


def blueprint(people: OpenPerson, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Blueprint:
    """The routes; `clock` answers an aware time."""
    bp = Blueprint("members", __name__, url_prefix="/api")

    @bp.get("/people")
    @operation(answers=People, query=NoParameters)
    def index() -> Response:
        """Who is in the caller's organization, as far as the caller may see."""
        person = people(token_of(request))
        read_query(NoParameters)
        return jsonify(people=person.rows(Query("users", _BY_ID)))

    @bp.patch("/people/<uuid:person_id>")
    @operation(answers=Member, body=PersonChange, problems=("forbidden", "not_found", "conflict"))
    def change(person_id: UUID) -> Response:
        """Change a person's role, or let them in no more; the last admin stays (conflict). For admins."""
        person = people(token_of(request))
        values: Row = read_body(PersonChange).model_dump(mode="json", exclude_none=True)
        if not values:
            raise InvalidRequest("The body names nothing to change.")
        return jsonify(person.change("users", {"id": str(person_id)}, values))

    @bp.get("/invitations")
    @operation(answers=Invitations, query=NoParameters)
    def invitations() -> Response:
        """The organization's invitations; for admins."""
        person = people(token_of(request))
        read_query(NoParameters)
        return jsonify(invitations=person.rows(Query("invitations", _BY_ID)))

    @bp.post("/invitations")
    @operation(answers=Invited, status=201, body=NewInvitation, problems=("forbidden", "conflict"))
    def invite() -> tuple[Response, int]:
        """Invite an address, or renew its invitation; a member is a conflict. For admins."""
        person = people(token_of(request))
        return jsonify(person.call("invite_person", read_body(NewInvitation).model_dump(mode="json"))[0]), 201

    @bp.delete("/invitations/<uuid:invitation_id>")
    @operation(answers=Invitation, problems=("forbidden", "not_found", "conflict"))
    def revoke(invitation_id: UUID) -> Response:
        """Revoke an invitation; one that was accepted stays so (conflict). For admins."""
        person = people(token_of(request))
        key = {"id": str(invitation_id)}
        return jsonify(person.change("invitations", key, {"revoked_at": clock().isoformat()}))

    return bp
