"""What a member's question costs follows its window, not the number of the organization's devices or their history."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import LiteralString

import psycopg
import pytest

from support.stacks import throwaway_stack

DEVICES = 200
DAYS = 40


@dataclass
class Member:
    """A signed-in person of an organization with many devices, on a connection of theirs."""

    connection: psycopg.Connection[tuple[object, ...]]
    device_id: str

    def blocks_touched(self, query: LiteralString) -> int:
        """Buffer accesses of a query about the device, functions and policies included."""
        [(plan,)] = self.connection.execute(
            "explain (analyze, buffers, timing off, format json) " + query, {"device_id": self.device_id}
        ).fetchall()
        top = plan[0]["Plan"]  # type: ignore[index] # psycopg has made a list of the JSON
        return int(top["Shared Hit Blocks"] + top["Shared Read Blocks"])


@pytest.fixture(scope="module")
def member() -> Iterator[Member]:
    """Nobody else's rows; hours in the order in which time brings them, so that a device's lie apart."""
    person, organization = str(uuid.uuid4()), str(uuid.uuid4())
    with throwaway_stack() as stack:
        stack.start()
        with (
            psycopg.connect(stack.database_url, autocommit=True) as owner,
            psycopg.connect(stack.database_url, autocommit=True) as connection,
        ):
            # A plan of before there was anything must stay right.
            connection.execute("select set_config('request.jwt.claims', %s, false)", [json.dumps({"sub": person})])
            connection.execute("set role authenticated")
            for _ in range(6):
                connection.execute("select public.get_flow_statistics('PLAN_100', now() - interval '7 days', now())")

            owner.execute("insert into public.organizations (id, name) values (%s, 'Plans')", [organization])
            owner.execute("insert into auth.users (id, email) values (%s, 'plans@example.test')", [person])
            owner.execute("update public.users set organization_id = %s where id = %s", [organization, person])
            owner.execute(
                "insert into public.devices (device_id, organization_id, device_name)"
                " select 'PLAN_' || lpad(number::text, 3, '0'), %s, 'Plan' from generate_series(1, %s) as number",
                [organization, DEVICES],
            )
            owner.execute("select private.create_flow_data_months(now() - interval '365 days', now())")
            owner.execute(
                """
                insert into public.flow_data_hourly (
                  device_id, hour, expected, received, flow_count, flow_sum, flow_min, flow_max, sample_count, volume,
                  last_totalizer_at, last_totalizer, is_stale, refreshed_at
                )
                select
                  device_id, hour, 12, 12, 12, 120, 5, 15, 12, 10, hour + interval '55 minutes', 1000, false, now()
                from generate_series(
                  private.utc_hour(now()) - %s * interval '1 day', private.utc_hour(now()) - interval '1 hour', '1 hour'
                ) as hour
                cross join public.devices
                """,
                [DAYS],
            )
            owner.execute(
                "insert into public.flow_data (device_id, created_at, flow_rate, totalizer)"
                " select device_id, private.utc_hour(now()), 10, 1010 from public.devices"
            )
            owner.execute("analyze public.flow_data_hourly, public.flow_data, public.devices")
            yield Member(connection, "PLAN_100")


#: What a week needs: 168 hours on as many blocks, their index, the readings of the hour that runs, who is asking; days
#: that are not computed ask for each. All hours of the device lie on 960 blocks, those of all devices on thousands.
@pytest.mark.parametrize(
    ("query", "blocks"),
    [
        ("select * from public.get_flow_statistics(%(device_id)s, now() - interval '7 days', now())", 400),
        ("select * from public.get_flow_series(%(device_id)s, now() - interval '7 days', now(), 168)", 400),
        ("select * from public.get_daily_flow(%(device_id)s, current_date - 7, current_date)", 800),
        ("select * from public.get_flow_sparks(array[%(device_id)s], now() - interval '7 days', now(), 60)", 400),
        ("select * from public.get_volumes_today(array[%(device_id)s])", 300),
    ],
    ids=["statistics", "series", "days", "sparks", "today"],
)
def test_a_week_of_one_device_is_a_look_up(member: Member, query: LiteralString, blocks: int) -> None:
    member.blocks_touched(query)
    assert member.blocks_touched(query) < blocks
