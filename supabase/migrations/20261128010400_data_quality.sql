/*
 * Data quality: how well a device's readings came, for its page.
 *
 * How many were due, came and were bad comes from the rollups. Flags, gaps and
 * lags are in the readings alone, which are read once, in the order of their
 * key; so a window is at most a week, 604,800 readings of a meter that is read
 * every second.
 */
create function public.get_data_quality(device_id text, start_time timestamptz, end_time timestamptz)
returns table (
  expected_points bigint,
  received_points bigint,
  bad_points bigint,
  suspect_points bigint,
  flags jsonb,
  longest_gap_s double precision,
  longest_gap_starts_at timestamptz,
  longest_gap_ends_at timestamptz,
  median_lag_s double precision,
  longest_lag_s double precision
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
  v_until constant timestamptz := least(get_data_quality.end_time, now());
  v_was_read_before boolean;
begin
  -- Not by an interval of days, whose length depends on the session's time zone.
  -- Before PostgreSQL 17 infinite times have no difference.
  if not coalesce(
    case
      when isfinite(get_data_quality.start_time) and isfinite(get_data_quality.end_time)
        then get_data_quality.end_time - get_data_quality.start_time between '0' and '168 hours'
    end,
    false
  ) then
    raise exception 'no window: % to %', get_data_quality.start_time, get_data_quality.end_time
      using errcode = 'invalid_parameter_value', hint = 'Ask for at most 168 hours.';
  end if;

  select summary.expected, summary.received, summary.bad
  into expected_points, received_points, bad_points
  from private.flow_summary(
    get_data_quality.device_id, get_data_quality.start_time, get_data_quality.end_time
  ) as summary;

  if get_data_quality.start_time < private.raw_complete_since() then
    return next;
    return;
  end if;

  v_was_read_before := exists (
    select
    from public.flow_data_hourly as hourly
    where hourly.device_id = get_data_quality.device_id
    and hourly.hour <= get_data_quality.start_time - interval '1 hour'
  ) or exists (
    -- The hour in which the window begins.
    select
    from public.flow_data as raw
    where raw.device_id = get_data_quality.device_id
    and raw.created_at >= get_data_quality.start_time - interval '1 hour'
    and raw.created_at < get_data_quality.start_time
  );

  with reading as materialized (
    select
      raw.created_at,
      raw.quality,
      raw.flags,
      date_part('epoch', raw.received_at - raw.created_at) as lag_s,
      -- Before a device's first reading nothing is missing.
      lag(
        raw.created_at, 1,
        case when v_was_read_before then get_data_quality.start_time else raw.created_at end
      ) over (order by raw.created_at) as previous_at
    from public.flow_data as raw
    where raw.device_id = get_data_quality.device_id
    and raw.created_at >= get_data_quality.start_time
    and raw.created_at < get_data_quality.end_time
  ), gap as (
    select reading.previous_at as starts_at, reading.created_at as ends_at
    from reading
    union all
    select coalesce(max(reading.created_at), get_data_quality.start_time), v_until
    from reading
    having (v_was_read_before or count(*) > 0)
    and coalesce(max(reading.created_at), get_data_quality.start_time) < v_until
  ), longest as (
    select gap.starts_at, gap.ends_at
    from gap
    order by gap.ends_at - gap.starts_at desc, gap.starts_at
    limit 1
  ), counted as (
    select
      count(*) filter (where reading.quality = 'suspect') as suspect,
      percentile_disc(0.5) within group (order by reading.lag_s) as median_lag_s,
      max(reading.lag_s) as longest_lag_s
    from reading
  ), flagged as (
    select named.flag, count(*) as readings
    from reading
    cross join lateral unnest(reading.flags) as named (flag)
    where reading.flags <> '{}'
    group by named.flag
  )
  select
    counted.suspect,
    (select coalesce(jsonb_object_agg(flagged.flag, flagged.readings), '{}') from flagged),
    date_part('epoch', longest.ends_at - longest.starts_at),
    longest.starts_at,
    longest.ends_at,
    counted.median_lag_s,
    counted.longest_lag_s
  into
    suspect_points, flags, longest_gap_s, longest_gap_starts_at, longest_gap_ends_at, median_lag_s, longest_lag_s
  from counted
  left join longest on true;
  return next;
end;
$$;
comment on function public.get_data_quality(text, timestamptz, timestamptz) is
'One row about how a device''s readings with start_time <= created_at < end_time came, a window of at most 168 hours (else 22023). The first three columns are as in get_flow_statistics. suspect_points are those of quality suspect; flags is {flag: readings with it}. The longest time without a reading [s], its ends in the window and not after now; null where the device had none until the window ended. Lags [s] are received_at - created_at: what half of the readings keep within, and the longest; negative for a clock that is ahead. Where readings are gone, all but the first three columns are null.';

revoke all on function public.get_data_quality(text, timestamptz, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.get_data_quality(text, timestamptz, timestamptz) to authenticated, service_role;

notify pgrst, 'reload schema';
