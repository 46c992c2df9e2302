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
select
  'BENCH_' || to_char(number, 'FM0000') as device_id,
  'Meter ' || number as device_name,
  600 as expected_interval_s,
  now() as last_seen
from generate_series(1, :devices) as number
union all
select
  'BENCH_YEAR' as device_id,
  'A year of minutes' as device_name,
  60 as expected_interval_s,
  now() as last_seen;

insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value)
select
  devices.device_id,
  'High flow' as rule_name,
  'high_flow' as rule_type,
  1000 as threshold_value
from public.devices
where devices.device_id like 'BENCH\_%';

select private.create_flow_data_months(
  now() - greatest(:per_device * interval '10 minutes', :minutes * interval '1 minute'), now() + interval '1 day'
);

alter table public.flow_data disable trigger user;

-- A day's course and its noise; the totalizer adds up what flows on average.
insert into public.flow_data (device_id, created_at, received_at, flow_rate, totalizer, level, temperature)
select
  history.device_id,
  history.at as created_at,
  history.at as received_at,
  50 + 20 * sin(extract(epoch from history.at) / 13750) + history.step % 7 as flow_rate,
  1000 + history.step * history.interval_h * 50 as totalizer,
  0.5 as level,
  14 as temperature
from (
  select
    devices.device_id,
    step,
    devices.expected_interval_s / 3600.0 as interval_h,
    date_trunc('minute', now()) - (:per_device - step) * interval '10 minutes' as at
  from public.devices
  cross join generate_series(1, :per_device) as step
  where devices.device_id like 'BENCH\_____' and devices.device_id <> 'BENCH_YEAR'
  union all
  select
    'BENCH_YEAR' as device_id,
    step,
    1 / 60.0 as interval_h,
    date_trunc('minute', now()) - (:minutes - step) * interval '1 minute' as at
  from generate_series(1, :minutes) as step
) as history;

alter table public.flow_data enable trigger user;

insert into public.latest_readings (
  device_id, organization_id, created_at, received_at, flow_rate, totalizer, level, temperature, quality
)
select
  devices.device_id,
  devices.organization_id,
  newest.created_at,
  newest.received_at,
  newest.flow_rate,
  newest.totalizer,
  newest.level,
  newest.temperature,
  newest.quality
from public.devices
cross join
  lateral (
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
  devices.organization_id,
  devices.device_id,
  'bench_' || number as alert_type,
  'warning' as severity,
  'for the benchmark' as message,
  now() - number * interval '1 hour' as created_at,
  number > 1 or right(devices.device_id, 1) <> '0' as is_resolved,
  case when number > 1 or right(devices.device_id, 1) <> '0' then now() end as resolved_at
from public.devices
cross join generate_series(1, 5) as number
where devices.device_id like 'BENCH\_%';
commit;

vacuum analyze public.devices, public.flow_data, public.latest_readings, public.alert_rules, public.alerts;
