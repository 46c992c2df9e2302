"""Between HTTP and the routes: bodies with a limit, paths without redirects, an orderly end of a refused upload."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from flask import Flask, Response, current_app, request
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped] # gunicorn has none

from .ingest.unpack import ENCODINGS, encodings_of
from .problems import InvalidRequest, PayloadTooLarge, UnsupportedEncoding

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_SLASHES = re.compile("/{2,}")

#: How much of an upload that was refused unread is thrown away [bytes], and for how long [s].
_DRAIN_BYTES, _DRAIN_S = 8 * 1024 * 1024, 2.0


def read_body() -> bytes:
    """The bytes of the current request's body.

    Raises PayloadTooLarge beyond the limit of `register`, UnsupportedEncoding
    for a Content-Encoding that unpack does not take off, and InvalidRequest
    for a body that breaks off, or comes slower than gunicorn.conf.py has it.
    """
    if not ENCODINGS.issuperset(encodings_of(request.headers.get("Content-Encoding", ""))):
        raise UnsupportedEncoding("Content-Encoding may be gzip or deflate.")
    limit = current_app.config["MAX_CONTENT_LENGTH"] - 1
    try:
        body = request.get_data(cache=False)
    except ParseException as error:
        raise InvalidRequest("The body's chunks are malformed.") from error
    except OSError as error:
        # Of a body in chunks; Werkzeug says the same of one whose length was told.
        raise InvalidRequest("The body broke off, or came too slowly.") from error
    if len(body) > limit:
        raise PayloadTooLarge(f"The body may have {limit} bytes.")
    return body


def register(app: Flask, *, max_body_bytes: int) -> None:
    """Set the largest body, and answer /api/ingest/ and //api/ingest as /api/ingest: a gateway follows no redirect."""
    # One more, because Werkzeug cuts a chunked body off at its limit instead of refusing it.
    app.config["MAX_CONTENT_LENGTH"] = max_body_bytes + 1
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    app.wsgi_app = _merged_slashes(app.wsgi_app)  # type: ignore[assignment,method-assign] # the documented place

    @app.after_request
    def _finish(answer: Response) -> Response:
        if request.path.startswith("/api/"):
            answer.headers.setdefault("Cache-Control", "no-store")
        if answer.status_code >= 400 and request.method in {"POST", "PATCH", "PUT"}:
            _throw_away_body()
        return answer


def _throw_away_body() -> None:
    """Read what a refused client still sends.

    A server that closes a connection with unread bytes in it resets it, and
    the client may never see why it was refused.
    """
    if "gunicorn.socket" not in request.environ:
        return
    until, left = time.monotonic() + _DRAIN_S, _DRAIN_BYTES
    with suppress(OSError, ParseException), _patience(_DRAIN_S):
        while left > 0 and time.monotonic() < until:
            chunk = request.environ["wsgi.input"].read(min(65_536, left))
            if not chunk:
                break
            left -= len(chunk)


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Within, a read of the request that gets nothing for so long fails with an OSError; only gunicorn can."""
    socket = request.environ.get("gunicorn.socket")
    if socket is None:
        yield
        return
    before = socket.gettimeout()
    socket.settimeout(seconds)
    try:
        yield
    finally:
        socket.settimeout(before)


def _merged_slashes(inner: WSGIApplication) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["PATH_INFO"] = _SLASHES.sub("/", environ.get("PATH_INFO", ""))
        return inner(environ, start_response)

    return app
