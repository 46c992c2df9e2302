"""A small HTTP server that takes readings as the API does, and fails on demand in ways an API hardly can."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

#: ok: take and answer. busy: 503 with Retry-After 0. refuse: 401. drop: close without reading the
#: body. lose: take the readings, then close without an answer.
Mood = Literal["ok", "busy", "refuse", "drop", "lose"]


class Receiver:
    """What was taken, by (device_id, created_at); the first body stays, as in the database."""

    def __init__(self) -> None:
        self.mood: Mood = "ok"
        self.key = "flx_test"
        self.taken: dict[tuple[str, str], dict[str, object]] = {}
        self.posts = 0
        self.repeats = 0
        self.conflicts = 0
        self.connections = 0
        self.compressed = 0
        self.heartbeats: list[dict[str, object]] = []
        self.port = 0
        self.scheme = "http"
        self._mutex = threading.Lock()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def of(self, device_id: str) -> list[dict[str, object]]:
        """The readings of one meter, by time."""
        with self._mutex:
            return [body for (device, _), body in sorted(self.taken.items()) if device == device_id]

    def take(self, readings: list[dict[str, object]]) -> list[dict[str, object]]:
        results: list[dict[str, object]] = []
        with self._mutex:
            for index, body in enumerate(readings):
                key = (str(body["device_id"]), str(body["created_at"]))
                known = key in self.taken
                self.repeats += known
                self.conflicts += self.taken.setdefault(key, body) != body
                results.append({"index": index, "success": True, "verdict": "duplicate" if known else "new"})
        return results


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver
    timeout = 30

    def setup(self) -> None:
        super().setup()
        self.receiver.connections += 1

    def do_GET(self) -> None:
        self._answer(200, {"status": "ok"})

    def do_POST(self) -> None:
        receiver = self.receiver
        receiver.posts += 1
        if receiver.mood == "drop":
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers["content-encoding"] == "gzip":
            receiver.compressed += 1
            body = gzip.decompress(body)
        readings = json.loads(body)
        if isinstance(readings, dict):
            receiver.heartbeats.append(readings)
            self._answer(200, {"success": True, "results": []})
        elif receiver.mood == "busy":
            self._answer(503, {"code": "upstream_unavailable"}, ("retry-after", "0"))
        elif receiver.mood == "refuse" or self.headers["x-api-key"] != receiver.key:
            self._answer(401, {"code": "invalid_key"})
        else:
            results = receiver.take(readings)
            if receiver.mood == "lose":
                self.close_connection = True
                return
            self._answer(200, {"success": True, "results": results})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Quiet."""

    def _answer(self, status: int, body: dict[str, object], *headers: tuple[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (("content-type", "application/json"), ("content-length", str(len(content))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    """Ends kept-alive connections at its close, as a process that dies does."""

    def __init__(self, port: int, receiver: Receiver, tls: ssl.SSLContext | None) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), type("Handler", (_Handler,), {"receiver": receiver}))
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        assert isinstance(request, socket.socket)
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Quiet: a client that went away, or did not believe the certificate."""

    def end(self) -> None:
        self.shutdown()
        self.server_close()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


@contextmanager
def listening(receiver: Receiver, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """`receiver` on a free port, or on the one it had before: leaving is the API going away."""
    server = _Server(receiver.port, receiver, tls)
    receiver.scheme = "http" if tls is None else "https"
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.end()
        thread.join()


def wait_until(condition: Callable[[], object], what: str, *, seconds: float = 30) -> None:
    """Return once `condition` holds; fail naming `what` if it does not within `seconds`."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited {seconds} s in vain: {what}"
        time.sleep(0.02)
