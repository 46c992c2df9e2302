"""A small HTTP server that keeps what it is sent and answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Posted(NamedTuple):
    """A request as it came."""

    path: str
    content_type: str | None
    key: str | None
    body: bytes


@dataclass
class Recorder:
    """What was posted, in order. Status 0 is a connection that is closed without an answer."""

    posted: list[Posted] = field(default_factory=list)
    #: The answers to the next requests, one each; afterwards 200.
    statuses: list[int] = field(default_factory=list)
    url: str = ""

    @property
    def bodies(self) -> list[bytes]:
        return [each.body for each in self.posted]


class _Handler(BaseHTTPRequestHandler):
    recorder: Recorder
    timeout = 30

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        recorder = self.recorder
        recorder.posted.append(Posted(self.path, self.headers["content-type"], self.headers["x-api-key"], body))
        status = recorder.statuses.pop(0) if recorder.statuses else 200
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        if status == 308:
            self.send_header("location", f"{recorder.url}/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Quiet."""


@contextmanager
def recording() -> Iterator[Recorder]:
    """A Recorder on a free port."""
    recorder = Recorder()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"recorder": recorder}))
    recorder.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
