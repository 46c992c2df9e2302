"""GET /api/devices/ID/statistics, /series, /daily and /quality: what the database's report functions answer."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from flask import Blueprint, Response, jsonify, request
from pydantic import Field

from ..auth import token_of
from ..problems import InvalidRequest
from .ports import OpenPerson
from .requests import Instant, Parameters, read_query

#: Most days of one answer, as in get_daily_flow.
_MOST_DAYS = 10_000

#: Longest window, as in get_data_quality.
_LONGEST_QUALITY = timedelta(hours=168)


class WindowParameters(Parameters):
    """A window of time."""

    #: Inclusive.
    start_time: Instant
    #: Exclusive.
    end_time: Instant


class SeriesParameters(WindowParameters):
    """A window in buckets."""

    max_points: Annotated[int, Field(ge=1, le=10_000)] = 500


class DaysParameters(Parameters):
    """Days as the device's site counts them, both included."""

    first_day: date
    last_day: date


def blueprint(people: OpenPerson) -> Blueprint:
    """The routes. A device that the person does not see answers as one without readings."""
    bp = Blueprint("reports", __name__, url_prefix="/api/devices/<path:device_id>")

    @bp.get("/statistics")
    def statistics(device_id: str) -> Response:
        """One row about the window; columns as in get_flow_statistics. Problems: invalid_request."""
        person = people(token_of(request))
        window = _window(read_query(WindowParameters))
        [row] = person.call("get_flow_statistics", {"device_id": device_id, **window}, repeatable=True)
        return jsonify(row)

    @bp.get("/series")
    def series(device_id: str) -> Response:
        """The window in at most max_points buckets; columns as in get_flow_series. Problems: invalid_request."""
        person = people(token_of(request))
        asked = read_query(SeriesParameters)
        arguments = {"device_id": device_id, **_window(asked), "max_points": asked.max_points}
        return jsonify(buckets=person.call("get_flow_series", arguments, repeatable=True))

    @bp.get("/daily")
    def daily(device_id: str) -> Response:
        """A row a day; columns as in get_daily_flow. Problems: invalid_request."""
        person = people(token_of(request))
        asked = read_query(DaysParameters)
        if not timedelta() <= asked.last_day - asked.first_day < timedelta(days=_MOST_DAYS):
            raise InvalidRequest(
                "last_day must be 0 to 9,999 days after first_day.", errors=[{"parameter": "last_day"}]
            )
        days = {"first_day": asked.first_day.isoformat(), "last_day": asked.last_day.isoformat()}
        return jsonify(days=person.call("get_daily_flow", {"device_id": device_id, **days}, repeatable=True))

    @bp.get("/quality")
    def quality(device_id: str) -> Response:
        """How at most 168 hours of readings came; columns as in get_data_quality. Problems: invalid_request."""
        person = people(token_of(request))
        asked = read_query(WindowParameters)
        window = _window(asked)
        if asked.end_time - asked.start_time > _LONGEST_QUALITY:
            raise InvalidRequest("Ask for at most 168 hours.", errors=[{"parameter": "end_time"}])
        [row] = person.call("get_data_quality", {"device_id": device_id, **window}, repeatable=True)
        return jsonify(row)

    return bp


def _window(asked: WindowParameters) -> dict[str, object]:
    if asked.end_time <= asked.start_time:
        raise InvalidRequest("end_time must be later than start_time.", errors=[{"parameter": "end_time"}])
    return {"start_time": asked.start_time.isoformat(), "end_time": asked.end_time.isoformat()}
