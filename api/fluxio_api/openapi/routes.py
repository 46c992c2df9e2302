"""/openapi.json for programs, /docs for people."""

from __future__ import annotations

from functools import cache

from flask import Blueprint, Response, current_app, json, render_template, request, send_from_directory

from ..contract import OpenApi
from .document import document
from .operation import operation
from .reading import calls_of


def blueprint() -> Blueprint:
    """The routes; what they answer is made once, when it is first asked for."""
    bp = Blueprint("openapi", __name__, template_folder="templates")

    @cache
    def program() -> str:
        return json.dumps(document(current_app))

    @cache
    def page() -> str:
        told = document(current_app)
        return render_template("docs.html", info=told["info"], groups=calls_of(told))

    @bp.get("/openapi.json")
    @operation(answers=OpenApi, caller="anyone", is_cached=True, name="openapi")
    def openapi() -> Response:
        """This document, for anyone."""
        return _asked_again(Response(program(), mimetype="application/json"))

    @bp.get("/docs")
    def docs() -> Response:
        """The same as a page, without a script."""
        return _asked_again(Response(page(), mimetype="text/html"))

    @bp.get("/docs.css")
    def style() -> Response:
        """How it looks."""
        answer = send_from_directory(f"{bp.root_path}/templates", "docs.css")
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    return bp


def _asked_again(answer: Response) -> Response:
    """`answer`, or 304 for who has it."""
    answer.headers["Cache-Control"] = "no-cache"
    answer.add_etag()
    answer.make_conditional(request)
    return answer
