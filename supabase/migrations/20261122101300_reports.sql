/*
 * Reports: what the dashboard and the API ask for.
 *
 * All of it runs with the caller's rights, so row security decides what is
 * counted. Bad readings (quality) are in none of it.
 */

-- Each number comes from one table that is read alone, so that joining the
-- view to anything, or a device with three alerts, inflates nothing.
create view public.dashboard_summary with (security_invoker = true) as
with device as (
  select
    count(*) as total_devices,
    count(*) filter (where devices.last_seen > now() - interval '15 minutes') as online_devices
  from public.devices
),

alert as (
  select
    count(*) as active_alerts,
    count(*) filter (where alerts.severity = 'critical') as critical_alerts
  from public.alerts
  where not alerts.is_resolved
)

select
  device.total_devices,
  device.online_devices,
  alert.active_alerts,
  alert.critical_alerts
from device
cross join alert;
comment on view public.dashboard_summary is 'One row: the caller''s totals.';
comment on column public.dashboard_summary.total_devices is 'Devices of every status.';
comment on column public.dashboard_summary.online_devices is 'Those with contact within 15 minutes; by last_seen, not by the age of a value.';
comment on column public.dashboard_summary.active_alerts is 'Alerts that are not resolved, acknowledged or not.';
comment on column public.dashboard_summary.critical_alerts is 'Those of active_alerts with the severity critical.';

create function public.get_latest_flow_data()
returns table (
  device_id text,
  device_name text,
  created_at timestamptz,
  received_at timestamptz,
  flow_rate double precision,
  totalizer double precision,
  temperature double precision,
  pressure double precision,
  level double precision,
  velocity double precision,
  battery_level integer,
  signal_strength integer,
  quality text,
  last_seen timestamptz
)
language sql
stable
security invoker
set search_path = ''
as $$
  select
    devices.device_id,
    devices.device_name,
    latest.created_at,
    latest.received_at,
    latest.flow_rate,
    latest.totalizer,
    latest.temperature,
    latest.pressure,
    latest.level,
    latest.velocity,
    latest.battery_level,
    latest.signal_strength,
    latest.quality,
    devices.last_seen
  from public.latest_readings as latest
  join public.devices on devices.device_id = latest.device_id
  order by devices.device_id;
$$;
comment on function public.get_latest_flow_data() is
'The newest reading of each device the caller may see, by device_id; none for a device that has no reading. The age of the values is created_at, contact is last_seen. Units as in flow_data.';

create function public.get_flow_statistics(device_id text, start_time timestamptz, end_time timestamptz)
returns table (
  avg_flow_rate double precision,
  min_flow_rate double precision,
  max_flow_rate double precision,
  total_volume double precision,
  data_points bigint
)
language sql
stable
security invoker
set search_path = ''
as $$
  with reading as (
    select flow_data.created_at, flow_data.flow_rate, flow_data.totalizer
    from public.flow_data
    where flow_data.device_id = get_flow_statistics.device_id
    and flow_data.created_at >= get_flow_statistics.start_time
    and flow_data.created_at < get_flow_statistics.end_time
    and flow_data.quality <> 'bad'
  ), sample as (
    select reading.created_at, reading.totalizer
    from reading
    where reading.totalizer is not null
    union all
    (
      select flow_data.created_at, flow_data.totalizer
      from public.flow_data
      where flow_data.device_id = get_flow_statistics.device_id
      and flow_data.created_at < get_flow_statistics.start_time
      and flow_data.totalizer is not null
      and flow_data.quality <> 'bad'
      order by flow_data.created_at desc
      limit 1
    )
  ), step as (
    select sample.totalizer - lag(sample.totalizer) over (order by sample.created_at) as volume
    from sample
  )
  select
    avg(reading.flow_rate),
    min(reading.flow_rate),
    max(reading.flow_rate),
    (select sum(greatest(step.volume, 0)) from step where step.volume is not null),
    count(*)
  from reading;
$$;
comment on function public.get_flow_statistics(text, timestamptz, timestamptz) is
'One row about a device''s readings with start_time <= created_at < end_time, bad ones left out. Rates [m3/h] are over the readings, not over time; null without any. total_volume [m3] is the sum of the totalizer''s increases, the step from the last sample before the window included; a step back (reset, rollover, exchanged meter) counts as 0, so the volume is never overstated by one; null with fewer than two samples. A device the caller may not see answers as one without readings.';

revoke all on table public.dashboard_summary from anon, authenticated, service_role;
revoke all on function public.get_latest_flow_data() from public, anon, authenticated, service_role;
revoke all on function public.get_flow_statistics(text, timestamptz, timestamptz)
from public, anon, authenticated, service_role;

grant select on table public.dashboard_summary to authenticated, service_role;
grant execute on function public.get_latest_flow_data() to authenticated, service_role;
grant execute on function public.get_flow_statistics(text, timestamptz, timestamptz) to authenticated, service_role;

notify pgrst, 'reload schema';
