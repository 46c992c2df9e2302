"""GET and PATCH /api/alerts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from flask import Blueprint, Response, jsonify, request
from pydantic import Field

from ..auth import token_of
from ..openapi.operation import operation
from ..problems import InvalidRequest
from .answers.alerts import Alert, Alerts
from .pages import After, next_page, read_after
from .ports import OpenPerson, Operator, Query, Row
from .requests import Body, DeviceId, Parameters, Text, read_body, read_query


class AlertParameters(Parameters):
    """The query of GET /api/alerts."""

    device_id: DeviceId | None = None
    is_resolved: bool | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    after: After = None


class AlertChange(Body):
    """The body of PATCH /api/alerts."""

    alert_id: UUID
    is_resolved: Annotated[bool | None, Field(description="Left out: it stays as it is.", examples=[True])] = None
    is_acknowledged: Annotated[
        Literal[True] | None, Field(description="That the token's person has seen it; who and when the database notes.")
    ] = None
    resolved_by: Annotated[
        Text | None, Field(description="A note; who resolved is the token's person.", examples=["valve was stuck"])
    ] = None


def blueprint(people: OpenPerson, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Blueprint:
    """The routes; `clock` answers an aware time."""
    bp = Blueprint("alerts", __name__, url_prefix="/api/alerts")

    @bp.get("")
    @operation(answers=Alerts, query=AlertParameters)
    def index() -> Response:
        """Alerts, newest first."""
        person = people(token_of(request))
        asked = read_query(AlertParameters)
        where: list[tuple[str, Operator, object]] = []
        if asked.device_id is not None:
            where.append(("device_id", "eq", asked.device_id))
        if asked.is_resolved is not None:
            where.append(("is_resolved", "is", asked.is_resolved))
        order = (("created_at", True), ("id", False))
        query = Query("alerts", order, "*", tuple(where), asked.limit, read_after(asked.after, len(order)))
        found = person.rows(query)
        return jsonify(alerts=found, next=next_page(query, found))

    @bp.patch("")
    @operation(answers=Alert, body=AlertChange, problems=("forbidden", "not_found", "conflict"))
    def change() -> Response:
        """Acknowledge or resolve an alert; for operators and admins.

        Doing it again is harmless; a resolved one is not opened again (conflict).
        """
        person = people(token_of(request))
        asked = read_body(AlertChange)
        values: Row = {}
        if asked.is_resolved is not None:
            values["is_resolved"] = asked.is_resolved
        if asked.is_acknowledged:
            values["acknowledged_at"] = clock().isoformat()
        if asked.resolved_by:
            values["resolution_note"] = asked.resolved_by
        if not values:
            raise InvalidRequest("The body names nothing to change.")
        return jsonify(person.change("alerts", {"id": str(asked.alert_id)}, values))

    return bp
