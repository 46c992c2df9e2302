"""Times what people ask for, each beside the plainest correct query, on this machine, in this run.

    python sql/benchmarks/reports.py [--devices 1000] [--per-device 5000] [--minutes 525600] [--turns 20]
                                     [--plans] [--database-url URL]

Without a URL it starts a PostgreSQL of its own and throws it away; a URL names a database with all migrations that may
be thrown away: readings.sql fills it. Every query is asked as a signed-in member of the organization that has all the
devices, with row security on, warm, in turn with its plain counterpart; the median of `turns` is printed. Plain is what
a person would write over flow_data alone, with the same rights and the same answer (which is compared).

--plans prints how PostgreSQL goes about each, the statements inside the functions included (auto_explain, so not with
a URL).
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import LiteralString

import psycopg
from retention import drop_all_but_the_current_month
from throwaway import database

from fluxio_local.pg_install import binaries

#: After so long [ms] the plain way is not asked any more.
PLAIN_MS = 5000
HERE = Path(__file__).parent
MEMBER = "00000000-0000-0000-0000-00000000be9c"


@dataclass(frozen=True)
class Case:
    """A question, asked two ways. `figures` are columns that must agree, to nine digits."""

    name: str
    #: What is wanted of it [ms].
    wanted_ms: float
    #: Length of the window [days]; it does not begin or end at a full hour.
    days: int
    query: LiteralString
    plain: LiteralString
    figures: int


#: A window's statistics over raw rows: the totalizer's increases, the step into the window among them.
_PLAIN_STATISTICS: LiteralString = """
  select avg(flow_rate) filter (where is_inside), min(flow_rate) filter (where is_inside),
    max(flow_rate) filter (where is_inside), sum(greatest(step, 0)) filter (where is_inside)
  from (
    select flow_rate, created_at >= %(start)s as is_inside,
      totalizer - lag(totalizer) over (order by created_at) as step
    from public.flow_data
    where device_id = 'BENCH_YEAR' and quality <> 'bad' and created_at < %(end)s
    and created_at >= (
      select coalesce(max(created_at), '-infinity') from public.flow_data
      where device_id = 'BENCH_YEAR' and created_at < %(start)s
    )
  ) as sample
"""

_STATISTICS: LiteralString = """
  select avg_flow_rate, min_flow_rate, max_flow_rate, total_volume
  from public.get_flow_statistics('BENCH_YEAR', %(start)s, %(end)s)
"""

CASES = (
    Case(
        "get_latest_flow_data, every device",
        10,
        0,
        "select device_id, flow_rate from public.get_latest_flow_data() order by device_id",
        "select distinct on (device_id) device_id, flow_rate from public.flow_data"
        " where quality <> 'bad' order by device_id, created_at desc",
        2,
    ),
    Case(
        "dashboard_summary",
        10,
        0,
        "select total_devices, active_alerts from public.dashboard_summary",
        "select (select count(distinct device_id) from public.flow_data),"
        " (select count(*) from public.alerts where not is_resolved)",
        2,
    ),
    Case("get_flow_statistics, 30 days of minutes", 20, 30, _STATISTICS, _PLAIN_STATISTICS, 4),
    Case("get_flow_statistics, a year of minutes", 50, 364, _STATISTICS, _PLAIN_STATISTICS, 4),
    Case(
        "get_flow_series, a year in 1,000 points",
        100,
        364,
        "select sum(data_points), min(min_flow_rate), max(max_flow_rate)"
        " from public.get_flow_series('BENCH_YEAR', %(start)s, %(end)s, 1000)",
        "select sum(points), min(low), max(high) from (select date_bin('12 hours', created_at, '2000-01-01Z'),"
        " count(*) as points, avg(flow_rate), min(flow_rate) as low, max(flow_rate) as high"
        " from public.flow_data where device_id = 'BENCH_YEAR' and quality <> 'bad'"
        " and created_at >= %(start)s and created_at < %(end)s group by 1) as bucket",
        3,
    ),
)


def fill(url: str, devices: int, per_device: int, minutes: int) -> None:
    """The history of readings.sql, its rollups, and the member who asks."""
    subprocess.run(  # noqa: S603 -- PostgreSQL's own program
        [
            binaries(None) / "psql", "--no-psqlrc", "--quiet", f"--set=devices={devices}",
            f"--set=per_device={per_device}", f"--set=minutes={minutes}", "--file", HERE / "readings.sql", url,
        ],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("select private.mark_rollups('-infinity', 'infinity')")
        while owner.execute("select private.refresh_rollups('-infinity', 'infinity')").fetchone() != (0,):
            pass
        owner.execute("insert into auth.users (id, email) values (%s, 'bench@fluxio.example')", [MEMBER])
        owner.execute(
            "update public.users set organization_id = private.default_organization_id() where id = %s",
            [MEMBER],
        )
        owner.execute("vacuum analyze public.flow_data_hourly, public.flow_data_daily, public.users")


def become_member(connection: psycopg.Connection) -> None:
    """Ask as the member from now on, as PostgREST has it."""
    connection.execute("set role authenticated")
    claims = json.dumps({"sub": MEMBER, "role": "authenticated"})
    connection.execute("select set_config('request.jwt.claims', %s, false)", [claims])


def plans(admin_url: str, case: Case) -> list[str]:
    """The plans of every statement that the asked way runs, outermost last."""
    lines: list[str] = []
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("load 'auto_explain'")
        connection.execute("set auto_explain.log_nested_statements = on")
        connection.execute("set auto_explain.log_analyze = on")
        connection.execute("set auto_explain.log_level = notice")
        become_member(connection)
        ask(connection, case.query, case.days)
        connection.add_notice_handler(lambda notice: lines.extend((notice.message_primary or "").splitlines()))
        connection.execute("reset role")
        connection.execute("set auto_explain.log_min_duration = '1ms'")
        become_member(connection)
        ask(connection, case.query, case.days)
    return lines


def ask(member: psycopg.Connection, query: LiteralString, days: int) -> tuple[float, list[tuple[object, ...]]]:
    """How long it took [ms], and the answer."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(seconds=30)
    window = {"start": end - timedelta(days=days) + timedelta(minutes=2), "end": end}
    began = time.perf_counter()
    rows = member.execute(query, window).fetchall()
    return (time.perf_counter() - began) * 1000, rows


def agree(figures: int, asked: list[tuple[object, ...]], plain: list[tuple[object, ...]]) -> bool:
    """Whether the first `figures` columns say the same; numbers to nine digits."""

    def same(one: object, other: object) -> bool:
        if isinstance(one, int | float) and isinstance(other, int | float):
            return abs(one - other) <= 1e-9 * max(abs(one), abs(other))
        return one == other

    return len(asked) == len(plain) and all(
        same(one, other)
        for row, match in zip(asked, plain, strict=True)
        for one, other in list(zip(row, match, strict=False))[:figures]
    )


def main() -> None:
    """Fill, ask and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database-url", help="a database that may be filled; default: one of our own")
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--per-device", type=int, default=5000)
    parser.add_argument("--minutes", type=int, default=525_600)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--plans", action="store_true", help="print the plans too")
    options = parser.parse_args()

    if options.plans and options.database_url:
        parser.error("--plans needs a PostgreSQL of its own")

    out = sys.stdout
    with database(options.database_url) as target:
        began = time.perf_counter()
        fill(target.url, options.devices, options.per_device, options.minutes)
        rows = options.devices * options.per_device + options.minutes
        out.write(f"{rows} readings of {options.devices + 1} devices, filled in {time.perf_counter() - began:.0f} s\n")
        with psycopg.connect(target.url, autocommit=True) as member:
            become_member(member)
            out.write("median of the asked way, of the plain one, and how many times faster\n")
            for case in CASES:
                times: dict[str, list[float]] = {"asked": [], "plain": []}
                for turn in range(options.turns + 2):
                    asked_ms, asked = ask(member, case.query, case.days)
                    # Three turns are enough of one that takes seconds.
                    if len(times["plain"]) < 3 or sum(times["plain"]) < PLAIN_MS:
                        plain_ms, plain = ask(member, case.plain, case.days)
                    if turn >= 2:
                        times["asked"].append(asked_ms)
                        times["plain"].append(plain_ms)
                if not agree(case.figures, asked, plain):
                    raise SystemExit(f"{case.name}: the two ways answer differently: {asked[:3]} and {plain[:3]}")
                here, there = statistics.median(times["asked"]), statistics.median(times["plain"])
                wanted = f" (wanted: under {case.wanted_ms:g})"
                out.write(f"{case.name:42} {here:8.1f} ms{wanted:22} {there:9.1f} ms  {there / here:7.1f} x\n")
                out.flush()
                if options.plans and target.admin_url:
                    out.writelines(f"    {line}\n" for line in plans(target.admin_url, case))
        out.write(drop_all_but_the_current_month(target.url))


if __name__ == "__main__":
    main()
