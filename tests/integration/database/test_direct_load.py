"""A direct load has the effect of a gateway's POST."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from .conftest import Database

THRESHOLD = 100.0


def effect(database: Database, device: str) -> dict[str, Any]:
    """Everything that follows from readings, without what names the device or the moment of the load."""
    return {
        "readings": database.rows(
            "select created_at, flow_rate, totalizer, level, quality, flags from public.flow_data"
            " where device_id = %s order by created_at",
            device,
        ),
        "latest": database.rows(
            "select organization_id, created_at, received_at, flow_rate, totalizer, level, quality"
            " from public.latest_readings where device_id = %s",
            device,
        ),
        "last_seen": database.rows("select last_seen from public.devices where device_id = %s", device),
        "alerts": database.rows(
            "select alert_type, severity, message, threshold_value, actual_value, measured_at, is_resolved"
            " from public.alerts where device_id = %s order by measured_at",
            device,
        ),
    }


def test_copy_follows_up_as_ingest_does(database: Database) -> None:
    posted, copied = database.make_devices(2, threshold=THRESHOLD)
    now = datetime.now(UTC)
    # Seconds ago, flow, totalizer, level; in no order, with two excursions, a ghost and an unconfirmed zero.
    samples: list[tuple[int, float, float | None, float | None]] = [
        (30, 150, 7, None),
        (90, 20, 5, None),
        (60, 120, 6, None),
        (50, 30, 6, None),
        (20, 0, 0, 0),
        (100, 0, None, None),
        (10, 160, 8, 1.5),
        (80, 130, 5, None),
        (3600, 500, 1, None),
    ]
    received = now - timedelta(seconds=1)

    database.client().ingest(
        [
            {
                "device_id": posted,
                "created_at": (now - timedelta(seconds=ago)).isoformat(),
                "received_at": received.isoformat(),
                "flow_rate": flow,
                "totalizer": totalizer,
                "level": level,
            }
            for ago, flow, totalizer, level in samples
        ]
    )
    columns = "device_id, created_at, received_at, flow_rate, totalizer, level"
    with database.owner.cursor().copy(f"copy public.flow_data ({columns}) from stdin") as copy:
        for ago, flow, totalizer, level in samples:
            copy.write_row((copied, now - timedelta(seconds=ago), received, flow, totalizer, level))

    expected = effect(database, posted)
    assert effect(database, copied) == expected
    assert [(row[4], row[6]) for row in expected["alerts"]] == [(130, True), (150, False)]
    assert [row[4] for row in expected["readings"]].count("bad") == 1
    assert expected["last_seen"] == [(received,)]


def test_a_load_in_ingests_transaction_takes_its_own_device(database: Database) -> None:
    posted, loaded = database.make_devices(2)
    database.client().ingest([{"device_id": loaded, "flow_rate": 1}])
    [(seen,)] = database.rows("select last_seen from public.devices where device_id = %s", loaded)

    load = "insert into public.flow_data (device_id, created_at, received_at, flow_rate) values (%s, %s, %s, 2)"
    with database.owner.transaction(force_rollback=True):
        database.owner.execute(
            "select from public.ingest_readings(%s::jsonb)", [json.dumps([{"device_id": posted, "flow_rate": 1}])]
        )
        earlier = seen - timedelta(seconds=1)
        database.owner.execute(load, [loaded, earlier, earlier])
        # Older than the last contact, it changed nothing of the device; it must still be alone with it.
        for device in (posted, loaded):
            with pytest.raises(psycopg.errors.LockNotAvailable):
                database.client().connection.execute(
                    "select from public.devices where device_id = %s for no key update nowait", [device]
                )
        assert database.rows("select last_seen from public.devices where device_id = %s", loaded) == [(seen,)]

        later = seen + timedelta(seconds=1)
        database.owner.execute(load, [loaded, later, later])
        assert database.rows("select last_seen from public.devices where device_id = %s", loaded) == [(later,)]
