"""The work of a call follows the size of the batch, not the tables' size when the connection was young."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import LiteralString

import pytest

from support.stacks import throwaway_stack

from .conftest import Client, Database

BATCH = 100
#: Far above what index look-ups need for one reading and its rule, far below a scan of MANY devices.
BLOCKS_PER_READING = 100
MANY = 5000
TABLES: LiteralString = (
    "public.devices, public.api_keys, public.alert_rules, public.alerts, public.latest_readings, public.flow_data"
)


@pytest.fixture
def empty_database() -> Iterator[Database]:
    """A database of its own: nobody else's rows, as after an installation."""
    with throwaway_stack() as stack:
        stack.start()
        database = Database(stack.database_url)
        yield database
        database.close()


def blocks_touched(client: Client, devices: list[str], at: datetime) -> int:
    """Buffer accesses of one call, nested statements and triggers included."""
    readings = [{"device_id": device, "created_at": at.isoformat(), "flow_rate": 1} for device in devices]
    [(plan,)] = client.connection.execute(
        "explain (analyze, buffers, timing off, format json) select * from public.ingest_readings(%s::jsonb)",
        [json.dumps(readings)],
    ).fetchall()
    top = plan[0]["Plan"]
    assert top["Actual Rows"] == len(devices)
    return int(top["Shared Hit Blocks"] + top["Shared Read Blocks"])


def test_a_plan_made_while_tables_were_small_stays_right_when_they_grow(empty_database: Database) -> None:
    database = empty_database
    for table in ("devices", "alert_rules", "latest_readings"):
        # Nobody comes by and mends the plans.
        database.owner.execute(f"alter table public.{table} set (autovacuum_enabled = off)")
    old = database.client()
    [only] = database.make_devices(1, threshold=100)
    # Small and known to be: this is when a scan of the whole table is the better plan.
    database.owner.execute(f"analyze {TABLES}")
    now = datetime.now(UTC)
    for second in range(12):
        old.ingest([{"device_id": only, "created_at": (now - timedelta(seconds=second)).isoformat(), "flow_rate": 1}])

    devices = database.make_devices(MANY, threshold=100)
    picked = devices[:: MANY // BATCH]
    blocks_touched(old, picked, now - timedelta(seconds=3))
    from_old_plans = blocks_touched(old, picked, now - timedelta(seconds=2))

    database.owner.execute(f"analyze {TABLES}")
    fresh = database.client()
    blocks_touched(fresh, picked, now - timedelta(seconds=1))
    from_fresh_plans = blocks_touched(fresh, picked, now)

    assert from_old_plans < BLOCKS_PER_READING * BATCH
    assert from_old_plans < 1.5 * from_fresh_plans
