/*
 * Statistics of a window and of days, served from rollups.
 *
 * get_flow_statistics is dropped and made again, since a function cannot be
 * given more columns: the first five are as they were.
 *
 * Everything runs with the caller's rights. A device the caller may not see
 * answers as one without readings.
 */
drop function public.get_flow_statistics(text, timestamptz, timestamptz);

create function public.get_flow_statistics(device_id text, start_time timestamptz, end_time timestamptz)
returns table (
  avg_flow_rate double precision,
  min_flow_rate double precision,
  max_flow_rate double precision,
  total_volume double precision,
  data_points bigint,
  resets bigint,
  rollovers bigint,
  expected_points bigint,
  received_points bigint,
  bad_points bigint
)
language sql
stable
security invoker
set search_path = ''
as $$
  select
    summary.flow_sum / nullif(summary.flow_count, 0),
    summary.flow_min,
    summary.flow_max,
    summary.volume,
    summary.received - summary.bad,
    summary.resets,
    summary.rollovers,
    summary.expected,
    summary.received,
    summary.bad
  from private.flow_summary(
    get_flow_statistics.device_id, get_flow_statistics.start_time, get_flow_statistics.end_time
  ) as summary;
$$;
comment on function public.get_flow_statistics(text, timestamptz, timestamptz) is
'One row about a device''s readings with start_time <= created_at < end_time, bad ones left out. Rates [m3/h] are over the readings, not over time; null without any. total_volume [m3] is the sum of the totalizer''s increases, the step from the last sample before the window included; resets (0 m3 each) and rollovers are recognised and counted, small steps back count by devices.reverse_policy; null if there is no step. data_points are the readings that are not bad, expected_points those due by expected_interval_s from the device''s first hour until now, received_points all that came, bad_points the bad ones of them. Where readings are older than they are kept, hours are whole: one belongs to the window it starts in.';

create function public.get_daily_flow(device_id text, first_day date, last_day date)
returns table (
  day date,
  starts_at timestamptz,
  ends_at timestamptz,
  avg_flow_rate double precision,
  min_flow_rate double precision,
  max_flow_rate double precision,
  total_volume double precision,
  data_points bigint,
  resets bigint,
  rollovers bigint,
  expected_points bigint,
  received_points bigint,
  bad_points bigint
)
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_raw_since constant timestamptz := private.raw_complete_since();
begin
  if get_daily_flow.last_day - get_daily_flow.first_day >= 10000 then
    raise exception 'too many days: %', get_daily_flow.last_day - get_daily_flow.first_day + 1
      using errcode = 'invalid_parameter_value', hint = 'Ask for at most 10,000.';
  end if;

  return query
  with stale as materialized (
    select hourly.hour
    from public.flow_data_hourly as hourly
    where hourly.device_id = get_daily_flow.device_id
    -- No time zone and day_start is further than this from the UTC date.
    and hourly.hour >= (get_daily_flow.first_day - 2)::timestamp at time zone 'UTC'
    and hourly.hour < (get_daily_flow.last_day + 3)::timestamp at time zone 'UTC'
    and hourly.is_stale
  ), computed as (
    select daily.*
    from public.flow_data_daily as daily
    where daily.device_id = get_daily_flow.device_id
    and daily.day between get_daily_flow.first_day and get_daily_flow.last_day
    and not daily.is_stale
    and (
      not exists (
        select from stale
        where stale.hour > daily.starts_at - interval '1 hour' and stale.hour < daily.ends_at
      )
      -- It cannot be computed again: it began within an hour whose readings are gone.
      or (daily.starts_at < v_raw_since and daily.starts_at <> private.utc_hour(daily.starts_at))
    )
  ), answer as (
    select
      computed.day, computed.starts_at, computed.ends_at, computed.expected, computed.received, computed.bad,
      computed.flow_count, computed.flow_sum, computed.flow_min, computed.flow_max, computed.volume,
      computed.resets, computed.rollovers
    from computed
    union all
    select
      listed.day, listed.starts_at, listed.ends_at, summary.expected, summary.received, summary.bad,
      summary.flow_count, summary.flow_sum, summary.flow_min, summary.flow_max, summary.volume,
      summary.resets, summary.rollovers
    from private.device_days(
      get_daily_flow.device_id, get_daily_flow.first_day, get_daily_flow.last_day
    ) as listed
    cross join lateral private.flow_summary(get_daily_flow.device_id, listed.starts_at, listed.ends_at) as summary
    where listed.day not in (select computed.day from computed)
  )
  select
    answer.day, answer.starts_at, answer.ends_at, answer.flow_sum / nullif(answer.flow_count, 0), answer.flow_min,
    answer.flow_max, answer.volume, answer.received - answer.bad, answer.resets::bigint, answer.rollovers::bigint,
    answer.expected, answer.received, answer.bad
  from answer
  order by answer.day;
end;
$$;
comment on function public.get_daily_flow(text, date, date) is
'Every day from first_day to last_day, both included (at most 10,000), as the device''s site (else its organization) counts them: from its local day_start on, 23 or 25 hours long when the clocks change. The other columns are as in get_flow_statistics. Exact at any time, also for the day that runs; older days keep the time zone they were computed in, as starts_at and ends_at tell.';

revoke all on function public.get_flow_statistics(text, timestamptz, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function public.get_daily_flow(text, date, date) from public, anon, authenticated, service_role;

grant execute on function public.get_flow_statistics(text, timestamptz, timestamptz) to authenticated, service_role;
grant execute on function public.get_daily_flow(text, date, date) to authenticated, service_role;

notify pgrst, 'reload schema';
