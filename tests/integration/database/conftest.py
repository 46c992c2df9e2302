"""What the tests of concurrent ingest share: clients of the database as the API is one."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, LiteralString, TypeVar

import psycopg
import pytest

from fluxio_local.stack import Stack

Reading = dict[str, Any]
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Verdict:
    """One row that ingest_readings answers; `created_at` and `pointer` are left out."""

    index: int
    device_id: str | None
    verdict: str
    code: str | None


class Client:
    """One connection as service_role, every statement its own transaction, as PostgREST has it."""

    def __init__(self, url: str, *, deadlock_timeout: str | None = None) -> None:
        options = f"-c deadlock_timeout={deadlock_timeout}" if deadlock_timeout else ""
        self.connection = psycopg.connect(url, autocommit=True, options=options)
        self.connection.execute("set role service_role")
        # Nothing here may wait long for a lock: a test that hangs tells nothing.
        self.connection.execute("set statement_timeout = '60s'")

    def ingest(self, readings: Sequence[Reading]) -> list[Verdict]:
        """Call ingest_readings once; the answers by index."""
        rows = self.connection.execute(
            "select index, device_id, verdict, code from public.ingest_readings(%s::jsonb) order by index",
            [json.dumps(readings)],
        )
        return [Verdict(*row) for row in rows]


class Database:
    """The database as its owner, and clients of it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.owner = psycopg.connect(url, autocommit=True)
        self._clients: list[Client] = []

    def rows(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """What the owner reads."""
        return self.owner.execute(query, values).fetchall()

    def client(self) -> Client:
        """A new connection as service_role, closed at the end of the test."""
        client = Client(self.url)
        self._clients.append(client)
        return client

    def make_devices(self, count: int, *, expected_interval_s: int = 60, threshold: float | None = None) -> list[str]:
        """Devices nobody else uses, each with a high_flow rule if there is a threshold [m3/h]."""
        prefix = f"T{uuid.uuid4().hex[:12]}"
        ids = [f"{prefix}_{number:05}" for number in range(count)]
        self.owner.execute(
            "insert into public.devices (device_id, device_name, expected_interval_s)"
            " select id, id, %s from unnest(%s::text[]) as id",
            [expected_interval_s, ids],
        )
        if threshold is not None:
            self.owner.execute(
                "insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value)"
                " select id, 'High flow', 'high_flow', %s from unnest(%s::text[]) as id",
                [threshold, ids],
            )
        return ids

    def at_once(self, jobs: Sequence[Callable[[Client], Answer]]) -> list[Answer]:
        """Run each job on a connection of its own, all starting together; raises what a job raised."""
        barrier = threading.Barrier(len(jobs))

        def run(job: Callable[[Client], Answer]) -> Answer:
            client = Client(self.url)
            try:
                barrier.wait(timeout=30)
                return job(client)
            finally:
                client.connection.close()

        with ThreadPoolExecutor(len(jobs)) as pool:
            return list(pool.map(run, jobs))

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients:
            client.connection.close()
        self.owner.close()


@pytest.fixture
def database(stack: Stack) -> Iterator[Database]:
    """The stack's database."""
    database = Database(stack.database_url)
    yield database
    database.close()
