"""The status over HTTP, on loopback only."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from typing import Final
from urllib.parse import urlsplit

from fluxio_edge.status import Snapshot
from fluxio_edge.status_forms import as_html, as_json, as_prometheus, as_text

_log = logging.getLogger(__name__)

HOST: Final = "127.0.0.1"
_FORMS: Final[dict[str, tuple[str, Callable[[Snapshot], str]]]] = {
    "/": ("text/html", as_html),
    "/status.txt": ("text/plain", as_text),
    "/status.json": ("application/json", as_json),
    "/metrics": ("text/plain; version=0.0.4", as_prometheus),
}
#: How long a request may take to come in [s], and how large it may be [bytes].
_PATIENCE_S: Final = 5.0
_REQUEST_BYTES: Final = 8_192


@contextlib.asynccontextmanager
async def serving(snapshot: Callable[[], Snapshot], port: int) -> AsyncIterator[int | None]:
    """The page at `port` (0: any) while inside; the port, or None if it is taken: the agent does without."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Who asked and went away, or was too slow or too long, gets no answer.
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(_PATIENCE_S):
                request = await reader.readuntil(b"\r\n\r\n")
            writer.write(await _respond(request.decode("latin-1"), snapshot))
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()

    try:
        server = await asyncio.start_server(answer, HOST, port, limit=_REQUEST_BYTES)
    except OSError as error:
        _log.warning("status: there is no page at %s:%s: %s", HOST, port, error.strerror)
        yield None
        return
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def _respond(request: str, snapshot: Callable[[], Snapshot]) -> bytes:
    first, *headers = request.split("\r\n")
    method, _, rest = first.partition(" ")
    path = rest.partition(" ")[0].partition("?")[0]
    if not _is_local(headers):
        return _response("421 Misdirected Request", "text/plain", "This page is for 127.0.0.1.\n")
    if path not in _FORMS:
        return _response("404 Not Found", "text/plain", "There are /, /status.txt, /status.json and /metrics.\n")
    if method not in ("GET", "HEAD"):
        return _response("405 Method Not Allowed", "text/plain", "Only GET.\n")
    kind, form = _FORMS[path]
    try:
        text = form(await asyncio.to_thread(snapshot))
    except sqlite3.Error as error:
        return _response("503 Service Unavailable", "text/plain", f"The spool cannot be read: {error}\n")
    return _response("200 OK", kind, text, head=method == "HEAD")


def _is_local(headers: list[str]) -> bool:
    """Whether a browser here was told to ask here: a page elsewhere may give its own name this address."""
    hosts = [value.strip() for name, _, value in (line.partition(":") for line in headers) if name.lower() == "host"]
    return all(urlsplit(f"//{host}").hostname in ("127.0.0.1", "localhost") for host in hosts)


def _response(status: str, kind: str, text: str, *, head: bool = False) -> bytes:
    content = text.encode()
    lines = (
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}{'' if 'version' in kind else '; charset=utf-8'}",
        f"Content-Length: {len(content)}",
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options: nosniff",
        "Cache-Control: no-store",
        "Connection: close",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if head else content)
