"""The dashboard's files and what it needs to know, on the API's own origin."""

from __future__ import annotations

from importlib.metadata import version

from flask import Blueprint, Flask, Response, jsonify, send_from_directory

from .contract import Config
from .openapi.operation import operation
from .people.devices import ONLINE_WINDOW_S
from .problems import NotFound
from .settings import Settings

#: Of the blueprint.
NAME = "page"


def document(settings: Settings) -> dict[str, str | int]:
    """What /config.json says, wherever the page is served."""
    return {
        "supabase_url": settings.public_supabase_url or settings.supabase_url,
        "supabase_anon_key": settings.supabase_anon_key,
        "online_window_s": ONLINE_WINDOW_S,
        "version": version("fluxio"),
        "api_url": settings.public_api_url or "",
    }


def register(app: Flask, settings: Settings) -> None:
    """Serve the page at / and its settings at /config.json."""
    bp = Blueprint(NAME, __name__)

    @bp.get("/config.json")
    @operation(answers=Config, caller="anyone", name="config")
    def config() -> Response:
        """What the page cannot know; nothing in it is secret."""
        answer = jsonify(document(settings))
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    @bp.get("/", defaults={"path": "index.html"})
    @bp.get("/<path:path>")
    def file(path: str) -> Response:
        """A file of the page; a browser asks each time whether it has changed."""
        if path.startswith("api/") or any(part.startswith(".") for part in path.split("/")):
            raise NotFound("There is nothing at this address.")
        answer = send_from_directory(settings.dashboard_dir.resolve(), path, etag=True)
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    app.register_blueprint(bp)
