"""A request id for every request, and one log line when it is answered.

The line names method, path, status, duration, request id, the gateway key's
id and how many readings got which verdict. It never holds the query, a header
or a body: keys and tokens travel there.
"""

from __future__ import annotations

import json
import logging
import os
import random
import re
import sys
import time
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

from flask import Flask, Response, g, request

from .redaction import without_secrets

_log = logging.getLogger(__name__)

#: An id that a caller or proxy sent is kept if it looks like one.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

#: Of the server's own messages: what it quotes of a request it could not read, and the query of an address.
_QUOTED = re.compile(r"(?s)^(Invalid request from ip=[^:]*:).*")
_QUERY = re.compile(r"\?\S*")


def register(app: Flask) -> None:
    """Give requests their ids and log them."""

    @app.before_request
    def _begin() -> None:
        g.started = time.monotonic()
        sent = request.headers.get("X-Request-ID", "")
        g.request_id = sent if _REQUEST_ID.fullmatch(sent) else f"{random.getrandbits(128):032x}"

    @app.after_request
    def _end(answer: Response) -> Response:
        answer.headers["X-Request-ID"] = g.get("request_id", "")
        verdicts: dict[str, int] = g.get("verdicts", {})
        fields: dict[str, object] = {
            "method": request.method if request.method.isalpha() else "?",
            "path": quote(without_secrets(request.path)[:200], safe="/"),
            "status": answer.status_code,
            "ms": round((time.monotonic() - g.get("started", time.monotonic())) * 1000, 1),
            "request_id": g.get("request_id"),
            "key": g.get("key_label", "-"),
            **({"readings": sum(verdicts.values()), **verdicts} if "verdicts" in g else {}),
        }
        _log.info(" ".join(f"{name}={value}" for name, value in fields.items()), extra={"fields": fields})
        return answer


def configure(level: str, form: Literal["text", "json"]) -> None:
    """Log to stderr; what httpx logs of each request, with its query, is left out."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s", handlers=[WholeLines()])
    for name in ("httpx", "httpcore", "hpack"):
        logging.getLogger(name).setLevel(logging.WARNING)
    server = logging.getLogger("gunicorn.error")
    if not any(isinstance(one, _Unquoted) for one in server.filters):
        server.addFilter(_Unquoted())
    if form == "json":
        for handler in (*logging.getLogger().handlers, *server.handlers):
            handler.setFormatter(JsonLines())


class WholeLines(logging.Handler):
    """Writes each record to stderr by one call to the system, outside of any lock.

    A thread that waits for the interpreter after such a call must not keep the
    others from answering their requests. The system keeps what one call writes
    together: in a file that is appended to, and up to 4,096 bytes in a pipe.
    """

    def handle(self, record: logging.LogRecord) -> bool:
        """As Handler.handle, without its lock."""
        is_wanted = bool(self.filter(record))
        if is_wanted:
            self.emit(record)
        return is_wanted

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line; one that cannot be written costs no answer."""
        try:
            os.write(sys.stderr.fileno(), f"{self.format(record)}\n".encode("utf-8", "backslashreplace"))
        except Exception:  # noqa: BLE001 - as logging has it
            self.handleError(record)


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, and the fields of a request or else a message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
        }
        line |= getattr(record, "fields", None) or {"message": record.getMessage()}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


class _Unquoted(logging.Filter):
    """Takes what a caller sent out of the server's messages: a header without its colon may be a key."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true."""
        record.msg, record.args = _QUERY.sub("?...", _QUOTED.sub(r"\1 not understood", record.getMessage())), None
        return True
