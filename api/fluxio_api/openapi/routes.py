"""/openapi.json: every call, for programs."""

from __future__ import annotations

from functools import cache

from flask import Blueprint, Response, current_app, json, request

from ..contract import OpenApi
from .document import document
from .operation import operation


def blueprint() -> Blueprint:
    """The route; the document is made once, when it is first asked for."""
    bp = Blueprint("openapi", __name__)

    @cache
    def written() -> str:
        return json.dumps(document(current_app))

    @bp.get("/openapi.json")
    @operation(answers=OpenApi, caller="anyone", is_cached=True, name="openapi")
    def openapi() -> Response:
        """This document, for anyone."""
        answer = Response(written(), mimetype="application/json")
        answer.headers["Cache-Control"] = "no-cache"
        answer.add_etag()
        answer.make_conditional(request)
        return answer

    return bp
