"""GET /api/dead-letters and /api/dead-letters/ID, POST /api/dead-letters/replay."""

from __future__ import annotations

import base64
import time
from datetime import timedelta
from typing import Annotated

from flask import Blueprint, Response, jsonify, request
from pydantic import Field

from ..auth import person_of, token_of
from ..ingest import replay as bodies_again
from ..openapi.operation import operation
from ..problems import NotFound
from .answers.letters import Letter, Letters, Replays
from .pages import After, next_page, read_after
from .ports import OpenPerson, Operator, Query, Row
from .requests import Body, NoParameters, Parameters, Text, read_body, read_query

_COLUMNS = (
    "id,organization_id,api_key_id,received_at,reason,detail,content_type,reading,seen_count,last_seen_at,replayed_at"
)
_NEWEST = (("id", True),)

#: How long bodies are read again in one request [s]; what is left then is for the next.
_REPLAY_S = 20.0


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
        Field(
            ge=-2_147_483_648,
            le=2_147_483_647,
            description="[s] Added to each reading's time; a body keeps its times, and is skipped unless this is 0.",
        ),
    ] = 0


def blueprint(people: OpenPerson, open_replay: bodies_again.OpenReplay | None) -> Blueprint:
    """The routes; for admins. Without `open_replay` bodies are left to the command."""
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
        query = Query("ingest_dead_letters", _NEWEST, _COLUMNS, tuple(where), asked.limit, read_after(asked.after, 1))
        found = person.rows(query)
        return jsonify(letters=found, next=next_page(query, found))

    @bp.get("/<int:letter_id>")
    @operation(answers=Letter, query=NoParameters, problems=("not_found",))
    def show(letter_id: int) -> Response:
        """One letter with its bytes; for admins."""
        person = people(token_of(request))
        read_query(NoParameters)
        query = Query("ingest_dead_letters", _NEWEST, f"{_COLUMNS},headers,body", (("id", "eq", letter_id),))
        rows = person.rows(query)
        if not rows:
            raise NotFound("There is no such letter.")
        body = rows[0].pop("body")
        return jsonify({**rows[0], **_readable(body)})

    @bp.post("/replay")
    @operation(answers=Replays, body=Replay, problems=("forbidden",))
    def replay() -> Response:
        """Judge letters again; a verdict each, and again is harmless. For admins."""
        token = token_of(request)
        asked = read_body(Replay)
        offset = timedelta(seconds=asked.time_offset_s)
        arguments: Row = {"ids": asked.ids, "time_offset": f"{offset.total_seconds():.0f} s"}
        # This also says who may: of letters that are not theirs to replay the database tells nothing.
        results = people(token).call("replay_dead_letters", arguments, repeatable=True)
        bodies = [row for row in results if row["code"] == "not_a_reading"]
        if offset:
            for row in bodies:
                row["code"] = "body_keeps_its_times"
        elif open_replay is not None and bodies:
            _read_again(open_replay(person_of(token)), bodies)
        return jsonify(results=results)

    return bp


def _read_again(replay: bodies_again.Replay, results: list[Row]) -> None:
    """Read the bodies of these letters, which the caller may replay, and write into `results` what became of them."""
    until = time.monotonic() + _REPLAY_S
    for row in results:
        if time.monotonic() > until:
            row["code"] = "not_yet"
            continue
        outcome = next(replay.run((int(str(row["letter_id"])),), None, None, 1, is_dry=False), None)
        if outcome is None:
            row["code"] = "already_replayed"
        else:
            verdict = "replayed" if outcome.is_replayed else "rejected"
            row |= {"verdict": verdict, "code": None, "detail": outcome.said}


def _readable(body: object) -> Row:
    """Bytes as PostgREST writes them, in base64 and as text; both None for the letter of a reading."""
    if body is None:
        return {"body_base64": None, "body_text": None}
    data = bytes.fromhex(str(body).removeprefix("\\x"))
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = None
    return {"body_base64": base64.b64encode(data).decode("ascii"), "body_text": text}
