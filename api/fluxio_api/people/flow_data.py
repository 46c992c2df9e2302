"""GET /api/flow-data."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Blueprint, Response, jsonify, request
from pydantic import Field

from ..auth import token_of
from ..problems import InvalidRequest
from .csv_text import to_csv
from .ports import FlowQuery, OpenPerson
from .requests import DeviceId, Instant, Parameters, read_query


class FlowParameters(Parameters):
    """The query of GET /api/flow-data; times are ISO 8601 with an offset, or seconds or milliseconds since 1970."""

    device_id: DeviceId | None = None
    #: Inclusive.
    start_time: Instant | None = None
    #: Exclusive.
    end_time: Instant | None = None
    limit: Annotated[int, Field(ge=1, le=10_000)] = 1000
    format: Literal["json", "csv"] | None = None


def blueprint(people: OpenPerson) -> Blueprint:
    """The route."""
    bp = Blueprint("flow_data", __name__, url_prefix="/api/flow-data")

    @bp.get("")
    def index() -> Response:
        """Readings, newest first; as CSV for format=csv or Accept: text/csv. Problems: invalid_request."""
        person = people(token_of(request))
        asked = read_query(FlowParameters)
        if asked.start_time and asked.end_time and asked.end_time <= asked.start_time:
            raise InvalidRequest("end_time must be later than start_time.", errors=[{"parameter": "end_time"}])
        readings = person.flow_data(FlowQuery(asked.device_id, asked.start_time, asked.end_time, asked.limit))
        if asked.format == "csv" or (asked.format is None and _prefers_csv()):
            answer = Response(to_csv(readings), mimetype="text/csv")
            answer.headers["Content-Disposition"] = 'attachment; filename="flow-data.csv"'
        else:
            answer = jsonify(readings=readings)
        answer.vary.add("Accept")
        return answer

    return bp


def _prefers_csv() -> bool:
    return request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv"
