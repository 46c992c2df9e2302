"""Compares `ingest_readings` with a plain INSERT and with COPY of the same rows, on this machine, in this run.

    python sql/benchmarks/ingest.py [--devices 1000] [--seconds 1.5] [--database-url URL]

Without a URL it starts a PostgreSQL of its own (durable, as an installation would be) and throws it away; a URL
names a database with all migrations that may be thrown away: it is filled. For each batch size it alternates short
turns of four ways to store readings, every one new and the newest of its device, on one connection:

ingest      select from ingest_readings(json)
triggers    insert into flow_data select from unnest(...), with the triggers that ingest relies on
plain       the same insert with triggers off
copy        COPY of the same rows with triggers off: the least the table itself costs

It prints calls and rows per second and the ratios between them. Only the ratios mean anything on another machine.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
from throwaway import database

BATCHES = (1, 10, 100, 1000)
TURNS = 4

#: A batch: device ids, instants, flow [m3/h], totalizer [m3].
Rows = tuple[list[str], list[datetime], list[float], list[float]]

INSERT = """
  insert into public.flow_data (device_id, created_at, flow_rate, totalizer)
  select * from unnest(%s::text[], %s::timestamptz[], %s::double precision[], %s::double precision[])
"""


class Plant:
    """Devices whose readings never repeat: each batch is at a later instant than the last."""

    def __init__(self, connection: psycopg.Connection, devices: int) -> None:
        self.ids = [f"BENCH_{number:06}" for number in range(devices)]
        self._at = datetime.now(UTC) - timedelta(minutes=4)
        connection.execute(
            "insert into public.devices (device_id, device_name) select id, id from unnest(%s::text[]) as id",
            [self.ids],
        )
        connection.execute(
            "insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value)"
            " select id, 'High flow', 'high_flow', 1000 from unnest(%s::text[]) as id",
            [self.ids],
        )
        connection.execute("select private.create_flow_data_months(%s, now() + interval '5 minutes')", [self._at])
        connection.execute("vacuum analyze public.devices, public.alert_rules")

    def rows(self, size: int) -> Rows:
        """The next batch, of `size` different devices."""
        self._at += timedelta(microseconds=1500)
        values = [random.uniform(1, 900) for _ in range(size)]  # noqa: S311 -- load, no secret
        return random.sample(self.ids, size), [self._at] * size, values, values


def ingest(connection: psycopg.Connection, rows: Rows) -> None:
    """One call, as the API makes it."""
    readings = json.dumps(
        [
            {"device_id": device, "created_at": at.isoformat(), "flow_rate": flow, "totalizer": total}
            for device, at, flow, total in zip(*rows, strict=True)
        ]
    )
    answers = connection.execute("select verdict from public.ingest_readings(%s::jsonb)", [readings]).fetchall()
    if {verdict for (verdict,) in answers} != {"new"}:
        raise RuntimeError(f"not every reading was new: {answers[:3]}")


def insert(connection: psycopg.Connection, rows: Rows) -> None:
    """The same rows, straight into the table."""
    connection.execute(INSERT, rows)


def copy(connection: psycopg.Connection, rows: Rows) -> None:
    """The same rows as COPY, the cheapest way there is."""
    with (
        connection.cursor() as cursor,
        cursor.copy("copy public.flow_data (device_id, created_at, flow_rate, totalizer) from stdin") as stream,
    ):
        for row in zip(*rows, strict=True):
            stream.write_row(row)


def timed_calls(
    do: Callable[[psycopg.Connection, Rows], None],
    connection: psycopg.Connection,
    plant: Plant,
    batch: int,
    seconds: float,
) -> tuple[int, float]:
    """Calls made and the time they took; making the rows is not counted."""
    calls, spent = 0, 0.0
    while spent < seconds:
        rows = plant.rows(batch)
        began = time.perf_counter()
        do(connection, rows)
        spent += time.perf_counter() - began
        calls += 1
    return calls, spent


def measure(connection: psycopg.Connection, plant: Plant, batch: int, seconds: float) -> dict[str, float]:
    """Calls per second of each way, from turns that alternate so that all meet the same weather."""
    ways = {"ingest": ingest, "triggers": insert, "plain": insert, "copy": copy}
    total = dict.fromkeys(ways, (0, 0.0))
    for _ in range(TURNS):
        for way, do in ways.items():
            calls, spent = total[way]
            switch = "disable" if way in ("plain", "copy") else "enable"
            connection.execute(f"alter table public.flow_data {switch} trigger user")
            do(connection, plant.rows(batch))
            more, longer = timed_calls(do, connection, plant, batch, seconds / TURNS)
            total[way] = (calls + more, spent + longer)
    return {way: calls / spent for way, (calls, spent) in total.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database-url", help="a database that may be filled; default: one of our own")
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=1.5, help="for each way and batch size")
    options = parser.parse_args()
    if options.devices < max(BATCHES):
        parser.error(f"at least {max(BATCHES)} devices, one for each reading of the largest batch")

    out = sys.stdout
    with database(options.database_url) as target, psycopg.connect(target.url, autocommit=True) as connection:
        plant = Plant(connection, options.devices)
        version = connection.execute("show server_version").fetchone()
        out.write(f"PostgreSQL {version[0] if version else '?'}, {options.devices} devices, one connection\n")
        out.write("calls/s by batch; and ingest as a part of each of the others\n")
        out.write("batch |  ingest    rows/s | INSERT, triggers on     off |    COPY |  on  off  COPY\n")
        for batch in BATCHES:
            rate = measure(connection, plant, batch, options.seconds)
            parts = (f"{rate['ingest'] / rate[way]:4.2f}" for way in ("triggers", "plain", "copy"))
            out.write(
                f"{batch:5} | {rate['ingest']:7.0f} {rate['ingest'] * batch:9.0f}"
                f" | {rate['triggers']:19.0f} {rate['plain']:7.0f} | {rate['copy']:7.0f} | {' '.join(parts)}\n"
            )
            out.flush()


if __name__ == "__main__":
    main()
