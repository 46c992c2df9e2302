"""Pages that listen, as sockets whose events are counted and thrown away: `python -m load.subscribers`.

A process of its own, so that what they cost is not counted as the load generator's. It reads one line of JSON,
{url, key, tokens}, says "ready" when every socket is live, and then answers each line with the bytes heard so far.
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_HEARTBEAT_S = 20.0
#: Longest wait for the events of what was stored [s].
_SETTLE_S = 15.0
_QUIET_S = 0.5


@dataclass(frozen=True)
class Subscribers:
    """Sockets that are live, in a process of their own."""

    process: subprocess.Popen[str]

    def heard(self) -> int:
        """Bytes of events so far."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def settle(self) -> None:
        """Return when no more events come, so that the next measurement does not pay for the last."""
        until, last = time.monotonic() + _SETTLE_S, -1
        while time.monotonic() < until and (heard := self.heard()) != last:
            last = heard
            time.sleep(_QUIET_S)


@contextmanager
def subscribed(url: str, key: str, tokens: list[str]) -> Iterator[Subscribers]:
    """A subscriber to latest_readings for each person's token."""
    command = [sys.executable, "-m", "load.subscribers"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps({"url": url, "key": key, "tokens": tokens}) + "\n")
            process.stdin.flush()
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("the subscribers did not get live")
            yield Subscribers(process)
        finally:
            process.stdin.close()
            process.wait(timeout=30)


class _Listener:
    def __init__(self, url: str, key: str, token: str) -> None:
        self._url, self._key, self._token = urlsplit(url), key, token
        self.live = asyncio.Event()
        self.heard = 0

    async def run(self) -> None:
        reader, writer = await asyncio.open_connection(self._url.hostname, self._url.port)
        path = f"/realtime/v1/websocket?apikey={self._key}&vsn=2.0.0"
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: {self._url.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        changes = [{"event": "*", "schema": "public", "table": "latest_readings"}]
        payload = {"config": {"postgres_changes": changes}, "access_token": self._token}
        _write(writer, ["1", "1", "realtime:flow_data_changes", "phx_join", payload])
        beat = asyncio.create_task(self._beat(writer))
        while data := await reader.read(1 << 18):
            self.heard += len(data)
            if not self.live.is_set() and b"Subscribed to PostgreSQL" in data:
                self.live.set()
        beat.cancel()

    async def _beat(self, writer: asyncio.StreamWriter) -> None:
        while True:
            await asyncio.sleep(_HEARTBEAT_S)
            _write(writer, [None, "2", "phoenix", "heartbeat", {}])


def _write(writer: asyncio.StreamWriter, message: list[object]) -> None:
    """One text frame; RFC 6455, section 5.2. A mask of zeros is a mask."""
    data = json.dumps(message).encode()
    size = struct.pack("!B", 0x80 | len(data)) if len(data) < 126 else struct.pack("!BH", 0x80 | 126, len(data))
    writer.write(b"\x81" + size + b"\0\0\0\0" + data)


async def _main() -> None:
    config = json.loads(sys.stdin.readline())
    listeners = [_Listener(config["url"], config["key"], token) for token in config["tokens"]]
    running = [asyncio.create_task(listener.run()) for listener in listeners]
    await asyncio.wait_for(asyncio.gather(*(listener.live.wait() for listener in listeners)), 30)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while await asyncio.to_thread(sys.stdin.readline):
        sys.stdout.write(f"{sum(listener.heard for listener in listeners)}\n")
        sys.stdout.flush()
    for task in running:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(_main())
