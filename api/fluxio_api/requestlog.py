"""A request id for every request, and one log line when it is answered.

The line names method, path, status, duration, request id and the gateway
key's id. It never holds the query, a header or a body: keys and tokens
travel there.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from urllib.parse import quote

from flask import Flask, Response, g, request

_log = logging.getLogger(__name__)

#: An id that a caller or proxy sent is kept if it looks like one.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def register(app: Flask) -> None:
    """Give requests their ids and log them."""

    @app.before_request
    def _begin() -> None:
        g.started = time.monotonic()
        sent = request.headers.get("X-Request-ID", "")
        g.request_id = sent if _REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex

    @app.after_request
    def _end(answer: Response) -> Response:
        answer.headers["X-Request-ID"] = g.get("request_id", "")
        _log.info(
            "method=%s path=%s status=%d ms=%.1f request_id=%s key=%s",
            request.method if request.method.isalpha() else "?",
            quote(request.path[:200], safe="/"),
            answer.status_code,
            (time.monotonic() - g.get("started", time.monotonic())) * 1000,
            g.get("request_id"),
            g.get("key_label", "-"),
        )
        return answer


def configure(level: str) -> None:
    """Log to stderr; what httpx logs of each request, with its query, is left out."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in ("httpx", "httpcore", "hpack"):
        logging.getLogger(name).setLevel(logging.WARNING)
