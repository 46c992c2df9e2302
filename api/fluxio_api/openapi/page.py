"""/docs: the document as a page, without a script."""

from __future__ import annotations

from functools import cache

from flask import Blueprint, Response, current_app, render_template, request, send_from_directory

from .document import document
from .reading import calls_of

#: The blueprint's name.
NAME = "docs"


def blueprint() -> Blueprint:
    """The routes; the page is made once, when it is first asked for."""
    bp = Blueprint(NAME, __name__, template_folder="templates")

    @cache
    def written() -> str:
        told = document(current_app)
        return render_template("docs.html", info=told["info"], groups=calls_of(told))

    @bp.get("/docs")
    def page() -> Response:
        """Every call, with its parameters, answers and examples."""
        answer = Response(written(), mimetype="text/html")
        answer.headers["Cache-Control"] = "no-cache"
        answer.add_etag()
        answer.make_conditional(request)
        return answer

    @bp.get("/docs.css")
    def style() -> Response:
        """How it looks."""
        answer = send_from_directory(f"{bp.root_path}/templates", "docs.css")
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    return bp
