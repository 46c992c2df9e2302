"""What a page of the device list reads follows the page, not the devices, rules and alerts there are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import LiteralString
from uuid import uuid4

import pytest

from support.stacks import throwaway_stack

from .conftest import Database

MANY = 5000
PAGE = 50
#: Index look-ups of a device, its latest reading, rules and open alerts; too few to go through the resolved ones.
BLOCKS_PER_DEVICE = 15
#: Reading the policies' own tables and the like.
BLOCKS_A_QUERY = 100


@pytest.fixture(scope="module")
def fleet() -> Iterator[tuple[Database, list[str]]]:
    """A database of its own with many devices, each with a reading, a rule, and alerts of which one is open."""
    with throwaway_stack() as stack:
        stack.start()
        database = Database(stack.database_url)
        devices = database.make_devices(MANY, threshold=100)
        database.owner.execute(
            "insert into public.latest_readings"
            " (device_id, organization_id, created_at, received_at, flow_rate, quality)"
            " select device_id, organization_id, now(), now(), 1, 'good' from public.devices"
        )
        database.owner.execute(
            "insert into public.alerts"
            " (organization_id, device_id, alert_type, severity, message, is_resolved, resolved_at)"
            " select organization_id, device_id, 'type ' || number, 'warning', 'm', number > 1,"
            " case when number > 1 then now() end"
            " from public.devices cross join generate_series(1, 20) as number order by number"
        )
        database.owner.execute(
            "analyze public.devices, public.latest_readings, public.alert_rules, public.alerts, public.users"
        )
        yield database, devices
        database.close()


def blocks_read(database: Database, query: LiteralString, device_id: str, rows: int) -> int:
    """Buffer accesses of the query by a viewer of the devices' organization."""
    person = uuid4()
    owner = database.owner
    owner.execute("insert into auth.users (id, email) values (%s, %s)", [person, f"{person}@example.com"])
    owner.execute(
        "update public.users set role = 'viewer', organization_id = private.default_organization_id() where id = %s",
        [person],
    )
    claims = json.dumps({"sub": str(person), "role": "authenticated"})
    with owner.transaction():
        owner.execute("select set_config('request.jwt.claims', %s, true)", [claims])
        owner.execute("set local role authenticated")
        # The first finds the catalog's pages too.
        for _ in range(2):
            [(plan,)] = owner.execute(
                b"explain (analyze, buffers, timing off, format json) " + query.encode(), [device_id]
            ).fetchall()
    top = plan[0]["Plan"]
    assert top["Actual Rows"] == rows
    return int(top["Shared Hit Blocks"] + top["Shared Read Blocks"])


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("select * from public.device_overview where device_id > %s order by device_id limit 50", PAGE),
        ("select * from public.device_overview where device_id = %s", 1),
        ("select * from public.get_device_page(%s)", 1),
    ],
    ids=["page", "row", "device page"],
)
def test_a_page_reads_what_it_shows(fleet: tuple[Database, list[str]], query: LiteralString, rows: int) -> None:
    database, devices = fleet
    assert blocks_read(database, query, devices[MANY // 2], rows) < BLOCKS_A_QUERY + rows * BLOCKS_PER_DEVICE
