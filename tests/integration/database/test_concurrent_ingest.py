"""Many gateways at once: no deadlock reaches a client, and what they leave is what one would have left."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from fluxio_local.stack import Stack

from .conftest import Client, Database, Reading

CLIENTS = 8
SECONDS = 5.0
THRESHOLD = 100.0
#: Readings are at multiples of this, so that clients meet in the same instants.
STEP = timedelta(milliseconds=50)


def reading_at(device: str, slot: int, start: datetime) -> Reading:
    """The one reading of a device and slot, whoever sends it: its values follow from both."""
    flow = random.Random(f"{device}/{slot}").uniform(0, 2 * THRESHOLD)  # noqa: S311 -- repeatable, no secret
    return {
        "device_id": device,
        "created_at": (start + slot * STEP).isoformat(),
        "flow_rate": flow,
        "totalizer": 1000 + slot,
    }


def test_overlapping_batches_leave_exactly_the_readings_that_were_sent(database: Database) -> None:
    devices = database.make_devices(50, threshold=THRESHOLD)
    start = datetime.now(UTC) - timedelta(seconds=30)
    began = time.monotonic()
    sent: set[tuple[str, str]] = set()
    lock = threading.Lock()
    [(deadlocks_before,)] = database.rows("select deadlocks from pg_stat_database where datname = current_database()")

    def post_until_time_is_up(client: Client) -> Counter[str]:
        verdicts: Counter[str] = Counter()
        while (elapsed := time.monotonic() - began) < SECONDS:
            now = int(elapsed / STEP.total_seconds())
            batch = [
                reading_at(device, now - random.randrange(10), start)  # noqa: S311
                for device in random.sample(devices, 30)
            ]
            verdicts.update(answer.verdict for answer in client.ingest(batch))
            with lock:
                sent.update((reading["device_id"], reading["created_at"]) for reading in batch)
        return verdicts

    verdicts = sum(database.at_once([post_until_time_is_up] * CLIENTS), Counter[str]())

    assert set(verdicts) == {"new", "duplicate"}
    [(rows,)] = database.rows("select count(*) from public.flow_data where device_id = any (%s)", devices)
    assert rows == len(sent) == verdicts["new"]
    assert not database.rows(
        """
        select devices.device_id, latest.created_at, newest.created_at
        from public.devices
        join lateral (
          select * from public.flow_data
          where flow_data.device_id = devices.device_id
          order by created_at desc
          limit 1
        ) as newest on true
        left join public.latest_readings as latest on latest.device_id = devices.device_id
        where devices.device_id = any (%s)
        and (
          (latest.created_at, latest.flow_rate, latest.totalizer)
          is distinct from (newest.created_at, newest.flow_rate, newest.totalizer)
          or devices.last_seen < newest.received_at
        )
        """,
        devices,
    ), "a device whose latest values are not its newest reading's"
    assert not database.rows(
        """
        select latest.device_id, latest.flow_rate, count(alerts.id)
        from public.latest_readings as latest
        left join public.alerts on alerts.device_id = latest.device_id and not alerts.is_resolved
        where latest.device_id = any (%s)
        group by latest.device_id
        having count(alerts.id) <> (latest.flow_rate > %s)::integer
        """,
        devices,
        THRESHOLD,
    ), "a device without exactly one open alert while its flow is high, and none while it is not"
    [(deadlocks,)] = database.rows("select deadlocks from pg_stat_database where datname = current_database()")
    assert deadlocks == deadlocks_before, "nor was one hidden by a retry"


def test_deadlock_with_a_direct_writer_is_retried_inside_the_call(stack: Stack, database: Database) -> None:
    first, second = database.make_devices(2)
    answers: list[str] = []
    # Only a superuser chooses who of two is cancelled: the one whose patience ends first, here the call.
    client = Client(stack.admin_database_url, deadlock_timeout="3s")
    lock = "select from public.devices where device_id = %s for no key update"

    def ingest_both() -> None:
        readings = [{"device_id": device, "flow_rate": 1} for device in (second, first)]
        answers.extend(answer.verdict for answer in client.ingest(readings))

    with psycopg.connect(stack.admin_database_url, options="-c deadlock_timeout=60s") as writer:
        writer.execute(lock, [second])
        caller = threading.Thread(target=ingest_both)
        caller.start()
        wait_until_blocked(database, client)
        # The call holds the first device and waits for the second: this closes the ring.
        writer.execute(lock, [first])
        writer.commit()
        caller.join(timeout=30)
    client.connection.close()

    assert answers == ["new", "new"]
    for _ in range(200):  # a backend tells its counts a while after it ended
        [(deadlocks,)] = database.rows("select deadlocks from pg_stat_database where datname = current_database()")
        if deadlocks:
            break
        time.sleep(0.05)
    assert deadlocks > 0, "there was none to retry"


@pytest.mark.parametrize("kind", ["timed", "untimed", "suspect"])
@pytest.mark.parametrize("how", ["one after the other", "at once"])
def test_the_same_post_again_and_again_is_one_row(database: Database, kind: str, how: str) -> None:
    [device] = database.make_devices(1, expected_interval_s=300)
    body: Reading = {"device_id": device, "flow_rate": 12.5, "totalizer": 1000}
    if kind == "timed":
        body["created_at"] = datetime.now(UTC).isoformat()
    elif kind == "untimed":
        body |= {"body_sha256": "00" * 32, "body_index": 0}
    else:
        body["created_at"] = "1970-01-01T00:00:07+00:00"

    def post(client: Client) -> list[str]:
        # Each arrives at its own time, as from the API.
        return [answer.verdict for answer in client.ingest([body | {"received_at": datetime.now(UTC).isoformat()}])]

    if how == "at once":
        answers = database.at_once([post] * CLIENTS)
    else:
        client = database.client()
        answers = [post(client) for _ in range(5)]

    assert Counter(verdict for [verdict] in answers) == {"new": 1, "duplicate": len(answers) - 1}
    [(rows,)] = database.rows("select count(*) from public.flow_data where device_id = %s", device)
    assert rows == 1


def wait_until_blocked(database: Database, client: Client) -> None:
    """Until the client's backend waits for a lock, at most ten seconds."""
    pid = client.connection.info.backend_pid
    for _ in range(200):
        [(waiting,)] = database.rows("select cardinality(pg_blocking_pids(%s)) > 0", pid)
        if waiting:
            return
        time.sleep(0.05)
    pytest.fail("the call never waited")
