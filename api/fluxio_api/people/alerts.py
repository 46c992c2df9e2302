"""GET and PATCH /api/alerts."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from flask import Blueprint, Response, jsonify, request
from pydantic import Field

from ..auth import token_of
from .ports import OpenPerson, Row
from .requests import Body, DeviceId, Parameters, Text, read_body, read_query


class AlertParameters(Parameters):
    """The query of GET /api/alerts."""

    device_id: DeviceId | None = None
    is_resolved: bool | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class AlertChange(Body):
    """The body of PATCH /api/alerts."""

    alert_id: UUID
    is_resolved: bool
    #: A note; who resolved is the token's user.
    resolved_by: Text | None = None


def blueprint(people: OpenPerson) -> Blueprint:
    """The routes."""
    bp = Blueprint("alerts", __name__, url_prefix="/api/alerts")

    @bp.get("")
    def index() -> Response:
        """Alerts, newest first. Problems: invalid_request."""
        person = people(token_of(request))
        asked = read_query(AlertParameters)
        found = person.alerts(device_id=asked.device_id, is_resolved=asked.is_resolved, limit=asked.limit)
        return jsonify(alerts=found)

    @bp.patch("")
    def change() -> Response:
        """Resolve an alert; answers it. Problems: forbidden, not_found, conflict (a resolved alert stays so)."""
        person = people(token_of(request))
        asked = read_body(AlertChange)
        values: Row = {"is_resolved": asked.is_resolved}
        if asked.resolved_by:
            values["resolution_note"] = asked.resolved_by
        return jsonify(person.resolve_alert(str(asked.alert_id), values))

    return bp
