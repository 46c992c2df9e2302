"""Workers and whole servers are replaced under a steady stream of POSTs, and no POST fails."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from fluxio_local.stack import Stack
from support.api_server import ApiServer, running_api

from .conftest import Database, MakePlant, Plant, rows

WORKERS = 2
#: Pauses between a sender's POSTs [s]: without rest, and longer than a worker's last keep-alive seconds.
PAUSES = (0.0, 0.0, 0.0, 0.3, 0.9, 2.3)


@pytest.fixture
def server(stack: Stack, tmp_path: Path) -> Iterator[ApiServer]:
    with running_api(
        stack, tmp_path, FLUXIO_API_WORKERS=str(WORKERS), FLUXIO_INGEST_RATE_LIMIT="1000000 per minute"
    ) as server:
        yield server


class Stream:
    """Senders with a kept connection each, until the end of the block."""

    def __init__(self, server: ApiServer, plant: Plant) -> None:
        self._server, self._plant = server, plant
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(len(PAUSES))
        self._start = datetime.now(UTC) - timedelta(hours=1)
        #: How many readings each has sent and got an answer for.
        self.sent = [0] * len(PAUSES)

    def __enter__(self) -> Stream:
        self._senders = [self._pool.submit(self._send, sender) for sender in range(len(PAUSES))]
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._pool.shutdown()

    def go_on(self) -> None:
        """Return when every sender has sent some more; raises what a sender met."""
        before = list(self.sent)
        wait_for(
            lambda: (
                all(now > then for now, then in zip(self.sent, before, strict=True))
                or any(sender.done() for sender in self._senders)
            ),
            "the stream goes on",
        )
        for sender in self._senders:
            if sender.done():
                sender.result()

    def check(self, db: Database) -> None:
        """Raise what a sender met; every reading must be there once."""
        for sender in self._senders:
            sender.result(60)
        assert [len(rows(db, device)) for device in self._plant.devices] == self.sent

    def _send(self, sender: int) -> None:
        with httpx.Client(base_url=self._server.url, timeout=60) as client:
            while not self._over.wait(PAUSES[sender]):
                number = self.sent[sender]
                at = self._start + timedelta(milliseconds=number)
                reading = {"device_id": self._plant.devices[sender], "flow_rate": 1, "created_at": at.isoformat()}
                answer = client.post("/api/ingest", json=reading, headers=self._plant.headers)
                assert answer.status_code == 200, answer.text
                self.sent[sender] += 1


def wait_for(come_true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not come_true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_a_reload_fails_no_post(server: ApiServer, db: Database, make_plant: MakePlant) -> None:
    with Stream(server, make_plant(len(PAUSES))) as stream:
        for _ in range(2):
            stream.go_on()
            before = server.worker_pids()
            server.send(signal.SIGHUP)
            wait_for(lambda: len(server.worker_pids() - before) == WORKERS, "there are new workers")  # noqa: B023
            wait_for(lambda: not server.worker_pids() & before, "the old ones are gone")  # noqa: B023
        stream.go_on()
    stream.check(db)


def test_a_worker_that_is_ended_fails_no_post(server: ApiServer, db: Database, make_plant: MakePlant) -> None:
    with Stream(server, make_plant(len(PAUSES))) as stream:
        for pid in sorted(server.worker_pids()):
            stream.go_on()
            os.kill(pid, signal.SIGTERM)
            wait_for(lambda: pid not in server.worker_pids(), "it is gone")  # noqa: B023
            wait_for(lambda: len(server.worker_pids()) == WORKERS, "it is replaced")
        stream.go_on()
    stream.check(db)


def test_a_new_server_takes_over_the_port(server: ApiServer, db: Database, make_plant: MakePlant) -> None:
    group = os.getpgid(next(iter(server.worker_pids())))
    try:
        with Stream(server, make_plant(len(PAUSES))) as stream:
            stream.go_on()
            before = server.worker_pids()
            server.send(signal.SIGUSR2)
            wait_for(lambda: server.worker_pids() > before, "the new server is started")
            (successor,) = server.worker_pids() - before
            wait_for(lambda: len(children(successor)) == WORKERS, "it has workers")
            stream.go_on()
            server.stop()
            stream.go_on()
        stream.check(db)
        os.kill(successor, signal.SIGTERM)
        wait_for(lambda: not is_there(group), "the new server ends in good order")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    assert list(server.log.parent.glob("fluxio-metrics-*")) == [], "neither leaves a folder behind"


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def is_there(group: int) -> bool:
    """Whether a process of this group lives; one that is dead and not yet buried does not."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = status.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] != "Z":
                return True
    return False
