"""GET /api/summary."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ..auth import token_of
from ..openapi.operation import operation
from .answers.devices import Summary
from .kept_answers import KeptAnswers
from .ports import OpenPerson, Query
from .requests import NoParameters, read_query

#: The view has one row; an order is asked of every query.
_TOTALS = Query("dashboard_summary", (("total_devices", False),), limit=1)


def blueprint(people: OpenPerson, kept: KeptAnswers) -> Blueprint:
    """The route."""
    bp = Blueprint("summary", __name__, url_prefix="/api/summary")

    @bp.get("")
    @operation(answers=Summary, query=NoParameters, is_cached=True)
    def index() -> Response:
        """Devices and open alerts of the organization, counted; at most 30 s old."""
        person = people(token_of(request))
        read_query(NoParameters)
        return kept.answer(person, lambda: person.rows(_TOTALS)[0])

    return bp
