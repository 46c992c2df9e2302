"""The dashboard's files and what it needs to know, on the API's own origin."""

from __future__ import annotations

from importlib.metadata import version
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, jsonify, send_from_directory

from .contract import Config
from .openapi.operation import operation
from .people.devices import ONLINE_WINDOW_S
from .problems import NotFound
from .settings import Settings


def register(app: Flask, settings: Settings) -> None:
    """Serve the page at / and its settings at /config.json."""
    supabase_url = settings.public_supabase_url or settings.supabase_url
    policy = content_security_policy(supabase_url, settings.public_api_url)
    bp = Blueprint("page", __name__)

    @bp.get("/config.json")
    @operation(answers=Config, caller="anyone", name="config")
    def config() -> Response:
        """What the page cannot know; nothing in it is secret."""
        answer = jsonify(
            supabase_url=supabase_url,
            supabase_anon_key=settings.supabase_anon_key,
            online_window_s=ONLINE_WINDOW_S,
            version=version("fluxio"),
            api_url=settings.public_api_url or "",
        )
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

    @app.after_request
    def _secure(answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] = policy
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        return answer


def content_security_policy(supabase_url: str, api_url: str | None) -> str:
    """What the page may load and reach: itself, this Supabase by HTTP and WebSocket, and the API elsewhere."""
    parts = urlsplit(supabase_url)
    socket_scheme = "wss" if parts.scheme == "https" else "ws"
    reached = ["'self'", f"{parts.scheme}://{parts.netloc}", f"{socket_scheme}://{parts.netloc}"]
    if api_url is not None:
        api = urlsplit(api_url)
        reached.append(f"{api.scheme}://{api.netloc}")
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"connect-src {' '.join(reached)}",
            "img-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )
