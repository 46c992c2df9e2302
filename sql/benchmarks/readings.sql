/*
 * A plant's history for the benchmarks: many devices, and one with a year of minutes.
 *
 *   psql "$DATABASE_URL" -v devices=1000 -v per_device=5000 -v minutes=525600 -f sql/benchmarks/readings.sql
 *
 * devices      how many, BENCH_0001 and on, in the default organization; per_device readings each, one every ten
 *              minutes up to now
 * minutes      readings of BENCH_YEAR, one a minute up to now
 *
 * For a database that may be thrown away, as its owner; the triggers of flow_data are off meanwhile. Nothing is
 * random, so that two runs hold the same. Fills about 50,000 readings a second.
 */
\set ON_ERROR_STOP on
set timezone = 'UTC';

begin;
insert into public.devices (device_id, device_name, expected_interval_s, last_seen)
select 'BENCH_' || to_char(number, 'FM0000'), 'Meter ' || number, 600, now()
from generate_series(1, :devices) as number
union all
select 'BENCH_YEAR', 'A year of minutes', 60, now();

insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value)
select devices.device_id, 'High flow', 'high_flow', 1000
from public.devices
where devices.device_id like 'BENCH\_%';

select private.create_flow_data_months(
  now() - greatest(:per_device * interval '10 minutes', :minutes * interval '1 minute'), now() + interval '1 day'
);

alter table public.flow_data disable trigger user;

-- A day's course and its noise; the totalizer adds up what flows on average.
insert into public.flow_data (device_id, created_at, received_at, flow_rate, totalizer, level, temperature)
select
  history.device_id, history.at, history.at,
  50 + 20 * sin(extract(epoch from history.at) / 13750) + history.step % 7,
  1000 + history.step * history.interval_h * 50,
  0.5, 14
from (
  select
    devices.device_id, step, devices.expected_interval_s / 3600.0 as interval_h,
    date_trunc('minute', now()) - (:per_device - step) * interval '10 minutes' as at
  from public.devices
  cross join generate_series(1, :per_device) as step
  where devices.device_id like 'BENCH\_____' and devices.device_id <> 'BENCH_YEAR'
  union all
  select
    'BENCH_YEAR', step, 1 / 60.0,
    date_trunc('minute', now()) - (:minutes - step) * interval '1 minute'
  from generate_series(1, :minutes) as step
) as history;

alter table public.flow_data enable trigger user;

insert into public.latest_readings (
  device_id, organization_id, created_at, received_at, flow_rate, totalizer, level, temperature, quality
)
select
  devices.device_id, devices.organization_id, newest.created_at, newest.received_at, newest.flow_rate,
  newest.totalizer, newest.level, newest.temperature, newest.quality
from public.devices
cross join lateral (
  select flow_data.*
  from public.flow_data
  where flow_data.device_id = devices.device_id
  order by flow_data.created_at desc
  limit 1
) as newest
where devices.device_id like 'BENCH\_%';

-- Some that are over, and a few that are open.
insert into public.alerts (
  organization_id, device_id, alert_type, severity, message, created_at, is_resolved, resolved_at
)
select
  devices.organization_id, devices.device_id, 'bench_' || number, 'warning', 'for the benchmark',
  now() - number * interval '1 hour', number > 1 or right(devices.device_id, 1) <> '0',
  case when number > 1 or right(devices.device_id, 1) <> '0' then now() end
from public.devices
cross join generate_series(1, 5) as number
where devices.device_id like 'BENCH\_%';
commit;

vacuum analyze;
