"""GET /api/devices/ID/statements, GET and POST /api/devices/ID/statements/YYYY-MM."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request
from pydantic import Field, StringConstraints

from ..auth import token_of
from ..openapi.operation import operation
from ..problems import InvalidRequest, NotFound
from .answers.statements import Statement, Statements
from .ports import OpenPerson, Operator, Person, Query, Row
from .requests import Body, NoParameters, Parameters, read_body, read_query

_MONTH = re.compile(r"(?!0000)[0-9]{4}-(0[1-9]|1[0-2])")

#: The newest revision first.
_NEWEST = (("revision", True),)

#: What a statement tells beside its text.
_HEAD = (
    "device_id,month,revision,reason,made_at,made_by,time_zone,day_start,starts_at,ends_at,follows,opening_at,"
    "opening_totalizer,closing_at,closing_totalizer,volume,resets,rollovers,expected,received,bad,inputs,"
    "inputs_sha256,body_sha256"
)


class RevisionParameters(Parameters):
    """The query of GET /api/devices/ID/statements/YYYY-MM."""

    revision: Annotated[
        int | None, Field(ge=1, le=2_147_483_647, description="Left out: the one that counts, the newest.")
    ] = None


class StatementBody(Body):
    """With a reason, what there is is corrected; without one, it is issued unless it was."""

    reason: Annotated[str, StringConstraints(pattern="^[^\\x00]*$", max_length=2000)] | None = None


def blueprint(people: OpenPerson) -> Blueprint:
    """The routes."""
    bp = Blueprint("statements", __name__, url_prefix="/api/devices/<path:device_id>/statements")

    @bp.get("")
    @operation(answers=Statements, query=NoParameters, problems=("not_found",))
    def index(device_id: str) -> Response:
        """The device's statements, newest first, all revisions."""
        person = people(token_of(request))
        read_query(NoParameters)
        statements = person.call("get_statements", {"device_id": device_id}, repeatable=True)
        if not statements:
            _require_device(person, device_id)
        return jsonify(statements=statements)

    @bp.get("/<month>")
    @operation(query=RevisionParameters, media_types=("text/csv",), problems=("not_found",), is_cached=True)
    def show(device_id: str, month: str) -> Response:
        """A month's statement as CSV: the same bytes each time; month is YYYY-MM."""
        person = people(token_of(request))
        found = _newest(
            person, device_id, _first_day(month), "revision,body,body_sha256", read_query(RevisionParameters)
        )
        if found is None:
            raise NotFound("There is no such statement.")
        answer = Response(str(found["body"]), mimetype="text/csv")
        name = f"{device_id}_{month}_{found['revision']}.csv"
        answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        answer.set_etag(str(found["body_sha256"]))
        # It may be kept, but a correction counts at once; and it is for those who may see the device.
        answer.headers["Cache-Control"] = "private, no-cache"
        answer.make_conditional(request)
        return answer

    @bp.post("/<month>")
    @operation(
        answers=Statement,
        status=201,
        query=NoParameters,
        body=StatementBody,
        also={200: "It had been issued: this is what was told."},
        problems=("forbidden", "not_found", "conflict"),
    )
    def make(device_id: str, month: str) -> tuple[Response, int]:
        """Issue the statement of a month (YYYY-MM), or correct it; for operators and admins.

        A month that has not ended where the device is, and a correction that would change nothing, are conflicts.
        """
        person = people(token_of(request))
        read_query(NoParameters)
        first_day = _first_day(month)
        reason = read_body(StatementBody).reason
        _require_device(person, device_id)
        known = _newest(person, device_id, first_day, "revision")
        asked: Row = {"device_id": device_id, "month": first_day}
        if reason is None:
            [made] = person.call("issue_statement", asked, repeatable=True)
        else:
            [made] = person.call("correct_statement", {**asked, "reason": reason})
        [revision] = made.values()
        statement = _newest(
            person, device_id, first_day, _HEAD, RevisionParameters.model_validate({"revision": revision})
        )
        if statement is None:
            raise NotFound("There is no such statement.")
        return jsonify(statement), 200 if known is not None and known["revision"] == revision else 201

    return bp


def _first_day(month: str) -> str:
    """YYYY-MM as a date; raises InvalidRequest."""
    if not _MONTH.fullmatch(month):
        raise InvalidRequest("The month must be written as YYYY-MM.", errors=[{"parameter": "month"}])
    return f"{month}-01"


def _newest(
    person: Person, device_id: str, first_day: str, columns: str, asked: RevisionParameters | None = None
) -> Row | None:
    """The revision that is asked for, else the one that counts; None without."""
    where: list[tuple[str, Operator, object]] = [("device_id", "eq", device_id), ("month", "eq", first_day)]
    if asked is not None and asked.revision is not None:
        where.append(("revision", "eq", asked.revision))
    rows = person.rows(Query("statements", _NEWEST, columns, tuple(where), limit=1))
    return rows[0] if rows else None


def _require_device(person: Person, device_id: str) -> None:
    """Raise NotFound for a device that the person does not see."""
    where: tuple[tuple[str, Operator, object], ...] = (("device_id", "eq", device_id),)
    if not person.rows(Query("devices", (("device_id", False),), "device_id", where, limit=1)):
        raise NotFound("There is no such device.")
