"""/openapi.json for programs, /docs for people."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, json

from ..contract import OpenApi
from .document import document
from .operation import operation


def blueprint() -> Blueprint:
    """The routes."""
    bp = Blueprint("openapi", __name__)

    @bp.get("/openapi.json")
    @operation(answers=OpenApi, caller="anyone", name="openapi")
    def openapi() -> Response:
        """This document, for anyone."""
        answer = Response(json.dumps(document(current_app)), mimetype="application/json")
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    return bp
