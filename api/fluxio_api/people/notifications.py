"""GET /api/notifications and /api/notifications/ID, POST /api/notifications/ID/resend."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from flask import Blueprint, Response, jsonify, request
from pydantic import Field

from ..auth import token_of
from ..openapi.operation import operation
from ..problems import Conflict, Forbidden, NotFound
from .answers.channels import Event, Notifications, NotificationStatus, TriedNotification
from .pages import After, next_page, read_after
from .ports import OpenPerson, Operator, Person, Query, Row
from .requests import NoParameters, Parameters, read_query

_COLUMNS = "id,alert_id,event,channel,created_at,attempts,next_attempt_at,sent_at,last_error"

Condition = tuple[str, Operator, object]

#: Which rows have a status. `is not null` is no operator of PostgREST's; every time is after this one.
_STATUS: dict[str, tuple[Condition, ...]] = {
    "sent": (("sent_at", "gte", "-infinity"),),
    "waiting": (("next_attempt_at", "gte", "-infinity"),),
    "given_up": (("sent_at", "is", None), ("next_attempt_at", "is", None)),
}


class NotificationParameters(Parameters):
    """The query of GET /api/notifications."""

    status: NotificationStatus | None = None
    alert_id: UUID | None = None
    event: Event | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    after: After = None


def blueprint(people: OpenPerson) -> Blueprint:
    """The routes; reading is for operators and admins, sending again for admins."""
    bp = Blueprint("notifications", __name__, url_prefix="/api/notifications")

    @bp.get("")
    @operation(answers=Notifications, query=NotificationParameters)
    def index() -> Response:
        """What channels were to be told, newest first; for operators and admins, nobody else sees any."""
        person = people(token_of(request))
        asked = read_query(NotificationParameters)
        where = list(_STATUS[asked.status]) if asked.status else []
        where += [("alert_id", "eq", str(asked.alert_id))] if asked.alert_id else []
        where += [("event", "eq", asked.event)] if asked.event else []
        query = Query(
            "notification_outbox", (("id", True),), _COLUMNS, tuple(where), asked.limit, read_after(asked.after, 1)
        )
        found = person.rows(query)
        return jsonify(notifications=[_told(row) for row in found], next=next_page(query, found))

    @bp.get("/<int:notification_id>")
    @operation(answers=TriedNotification, query=NoParameters, problems=("not_found",))
    def show(notification_id: int) -> Response:
        """One of them, and how each try ended; for operators and admins."""
        person = people(token_of(request))
        read_query(NoParameters)
        return jsonify(_with_tries(person, notification_id))

    @bp.post("/<int:notification_id>/resend")
    @operation(answers=TriedNotification, problems=("forbidden", "not_found", "conflict"))
    def resend(notification_id: int) -> Response:
        """Make one due again; one that waits is only answered, a test is a conflict. For admins."""
        person = people(token_of(request))
        found = _with_tries(person, notification_id)
        if found["event"] == "test":
            raise Conflict("A test is not sent again; test the channel anew.")
        if found["status"] == "waiting":
            return jsonify(found)
        [made] = person.call("resend_notification", {"id": notification_id}, repeatable=True)
        found = _with_tries(person, notification_id)
        # Of who may and was overtaken by a colleague it waits now.
        if not made["resend_notification"] and found["status"] != "waiting":
            raise Forbidden("Your role may not do this.")
        return jsonify(found)

    return bp


def _told(row: Row) -> Row:
    """A row with its status in a word."""
    waits = row["next_attempt_at"] is not None
    return {**row, "status": "waiting" if waits else "given_up" if row["sent_at"] is None else "sent"}


def _with_tries(person: Person, notification_id: int) -> Row:
    rows = person.rows(Query("notification_outbox", (("id", True),), _COLUMNS, (("id", "eq", notification_id),)))
    if not rows:
        raise NotFound("There is no such notification.")
    tries = Query(
        "notification_attempts", (("id", False),), "id,ended_at,is_successful,error",
        (("notification_id", "eq", notification_id),),
    )  # fmt: skip
    return {**_told(rows[0]), "tries": person.rows(tries)}
