"""What holds in every database of ours, however old it is. A migration that adds a rule adds a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString

#: Tables to which an upgrade adds rows, and columns that it rewrites, with the reason; all else stays as it was.
GROWN: Mapping[str, str] = {"private.jobs": "releases bring jobs"}
REWRITTEN: Mapping[str, Mapping[str, str]] = {}

#: Queries that find offenders.
RULES: Mapping[str, LiteralString] = {
    "a reading is of a device": """
        select distinct device_id from public.flow_data
        where device_id not in (select device_id from public.devices)
    """,
    "the latest reading is the newest that is not bad": """
        select device_id, newest, latest from (
          select distinct on (device_id) device_id, row(
            created_at, received_at, flow_rate, totalizer, temperature, pressure, level, velocity, battery_level,
            signal_strength, quality
          )::text as newest
          from public.flow_data
          where quality <> 'bad'
          order by device_id, created_at desc
        ) as stored
        full join (
          select device_id, row(
            created_at, received_at, flow_rate, totalizer, temperature, pressure, level, velocity, battery_level,
            signal_strength, quality
          )::text as latest
          from public.latest_readings
        ) as shown using (device_id)
        where newest is distinct from latest
    """,
    "the rollups know of every hour with a reading": """
        select device_id, private.utc_hour(created_at) from public.flow_data
        except
        select device_id, hour from public.flow_data_hourly
    """,
    "an hour that is computed is what its readings say": """
        select device_id, hour, hourly.received, count(created_at), hourly.bad, hourly.flow_sum, sum(flow_rate)
        from public.flow_data_hourly as hourly
        left join public.flow_data using (device_id)
        where not is_stale and private.utc_hour(created_at) = hour
        group by device_id, hour, hourly.received, hourly.bad, hourly.flow_sum
        having hourly.received <> count(created_at)
          or hourly.bad <> count(*) filter (where quality = 'bad')
          or abs(hourly.flow_sum - sum(flow_rate) filter (where quality <> 'bad')) > 1e-6
    """,
    "contact is not older than a reading": """
        select device_id, last_seen, max(received_at) from public.flow_data
        inner join public.devices using (device_id)
        group by device_id, last_seen
        having last_seen is null or last_seen < max(received_at)
    """,
    "what is of a device is in its organization": """
        select 'latest_readings', device_id from public.latest_readings
        inner join public.devices using (device_id)
        where latest_readings.organization_id <> devices.organization_id
        union all
        select 'alerts', device_id from public.alerts
        inner join public.devices using (device_id)
        where alerts.organization_id <> devices.organization_id
        union all
        select 'alert_rules', device_id from public.alert_rules
        inner join public.devices using (device_id)
        where alert_rules.organization_id <> devices.organization_id
    """,
    "a partition is the month in UTC that its name says": """
        select name, bounds from (
          select relname as name, pg_get_expr(relpartbound, oid) as bounds,
            to_timestamp(right(relname, 7) || ' +00', 'YYYY_MM TZH') as month
          from pg_inherits
          inner join pg_class on oid = inhrelid
          where inhparent = 'public.flow_data'::regclass
        ) as partition
        where bounds <> format('FOR VALUES FROM (%L) TO (%L)', month, month + interval '1 month')
    """,
    "a statement is the bytes that were written": """
        select device_id, month, revision from public.statements
        where body_sha256 <> encode(sha256(convert_to(body, 'UTF8')), 'hex')
    """,
    "an organization with people has an active admin": """
        select organization_id from public.users
        where organization_id is not null
        group by organization_id
        having not bool_or(role = 'admin' and is_active)
    """,
    "a job has its function": """
        select name from private.jobs
        where to_regprocedure(format('private.job_%s(timestamp with time zone)', name)) is null
    """,
    "a constraint was checked on every row": """
        select conrelid::regclass, conname from pg_constraint where not convalidated
    """,
    "an index is complete": """
        select indexrelid::regclass from pg_index where not (indisvalid and indisready)
    """,
}
