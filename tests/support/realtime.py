"""Realtime's protocol without a client library, and tokens, for facts of the local server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from websockets.sync.client import connect
from websockets.sync.connection import Connection

Payload = dict[str, Any]

WAIT_S = 15.0


def token(secret: str, *, valid_s: float = 3600, **claims: object) -> str:
    """A signed token of the role authenticated unless `claims` says otherwise."""
    body = {"role": "authenticated", "exp": int(time.time() + valid_s)} | claims
    head = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(body)}"
    signature = hmac.new(secret.encode(), head.encode(), hashlib.sha256).digest()
    return f"{head}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@dataclass
class Socket:
    """A connection of version 2.0.0: messages are [join_ref, ref, topic, event, payload]."""

    connection: Connection

    def send(self, *message: object) -> None:
        self.connection.send(json.dumps(message))

    def text(self, timeout: float = WAIT_S) -> str:
        """The next frame as it is on the wire. TimeoutError if there is none in time."""
        frame = self.connection.recv(timeout=timeout)
        assert isinstance(frame, str)
        return frame

    def message(self, timeout: float = WAIT_S) -> list[Any]:
        parsed: list[Any] = json.loads(self.text(timeout))
        return parsed

    def join(
        self, topic: str, *changes: Mapping[str, object], access_token: str | None = None, **config: object
    ) -> Payload:
        """Ask for a channel; the payload of the reply."""
        payload: Payload = {"config": {"postgres_changes": changes} | config}
        if access_token is not None:
            payload["access_token"] = access_token
        self.send("1", "1", f"realtime:{topic}", "phx_join", payload)
        return self.wait_for("phx_reply")

    def live(self, topic: str, *changes: Mapping[str, object], access_token: str | None = None) -> None:
        """Join, and wait until changes flow."""
        reply = self.join(topic, *changes, access_token=access_token)
        assert reply["status"] == "ok", reply
        system = self.wait_for("system")
        assert system["message"] == "Subscribed to PostgreSQL", system

    def wait_for(self, event: str, wanted: Callable[[Payload], bool] = lambda _: True) -> Payload:
        """The payload of the next such message; others are passed over."""
        deadline = time.monotonic() + WAIT_S
        while True:
            *_, name, content = self.message(max(deadline - time.monotonic(), 0))
            payload: Payload = content
            if name == event and wanted(payload):
                return payload

    def change(self) -> Payload:
        """The data of the next change."""
        data: Payload = self.wait_for("postgres_changes")["data"]
        return data

    def is_silent(self, seconds: float = 0.5) -> bool:
        """Whether no message comes for so long."""
        try:
            self.text(seconds)
        except TimeoutError:
            return True
        return False


@contextmanager
def open_socket(url: str, key: str, version: str = "2.0.0", *, max_queue: int = 64) -> Iterator[Socket]:
    """A connection to the project at `url`; it stops reading when `max_queue` frames were not taken."""
    address = f"{url.replace('http', 'ws', 1)}/realtime/v1/websocket?apikey={key}&vsn={version}"
    with connect(address, max_size=None, max_queue=max_queue) as connection:
        yield Socket(connection)
