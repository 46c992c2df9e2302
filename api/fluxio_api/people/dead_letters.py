"""GET /api/dead-letters and POST /api/dead-letters/replay."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from flask import Blueprint, Response, jsonify, request
from pydantic import Field

from ..auth import token_of
from ..openapi.operation import operation
from .answers.letters import Letters, Replays
from .pages import After, next_page, read_after
from .ports import OpenPerson, Operator, Query, Row
from .requests import Body, Parameters, Text, read_body, read_query


class LetterParameters(Parameters):
    """The query of GET /api/dead-letters."""

    reason: Text | None = None
    is_replayed: bool | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    after: After = None


class Replay(Body):
    """Letters to judge again, their times moved where a gateway's clock was wrong."""

    ids: Annotated[list[int], Field(min_length=1, max_length=1000)]
    time_offset_s: Annotated[
        int,
        Field(ge=-2_147_483_648, le=2_147_483_647, description="[s] Added to the time of each reading."),
    ] = 0


def blueprint(people: OpenPerson) -> Blueprint:
    """The routes; for admins."""
    bp = Blueprint("dead_letters", __name__, url_prefix="/api/dead-letters")

    @bp.get("")
    @operation(answers=Letters, query=LetterParameters)
    def index() -> Response:
        """What could not become a reading, newest first; nobody but an admin sees a letter."""
        person = people(token_of(request))
        asked = read_query(LetterParameters)
        where: list[tuple[str, Operator, object]] = []
        if asked.reason is not None:
            where.append(("reason", "eq", asked.reason))
        if asked.is_replayed is not None:
            # `is not null` is no operator of PostgREST's; every time is after this one.
            where.append(("replayed_at", "gte", "-infinity") if asked.is_replayed else ("replayed_at", "is", None))
        query = Query(
            "ingest_dead_letters", (("id", True),), "*", tuple(where), asked.limit, read_after(asked.after, 1)
        )
        found = person.rows(query)
        return jsonify(letters=found, next=next_page(query, found))

    @bp.post("/replay")
    @operation(answers=Replays, body=Replay, problems=("forbidden",))
    def replay() -> Response:
        """Judge kept readings again; a verdict each. For admins; bodies are replayed by a command."""
        person = people(token_of(request))
        asked = read_body(Replay)
        offset = timedelta(seconds=asked.time_offset_s)
        arguments: Row = {"ids": asked.ids, "time_offset": f"{offset.total_seconds():.0f} s"}
        return jsonify(results=person.call("replay_dead_letters", arguments, repeatable=True))

    return bp
