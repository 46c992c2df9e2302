"""How long the job `retention` takes for months of readings, and how long a gateway waits meanwhile."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg


@contextmanager
def posting(url: str, devices: list[str]) -> Iterator[list[tuple[float, float]]]:
    """A gateway that posts these devices' readings as fast as it can; when each call began and how long it took [s]."""
    calls: list[tuple[float, float]] = []
    done = threading.Event()

    def post() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not done.is_set():
                at = datetime.now(UTC).isoformat()
                readings = json.dumps([{"device_id": device, "created_at": at, "flow_rate": 1} for device in devices])
                began = time.perf_counter()
                connection.execute("select verdict from public.ingest_readings(%s::jsonb)", [readings]).fetchall()
                calls.append((began, time.perf_counter() - began))

    thread = threading.Thread(target=post)
    thread.start()
    try:
        yield calls
    finally:
        done.set()
        thread.join()


def drop_all_but_the_current_month(url: str) -> str:
    """One line: what was dropped in which time, and the gateway's calls without and with it."""
    with psycopg.connect(url, autocommit=True) as owner:
        [due] = owner.execute(
            "select date_trunc('month', now(), 'UTC') + settings.raw_retention, (select count(*) from public.flow_data"
            " where created_at < date_trunc('month', now(), 'UTC')) from private.settings"
        ).fetchall()
        devices = [row[0] for row in owner.execute("select device_id from public.devices order by 1 limit 100")]
        with posting(url, devices) as calls:
            time.sleep(3)
            began = time.perf_counter()
            [(answer,)] = owner.execute("select private.run_job('retention', %s)", [due[0]]).fetchall()
            ended = time.perf_counter()
            time.sleep(1)
    usual = [took for at, took in calls if at + took < began]
    meanwhile = [took for at, took in calls if at + took >= began and at <= ended]
    return (
        f"{answer} ({due[1]} readings): {(ended - began) * 1000:.0f} ms; a gateway's calls of {len(devices)} took"
        f" {statistics.median(usual) * 1000:.1f} ms (longest {max(usual) * 1000:.1f}),"
        f" meanwhile at most {max(meanwhile) * 1000:.1f} ms\n"
    )
