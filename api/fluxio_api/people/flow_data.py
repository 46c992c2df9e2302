"""GET /api/flow-data."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Literal

from flask import Blueprint, Response, jsonify, request, send_file
from pydantic import Field

from ..auth import token_of
from ..ingest.names import MEASUREMENTS
from ..openapi.operation import operation
from ..problems import InvalidRequest
from .answers.devices import Readings
from .csv_text import csv_lines
from .history import Window, readings
from .pages import After, next_page, read_after
from .ports import Archive, OpenPerson, Operator, Query
from .requests import DeviceId, Instant, Parameters, read_query
from .workbook import MIMETYPE, MOST_READINGS, workbook

_READING = ",".join(("device_id", "created_at", "received_at", *MEASUREMENTS, "quality", "flags", "metadata"))

#: Readings of one answer that is not streamed.
_MOST_AT_ONCE = 10_000


class FlowParameters(Parameters):
    """The query of GET /api/flow-data; times are ISO 8601 with an offset, or seconds or milliseconds since 1970."""

    device_id: DeviceId | None = None
    start_time: Annotated[Instant | None, Field(description="Inclusive.")] = None
    end_time: Annotated[Instant | None, Field(description="Exclusive.")] = None
    limit: Annotated[
        int,
        Field(ge=1, le=100_000_000, description="At most 10,000 as JSON, 1,048,575 as xlsx."),
    ] = 1000
    after: After = None
    format: Annotated[
        Literal["json", "csv", "xlsx"] | None, Field(description="Left out: json, or csv for Accept: text/csv.")
    ] = None


def blueprint(people: OpenPerson, archive: Archive | None = None) -> Blueprint:
    """The route; readings of months that were dropped come from `archive`."""
    bp = Blueprint("flow_data", __name__, url_prefix="/api/flow-data")

    @bp.get("")
    @operation(
        answers=Readings, query=FlowParameters, media_types=("text/csv", MIMETYPE), problems=("archive_unavailable",)
    )
    def index() -> Response:
        """Readings, newest first; as JSON, CSV or an Excel workbook.

        CSV is streamed: one that breaks off ends without its last chunk.
        """
        person = people(token_of(request))
        asked = read_query(FlowParameters)
        if asked.start_time and asked.end_time and asked.end_time <= asked.start_time:
            raise InvalidRequest("end_time must be later than start_time.", errors=[{"parameter": "end_time"}])
        query = _query(asked)
        found = readings(person, archive, query, Window(asked.device_id, asked.start_time, asked.end_time))
        if asked.format == "csv" or (asked.format is None and _prefers_csv()):
            answer = Response(_begun(csv_lines(found)), mimetype="text/csv")
            answer.headers["Content-Disposition"] = 'attachment; filename="flow-data.csv"'
        elif asked.format == "xlsx":
            if asked.limit > MOST_READINGS:
                raise InvalidRequest("A sheet has no more lines.", errors=[{"parameter": "limit"}])
            book = workbook(found)
            answer = send_file(book, MIMETYPE, as_attachment=True, download_name="flow-data.xlsx", max_age=0)
        else:
            if asked.limit > _MOST_AT_ONCE:
                raise InvalidRequest("limit may be 10,000 but for CSV.", errors=[{"parameter": "limit"}])
            page = list(found)
            answer = jsonify(readings=page, next=next_page(query, page))
        answer.vary.add("Accept")
        return answer

    return bp


def _query(asked: FlowParameters) -> Query:
    where: list[tuple[str, Operator, object]] = []
    if asked.device_id is not None:
        where.append(("device_id", "eq", asked.device_id))
    if asked.start_time is not None:
        where.append(("created_at", "gte", asked.start_time.isoformat()))
    if asked.end_time is not None:
        where.append(("created_at", "lt", asked.end_time.isoformat()))
    order = (("created_at", True), ("device_id", False))
    return Query("flow_data", order, _READING, tuple(where), asked.limit, read_after(asked.after, len(order)))


def _begun(lines: Iterator[str]) -> Iterator[str]:
    """`lines`, the first of them made now: what Supabase refuses is then still answered as a problem."""
    first = next(lines)
    return chain([first], lines)


def _prefers_csv() -> bool:
    return request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv"
