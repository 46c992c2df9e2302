"""GET /api/devices/ID/statistics, /series, /daily and /quality: what the database's report functions answer."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from flask import Blueprint, Response, jsonify, request
from pydantic import Field

from ..auth import token_of
from ..openapi.operation import operation
from ..problems import InvalidRequest
from .answers.devices import Days, Quality, Series, Statistics
from .ports import OpenPerson
from .requests import Instant, Parameters, read_query

#: Most days of one answer, as in get_daily_flow.
_MOST_DAYS = 10_000

#: Longest window, as in get_data_quality.
_LONGEST_QUALITY = timedelta(hours=168)


class WindowParameters(Parameters):
    """A window of time."""

    start_time: Annotated[Instant, Field(description="Inclusive.")]
    end_time: Annotated[Instant, Field(description="Exclusive.")]


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
    @operation(answers=Statistics, query=WindowParameters)
    def statistics(device_id: str) -> Response:
        """Rates, volume and counts of one window."""
        person = people(token_of(request))
        window = _window(read_query(WindowParameters))
        [row] = person.call("get_flow_statistics", {"device_id": device_id, **window}, repeatable=True)
        return jsonify(row)

    @bp.get("/series")
    @operation(answers=Series, query=SeriesParameters)
    def series(device_id: str) -> Response:
        """The window in at most max_points buckets."""
        person = people(token_of(request))
        asked = read_query(SeriesParameters)
        arguments = {"device_id": device_id, **_window(asked), "max_points": asked.max_points}
        return jsonify(buckets=person.call("get_flow_series", arguments, repeatable=True))

    @bp.get("/daily")
    @operation(answers=Days, query=DaysParameters)
    def daily(device_id: str) -> Response:
        """Rates, volume and counts a day; at most 10,000 days."""
        person = people(token_of(request))
        asked = read_query(DaysParameters)
        if not timedelta() <= asked.last_day - asked.first_day < timedelta(days=_MOST_DAYS):
            raise InvalidRequest(
                "last_day must be 0 to 9,999 days after first_day.", errors=[{"parameter": "last_day"}]
            )
        days = {"first_day": asked.first_day.isoformat(), "last_day": asked.last_day.isoformat()}
        return jsonify(days=person.call("get_daily_flow", {"device_id": device_id, **days}, repeatable=True))

    @bp.get("/quality")
    @operation(answers=Quality, query=WindowParameters)
    def quality(device_id: str) -> Response:
        """How well the readings of a window came; at most 168 hours."""
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
