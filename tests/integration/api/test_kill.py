"""kill -9, of the API and of PostgreSQL, at random moments of an acknowledged stream.

A crash of the machine is not made here: what is fsynced and what only written
looks the same after kill -9. That each commit of the spool is flushed is a test
of its own, in tests/unit/api/spool.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest

from fluxio_local.errors import LocalStackError
from fluxio_local.stack import Stack
from support.api_server import ApiServer
from support.receiver import wait_until
from support.soak import short_or_long
from support.spool import Stream, held, spooling_api, stored, wait_until_drained
from support.stacks import throwaway_stack

#: How long readings are sent [s], by how many gateways, how long each pauses between two, and how long
#: the backlog of it all may take [s].
SECONDS = short_or_long(25.0, 300.0)
GATEWAYS = 4
PAUSE_S = short_or_long(0.01, 0.05)
DRAIN_S = short_or_long(180.0, 900.0)


@pytest.fixture
def own_stack() -> Iterator[Stack]:
    """A stack that no other test needs alive."""
    with throwaway_stack() as stack:
        stack.start()
        yield stack


def make_streams(stack: Stack, url: str) -> list[Stream]:
    """Gateways of one organization, each with a key and a device."""
    streams = []
    with psycopg.connect(stack.database_url) as connection:
        made = connection.execute("insert into organizations (name) values ('Works') returning id").fetchone()
        assert made is not None
        for number in range(GATEWAYS):
            device = f"K{number}_{uuid4().hex[:8]}"
            connection.execute("insert into devices (device_id, organization_id) values (%s, %s)", [device, made[0]])
            key = connection.execute("select api_key from create_api_key(%s, %s)", [device, made[0]]).fetchone()
            assert key is not None
            streams.append(Stream(url, device, {"x-api-key": str(key[0])}))
    return streams


class Killer:
    """Ends parts of a system as a crash would, and has what nobody restarts started again."""

    def __init__(self, stack: Stack, server: ApiServer, chance: random.Random) -> None:
        self._stack = stack
        self._server = server
        self._chance = chance

    def a_worker(self) -> None:
        """One worker of the API, which gunicorn replaces."""
        workers = sorted(self._server.worker_pids())
        if workers:
            os.kill(self._chance.choice(workers), signal.SIGKILL)

    def the_api(self) -> None:
        """The whole API."""
        self._server.stop(signal.SIGKILL)
        self._server.start()

    def postgres(self) -> None:
        """PostgreSQL, which stays away for a moment."""
        pid = int((self._stack.postgres.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        self._start_postgres()

    def postgres_immediately(self) -> None:
        """PostgreSQL, by its own way to crash."""
        self._stack.stop_postgres("immediate")
        self._start_postgres()

    def _start_postgres(self) -> None:
        time.sleep(self._chance.uniform(0.1, 2))
        wait_until(self._is_started, "PostgreSQL after a crash")

    def _is_started(self) -> bool:
        try:
            self._stack.start_postgres()
        except LocalStackError:
            # Sessions of the one that was killed still hold its memory.
            return False
        return True


def send(stream: Stream, stop: threading.Event, *, timed: bool) -> None:
    """Post one reading after the other, each once, whatever becomes of it."""
    while not stop.is_set():
        try:
            stream.post(timed=timed)
        except httpx.HTTPError:
            # Cut off: nobody knows what became of it, and nobody was promised anything.
            stream.statuses[0] = stream.statuses.get(0, 0) + 1
        time.sleep(PAUSE_S)


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + DRAIN_S + 60)
def test_what_was_acknowledged_is_stored_exactly_once(own_stack: Stack, tmp_path: Path) -> None:
    seed = short_or_long(4, time.time_ns())
    print(f"seed {seed}")  # noqa: T201 - shown if the test fails
    chance = random.Random(seed)  # noqa: S311
    with spooling_api(own_stack, tmp_path, FLUXIO_API_WORKERS="2") as server:
        streams = make_streams(own_stack, server.url)
        assert [stream.post() for stream in streams] == [200] * GATEWAYS
        stop = threading.Event()
        threads = [
            threading.Thread(target=send, args=(stream, stop), kwargs={"timed": number % 2 == 0})
            for number, stream in enumerate(streams)
        ]
        for thread in threads:
            thread.start()
        try:
            killed = kill_for(SECONDS, Killer(own_stack, server, chance), chance)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        wait_until_drained(tmp_path, seconds=DRAIN_S)

    statuses = sum((Counter(stream.statuses) for stream in streams), Counter())
    print(f"killed {dict(killed)}, answered {dict(statuses)}, {held(tmp_path)}")  # noqa: T201
    assert len(killed) == len(KINDS)
    assert min(statuses[200], statuses[202], statuses[0]) > 0
    assert set(statuses) <= {0, 200, 202, 503}
    for stream in streams:
        rows = stored(own_stack, stream.device).rows
        # Each value was sent once, so twice in the table would be a reading that was doubled.
        assert [value for value, count in Counter(value for _, value in rows).items() if count > 1] == []
        assert {time: value for time, value in rows if time in stream.acknowledged} == stream.acknowledged
    state = held(tmp_path)
    assert (state.entries, state.set_aside, state.dead_lettered) == (0, 0, 0)


KINDS: list[Callable[[Killer], None]] = [
    Killer.a_worker, Killer.the_api, Killer.postgres, Killer.postgres_immediately,
]  # fmt: skip


def kill_for(seconds: float, killer: Killer, chance: random.Random) -> Counter[str]:
    """Kill something now and then, everything equally often; how often what was killed."""
    killed: Counter[str] = Counter()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for kill in chance.sample(KINDS, len(KINDS)):
            time.sleep(chance.uniform(0.3, 3))
            kill(killer)
            killed[kill.__name__] += 1
    return killed
