"""What browsers may do with answers: headers on every one, and which other origins may read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Flask, Response, request
from flask_cors import CORS

from .settings import Settings

#: Of answers that are no part of the page: nothing is loaded or framed, should somebody open one.
_DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

#: How long a browser keeps to TLS after it has come by it [s]: a year.
_HSTS = "max-age=31536000"


def register(app: Flask, settings: Settings, *, pages: Sequence[str]) -> None:
    """Set the headers of every answer; `pages` are the names of the blueprints whose files a browser shows."""
    page_policy = content_security_policy(
        settings.public_supabase_url or settings.supabase_url, settings.public_api_url
    )
    is_behind_tls = (settings.site_url or "").startswith("https:")
    _let_in(app, settings.cors_origins)

    @app.after_request
    def _secure(answer: Response) -> Response:
        is_page = request.blueprint in pages and answer.status_code < 400
        answer.headers["Content-Security-Policy"] = page_policy if is_page else _DATA_POLICY
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        # Against <script src> and <img src>; a listed origin's fetch is asked about by CORS instead.
        answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if is_behind_tls or request.is_secure:
            answer.headers["Strict-Transport-Security"] = _HSTS
        if settings.cors_origins:
            # Also where no origin was sent: a cache must not give that answer to a page that sends one.
            answer.vary.add("Origin")
        return answer


def _let_in(app: Flask, origins: Sequence[str]) -> None:
    CORS(
        app,
        # As patterns: a string with the brackets of an IPv6 address would be read as one.
        origins=[re.compile(re.escape(origin) + r"\Z", re.IGNORECASE) for origin in origins],
        methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match", "X-API-Key", "X-Request-ID"],
        expose_headers=["Content-Disposition", "ETag", "Retry-After", "X-Request-ID"],
        max_age=600,
        always_send=False,
        vary_header=False,
    )


def page_headers(settings: Settings) -> dict[str, str]:
    """What another host than the API has to send with each file of the page."""
    headers = {
        "Content-Security-Policy": content_security_policy(
            settings.public_supabase_url or settings.supabase_url, settings.public_api_url
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        # No file has its version in its name: a browser asks each time whether it has changed.
        "Cache-Control": "no-cache",
    }
    if (settings.site_url or "").startswith("https:"):
        headers["Strict-Transport-Security"] = _HSTS
    return headers


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
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )
