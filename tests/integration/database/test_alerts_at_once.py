"""Many that open and resolve the same alert: one is open at a time, nobody fails, each event is told once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from .conftest import Client, Database

THREADS = 20
SECONDS = 5.0
THRESHOLD = 100.0
FLOWS = [0.0, 50.0, 150.0, 200.0]

Job = Callable[[Client], int]


def watched_devices(database: Database, count: int) -> list[str]:
    """Devices with a rule of each kind of life, which all tell two channels."""
    devices = database.make_devices(count, expected_interval_s=60)
    for rule_type, threshold, duration in (
        ("high_flow", THRESHOLD, 0),
        ("high_flow", THRESHOLD, 1),
        ("zero_flow", None, 0),
        ("rate_of_change", 1.0, 0),
        ("device_offline", None, 1),
        ("no_data", None, 1),
    ):
        database.owner.execute(
            "insert into public.alert_rules"
            " (device_id, rule_name, rule_type, threshold_value, duration_minutes, notification_channels)"
            """ select id, %s, %s, %s, %s, '["page", {"type": "email", "to": ["a@example.com"]}]'"""
            " from unnest(%s::text[]) as id",
            [f"{rule_type} {duration}", rule_type, threshold, duration, devices],
        )
    return devices


def count_deadlocks(database: Database) -> int:
    [(deadlocks,)] = database.rows("select deadlocks from pg_stat_database where datname = current_database()")
    return int(deadlocks)


def assert_one_open_alert_and_each_event_told_once(database: Database, devices: list[str]) -> None:
    assert not database.rows(
        "select rule_id, device_id from public.alerts where device_id = any (%s) and not is_resolved"
        " group by rule_id, device_id having count(*) > 1",
        devices,
    )
    assert not database.rows(
        """
        select alerts.id, alerts.is_resolved, array_agg(outbox.event || ' ' || outbox.channel)
        from public.alerts
        left join public.notification_outbox as outbox on outbox.alert_id = alerts.id
        where alerts.device_id = any (%s)
        group by alerts.id
        having count(*) filter (where outbox.event = 'opened') <> 2
        or count(*) filter (where outbox.event = 'resolved') <> 2 * alerts.is_resolved::integer
        or count(distinct (outbox.event, outbox.channel)) <> count(*)
        """,
        devices,
    ), "an alert whose opening or resolution was not told to each channel once"


def test_twenty_writers_leave_one_open_alert_a_rule_and_device(database: Database) -> None:
    devices = watched_devices(database, 3)
    database.owner.execute("select private.create_flow_data_months(now(), now())")
    deadlocks = count_deadlocks(database)
    ends = time.monotonic() + SECONDS

    # Instants of its own for each writer: a direct load and ingest that store the same one may deadlock.
    writers = iter(range(THREADS))

    def until_time_is_up(act: Callable[[Client, timedelta], object], *, as_owner: bool = True) -> Job:
        def job(client: Client) -> int:
            own = timedelta(microseconds=2 * next(writers))
            if as_owner:
                client.connection.execute("reset role")
            calls = 0
            while time.monotonic() < ends:
                act(client, own)
                calls += 1
            return calls

        return job

    def post(client: Client, own: timedelta) -> None:
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000) + own
        client.ingest(
            [
                {"device_id": device, "created_at": created_at.isoformat(), "flow_rate": flow, "level": 1}
                for device in random.sample(devices, len(devices))
                for created_at, flow in zip(
                    (now, now + timedelta(microseconds=1)), random.sample(FLOWS, 2), strict=True
                )
            ]
        )

    def load(client: Client, own: timedelta) -> None:
        client.connection.execute(
            "insert into public.flow_data (device_id, created_at, flow_rate, level)"
            " values (%s, date_trunc('milliseconds', clock_timestamp()) + %s, %s, 1) on conflict do nothing",
            [random.choice(devices), own, random.choice(FLOWS)],  # noqa: S311 -- load, no secret
        )

    def tick(client: Client, _: timedelta) -> None:
        # By its clock all are silent, and what waits has waited long enough.
        client.connection.execute("select private.job_alert_clock(now() + interval '90 seconds')")

    def resolve(client: Client, _: timedelta) -> None:
        # As a person does: one that was seen open.
        for seen in client.connection.execute(
            "select id from public.alerts where device_id = any (%s) and not is_resolved", [devices]
        ).fetchall():
            client.connection.execute("update public.alerts set is_resolved = true where id = %s", seen)
        time.sleep(0.02)

    jobs = [until_time_is_up(post, as_owner=False)] * 8
    jobs += [until_time_is_up(load)] * 8 + [until_time_is_up(tick)] * 3 + [until_time_is_up(resolve)]
    assert len(jobs) == THREADS
    calls = database.at_once(jobs)

    assert all(calls), calls
    assert_one_open_alert_and_each_event_told_once(database, devices)
    raised = dict(
        database.rows("select alert_type, count(*) from public.alerts where device_id = any (%s) group by 1", devices)
    )
    assert set(raised) == {"high_flow", "zero_flow", "rate_of_change", "device_offline", "no_data"}

    # What is left is as if all had come one after the other.
    for flow, expected in ((200.0, [1] * len(devices)), (50.0, [])):
        database.client().ingest([{"device_id": device, "flow_rate": flow} for device in devices])
        opened = database.rows(
            """
            select count(*) from public.alerts
            join public.alert_rules on alert_rules.id = alerts.rule_id
            where alerts.device_id = any (%s) and not alerts.is_resolved and alert_rules.rule_name = 'high_flow 0'
            group by alerts.device_id
            """,
            devices,
        )
        assert [count for (count,) in opened] == expected
    assert count_deadlocks(database) == deadlocks, "nor was one hidden by a retry"


def test_a_rule_switched_off_among_writers_leaves_nothing_open(database: Database) -> None:
    [device] = watched_devices(database, 1)
    ends = time.monotonic() + SECONDS / 2

    def post(client: Client) -> int:
        calls = 0
        while time.monotonic() < ends:
            client.ingest([{"device_id": device, "flow_rate": flow} for flow in random.sample(FLOWS, 1)])
            calls += 1
        return calls

    def switch(client: Client) -> int:
        client.connection.execute("reset role")
        rules = client.connection.execute(
            "select id from public.alert_rules where device_id = %s order by id", [device]
        ).fetchall()
        calls = 0
        while time.monotonic() < ends:
            for (rule,) in rules:
                for is_enabled in (True, False):
                    client.connection.execute(
                        "update public.alert_rules set is_enabled = %s where id = %s", [is_enabled, rule]
                    )
                opened = client.connection.execute(
                    "select id from public.alerts where rule_id = %s and not is_resolved", [rule]
                ).fetchall()
                assert opened == [], "an alert of a rule that is off"
                calls += 1
        return calls

    assert all(database.at_once([post] * 10 + [switch]))
    assert database.rows("select count(*) > 0 from public.alerts where device_id = %s", device) == [(True,)]
    assert_one_open_alert_and_each_event_told_once(database, [device])


def test_workers_never_take_the_same_notification(database: Database) -> None:
    devices = watched_devices(database, 30)
    database.owner.execute("delete from public.notification_outbox")
    database.client().ingest([{"device_id": device, "flow_rate": 150.0} for device in devices])
    [(told,)] = database.rows("select count(*) from public.notification_outbox")
    assert told == 2 * len(devices)

    def work(client: Client) -> list[int]:
        mine: list[int] = []
        while True:
            taken = client.connection.execute(
                "select id from public.take_notifications(3, interval '10 minutes')"
            ).fetchall()
            if not taken:
                return mine
            for (notification,) in taken:
                client.connection.execute("select public.settle_notification(%s)", [notification])
                mine.append(notification)

    shares = database.at_once([work] * 4)

    assert sorted(id_ for share in shares for id_ in share) == [
        id_ for (id_,) in database.rows("select id from public.notification_outbox order by id")
    ]
    assert database.rows("select distinct attempts, sent_at is not null from public.notification_outbox") == [(1, True)]


def test_what_a_crashed_worker_held_comes_back_after_the_lease(database: Database) -> None:
    devices = watched_devices(database, 2)
    database.owner.execute("delete from public.notification_outbox")
    database.client().ingest([{"device_id": device, "flow_rate": 150.0} for device in devices])
    take = "select id, attempts from public.take_notifications(10, %s::interval)"

    rolled_back = database.client()
    rolled_back.connection.execute("begin")
    assert len(rolled_back.connection.execute(take, ["1 hour"]).fetchall()) == 4
    rolled_back.connection.close()

    crashed = database.client()
    held = crashed.connection.execute(take, ["500 milliseconds"]).fetchall()
    assert [attempts for _, attempts in held] == [1] * 4, "what was never committed was never taken"
    crashed.connection.close()

    other = database.client()
    again: list[tuple[int, int]] = []
    deadline = time.monotonic() + 20
    while not again and time.monotonic() < deadline:
        again = other.connection.execute(take, ["1 hour"]).fetchall()
    assert again == [(id_, 2) for id_, _ in held]
    assert other.connection.execute(take, ["1 hour"]).fetchall() == []
