"""GET /api/audit-log."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint, Response, jsonify, request
from pydantic import Field

from ..auth import token_of
from ..openapi.operation import operation
from .answers.access import AuditEntries
from .pages import After, next_page, read_after
from .ports import OpenPerson, Query
from .requests import Parameters, Text, read_query


class AuditParameters(Parameters):
    """The query of GET /api/audit-log."""

    resource_type: Annotated[Text | None, Field(description="A table, as devices.")] = None
    resource_id: Annotated[Text | None, Field(description="device_id of a device, else id.")] = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    after: After = None


def blueprint(people: OpenPerson) -> Blueprint:
    """The route."""
    bp = Blueprint("audit_log", __name__, url_prefix="/api/audit-log")

    @bp.get("")
    @operation(answers=AuditEntries, query=AuditParameters)
    def index() -> Response:
        """Who changed what, newest first; nobody but an admin sees an entry."""
        person = people(token_of(request))
        asked = read_query(AuditParameters)
        named = {"resource_type": asked.resource_type, "resource_id": asked.resource_id}
        query = Query(
            "audit_logs",
            where=tuple((column, "eq", value) for column, value in named.items() if value is not None),
            order=(("id", True),),
            limit=asked.limit,
            after=read_after(asked.after, 1),
        )
        rows = person.rows(query)
        return jsonify(entries=rows, next=next_page(query, rows))

    return bp
