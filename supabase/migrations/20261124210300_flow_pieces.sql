/*
 * Flow pieces: what a window of one device's readings adds up to, in parts.
 *
 * Everything that sums readings asks here: statistics, series, daily rollups,
 * and the job that computes the hourly ones. So what is served from rollups
 * cannot differ from what is computed from readings.
 *
 * Whole hours come from flow_data_hourly unless stale. All between them (stale
 * hours, hours without a row, the broken hours at both ends) comes from the
 * readings, in one scan for each stretch.
 *
 * Where the readings are gone (private.raw_complete_since) nothing is known
 * below the hour: an hour belongs to the window it starts in, whole.
 *
 * Security invoker: the caller's row security decides. The plan is pinned: it is
 * made once a session, right for any window, and never scans a month whole.
 */
create type private.flow_piece as (
  starts_at timestamptz,
  expected integer,
  received integer,
  bad integer,
  flow_count integer,
  flow_sum double precision,
  flow_min double precision,
  flow_max double precision,
  sample_count integer,
  volume double precision,
  resets integer,
  rollovers integer,
  first_totalizer_at timestamptz,
  first_totalizer double precision,
  last_totalizer_at timestamptz,
  last_totalizer double precision
);
comment on type private.flow_piece is
'A part of what lies in the step that begins at starts_at; columns and units as in flow_data_hourly. Several with the same starts_at add up.';

create function private.rollup_bound(instant timestamptz)
returns timestamptz
language sql
stable
security invoker
set search_path = ''
as $$
  select case
    when rollup_bound.instant >= private.raw_complete_since() then rollup_bound.instant
    else private.utc_hour(rollup_bound.instant + interval '1 hour' - interval '1 microsecond')
  end;
$$;
comment on function private.rollup_bound(timestamptz) is
'Where a window that shall begin or end here does: here as long as all readings are there, else at the next full hour.';

create function private.sample_before(device_id text, instant timestamptz)
returns table (sampled_at timestamptz, sampled_totalizer double precision)
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
declare
  v_hour timestamptz;
begin
  select hourly.hour, hourly.last_totalizer_at, hourly.last_totalizer
  into v_hour, sampled_at, sampled_totalizer
  from public.flow_data_hourly as hourly
  where hourly.device_id = sample_before.device_id
  and hourly.hour <= sample_before.instant - interval '1 hour'
  and hourly.last_totalizer_at is not null
  and not hourly.is_stale
  order by hourly.hour desc
  limit 1;

  return query
  select flow_data.created_at, flow_data.totalizer
  from public.flow_data
  where flow_data.device_id = sample_before.device_id
  and flow_data.created_at >= coalesce(v_hour + interval '1 hour', '-infinity')
  and flow_data.created_at < sample_before.instant
  and flow_data.totalizer is not null
  and flow_data.quality <> 'bad'
  order by flow_data.created_at desc
  limit 1;
  if not found and v_hour is not null then
    return next;
  end if;
end;
$$;
comment on function private.sample_before(text, timestamptz) is
'The last sample of a device before an instant: its time and [m3] counter, from the newest computed hour or the readings after it; no row without one. It is known also when its reading is gone.';

create function private.flow_pieces(
  device_id text, start_time timestamptz, end_time timestamptz, step interval
)
returns setof private.flow_piece
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_origin constant timestamptz := '0001-01-01T00:00:00Z';
  v_start constant timestamptz := private.rollup_bound(flow_pieces.start_time);
  v_end constant timestamptz := private.rollup_bound(flow_pieces.end_time);
  v_first_hour constant timestamptz := private.utc_hour(v_start + interval '1 hour' - interval '1 microsecond');
  v_past_hours constant timestamptz := case
    when flow_pieces.step >= interval '1 hour' then private.utc_hour(v_end) else v_first_hour
  end;
  v_due_from timestamptz;
  v_interval_s integer;
  v_totalizer_max double precision;
  v_reverse_policy text;
begin
  select devices.expected_interval_s, devices.totalizer_max, devices.reverse_policy
  into v_interval_s, v_totalizer_max, v_reverse_policy
  from public.devices
  where devices.device_id = flow_pieces.device_id;

  -- Nothing is due before the first hour with a reading.
  select hourly.hour
  into v_due_from
  from public.flow_data_hourly as hourly
  where hourly.device_id = flow_pieces.device_id
  order by hourly.hour
  limit 1;

  return query
  with computed as materialized (
    select
      hourly.*,
      lag(hourly.hour + interval '1 hour', 1, v_start) over hours as gap_starts_at,
      max(hourly.last_totalizer_at) over (hours rows between unbounded preceding and 1 preceding) as sampled_at
    from public.flow_data_hourly as hourly
    where hourly.device_id = flow_pieces.device_id
    and hourly.hour >= v_first_hour
    and hourly.hour < v_past_hours
    and not hourly.is_stale
    window hours as (order by hourly.hour)
  ), gap as (
    select computed.gap_starts_at as starts_at, computed.hour as ends_at, computed.sampled_at
    from computed
    where computed.gap_starts_at < computed.hour
    union all
    select last.starts_at, v_end, last.sampled_at
    from (
      select
        coalesce(max(computed.hour) + interval '1 hour', v_start) as starts_at,
        max(computed.last_totalizer_at) as sampled_at
      from computed
    ) as last
    where last.starts_at < v_end
  ), reading as materialized (
    select raw.*, coalesce(raw.totalizer is not null and raw.quality <> 'bad', false) as is_sample
    from gap
    cross join lateral (
      select flow_data.created_at, flow_data.flow_rate, flow_data.totalizer, flow_data.quality
      from public.flow_data
      where flow_data.device_id = flow_pieces.device_id
      and flow_data.created_at >= gap.starts_at
      and flow_data.created_at < gap.ends_at
      -- Known before the first row, so that only these months are opened.
      and flow_data.created_at >= v_start
      and flow_data.created_at < v_end
    ) as raw
  ), point as (
    select reading.*, date_bin(flow_pieces.step, reading.created_at, v_origin) as bin
    from reading
    union all
    -- Where steps to these readings may start: the last sample of a computed
    -- hour, and the last before the window.
    select computed.last_totalizer_at, null, computed.last_totalizer, null, true, null
    from computed
    -- `is true` keeps it a hash, whatever the planner thinks of their number.
    where (computed.last_totalizer_at in (select gap.sampled_at from gap)) is true
    union all
    select before.sampled_at, null, before.sampled_totalizer, null, true, null
    from private.sample_before(flow_pieces.device_id, v_start) as before
    where exists (select from reading where reading.is_sample)
  ), line as (
    select
      point.*,
      lag(point.totalizer) over samples as previous,
      lag(point.bin) over samples as previous_bin,
      lead(point.bin) over samples as next_bin
    from point
    window samples as (partition by point.is_sample order by point.created_at)
  )
  select
    line.bin,
    null::integer,
    count(*)::integer,
    (count(*) filter (where line.quality = 'bad'))::integer,
    (count(line.flow_rate) filter (where line.quality <> 'bad'))::integer,
    sum(line.flow_rate) filter (where line.quality <> 'bad'),
    min(line.flow_rate) filter (where line.quality <> 'bad'),
    max(line.flow_rate) filter (where line.quality <> 'bad'),
    (count(*) filter (where line.is_sample))::integer,
    sum(
      case
        when line.totalizer >= line.previous then line.totalizer - line.previous
        else private.totalizer_step_volume(line.previous, line.totalizer, v_totalizer_max, v_reverse_policy)
      end
    ) filter (where line.is_sample),
    (count(*) filter (
      where line.is_sample
      and case
        when line.totalizer < line.previous
          then private.totalizer_step_kind(line.previous, line.totalizer, v_totalizer_max) = 'reset'
      end
    ))::integer,
    (count(*) filter (
      where line.is_sample
      and case
        when line.totalizer < line.previous
          then private.totalizer_step_kind(line.previous, line.totalizer, v_totalizer_max) = 'rollover'
      end
    ))::integer,
    min(line.created_at) filter (where line.is_sample),
    min(line.totalizer) filter (where line.is_sample and line.previous_bin is distinct from line.bin),
    max(line.created_at) filter (where line.is_sample),
    min(line.totalizer) filter (where line.is_sample and line.next_bin is distinct from line.bin)
  from line
  where line.bin is not null
  group by line.bin
  union all
  select
    date_bin(flow_pieces.step, computed.hour, v_origin),
    sum(computed.expected)::integer,
    sum(computed.received)::integer,
    sum(computed.bad)::integer,
    sum(computed.flow_count)::integer,
    sum(computed.flow_sum),
    min(computed.flow_min),
    max(computed.flow_max),
    sum(computed.sample_count)::integer,
    sum(computed.volume),
    sum(computed.resets)::integer,
    sum(computed.rollovers)::integer,
    null, null, null, null
  from computed
  group by 1
  union all
  select
    date_bin(flow_pieces.step, gap.starts_at, v_origin),
    private.expected_points(v_interval_s, greatest(gap.starts_at, v_due_from), least(gap.ends_at, now())),
    0, 0, 0, null, null, null, 0, null, 0, 0, null, null, null, null
  from gap
  where greatest(gap.starts_at, v_due_from) < least(gap.ends_at, now())
  and v_due_from is not null;
end;
$$;
comment on function private.flow_pieces(text, timestamptz, timestamptz, interval) is
'What start_time <= created_at < end_time of a device adds up to, in pieces that begin at multiples of step in UTC. What is due (expected) in a stretch without computed hours is told with the step in which it begins. With a step below an hour, which has to be a part of it, computed hours are not used. First and last samples are told for readings only.';

revoke all on function private.rollup_bound(timestamptz) from public, anon, authenticated, service_role;
revoke all on function private.sample_before(text, timestamptz) from public, anon, authenticated, service_role;
revoke all on function private.flow_pieces(text, timestamptz, timestamptz, interval)
from public, anon, authenticated, service_role;

grant execute on function private.rollup_bound(timestamptz) to authenticated, service_role;
grant execute on function private.sample_before(text, timestamptz) to authenticated, service_role;
grant execute on function private.flow_pieces(text, timestamptz, timestamptz, interval) to authenticated, service_role;
