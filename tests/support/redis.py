"""A Redis of a test's own."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import ConnectionError as NoRedisError

from fluxio_local import ports

from . import needs

_START_S = 10


class RedisServer:
    """Redis' server on a free port of loopback; it writes nothing to the disk."""

    def __init__(self, directory: Path) -> None:
        self._executable = needs.redis_server()
        self._directory = directory
        self.port = ports.free_port()
        self.url = f"redis://{ports.HOST}:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(
            [self._executable, "--bind", ports.HOST, "--port", str(self.port), "--save", "", "--appendonly", "no",
             "--dir", self._directory],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + _START_S
        with Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                except NoRedisError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.05)
                else:
                    return

    def keys(self) -> list[str]:
        """What it holds."""
        with Redis.from_url(self.url, decode_responses=True) as client:
            return [str(key) for key in client.scan_iter()]

    def stop(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def running_redis(directory: Path) -> Iterator[RedisServer]:
    """A Redis until the end of the block."""
    server = RedisServer(directory)
    server.start()
    try:
        yield server
    finally:
        server.stop()
