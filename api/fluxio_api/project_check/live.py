"""Whether Realtime carries the tables that the page listens to."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import quote, urlsplit

from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from .findings import Finding

#: What the page subscribes to.
TABLES = ("latest_readings", "alerts")
#: A project that slept needs seconds for its first subscriber [s].
_WAIT_S = 30.0
_TOPIC = "realtime:check_project"


def check_realtime(base: str, key: str, token: str) -> list[Finding]:
    """Whether a subscriber with `key` and `token` ("": the key's own role) hears the changes of each table."""
    parts = urlsplit(base)
    scheme = "wss" if parts.scheme == "https" else "ws"
    # The key stands in the address, as all clients send it: no message may hold the address.
    url = f"{scheme}://{parts.netloc}/realtime/v1/websocket?apikey={quote(key)}&vsn=2.0.0"
    mend = "is Realtime on (Realtime > Settings), and do proxies let WebSockets through?"
    found = []
    for table in TABLES:
        name = f"realtime {table}"
        try:
            with connect(url, open_timeout=_WAIT_S, max_size=2**22) as socket:
                found.append(_subscribed(socket, name, table, token))
        except InvalidStatus as refusal:
            found.append(Finding(name, "fail", f"refuses the connection: {refusal.response.status_code}", mend))
        except TimeoutError:
            found.append(Finding(name, "fail", f"says nothing for {_WAIT_S:g} s", mend))
        except (OSError, WebSocketException) as error:
            found.append(Finding(name, "fail", f"cannot be joined: {type(error).__name__}", mend))
    return found


def _subscribed(socket: Connection, name: str, table: str, token: str) -> Finding:
    config = {"postgres_changes": [{"event": "*", "schema": "public", "table": table}], "private": False}
    payload: dict[str, Any] = {"config": config}
    if token:
        payload["access_token"] = token
    socket.send(json.dumps(["1", "1", _TOPIC, "phx_join", payload]))
    deadline = time.monotonic() + _WAIT_S
    while True:
        message = json.loads(socket.recv(timeout=max(deadline - time.monotonic(), 0)))
        *_, topic, event, said = message
        if topic != _TOPIC:
            continue
        if event == "phx_reply" and said.get("status") != "ok":
            return Finding(name, "fail", "refuses the channel", "Realtime > Settings: allow public access")
        if event == "system" and said.get("extension") == "postgres_changes":
            if said.get("status") == "ok":
                return Finding(name, "ok", "changes are delivered")
            mend = f"alter publication supabase_realtime add table public.{table}; for a person, see the table's grants"
            return Finding(name, "fail", "changes are not delivered", mend)
