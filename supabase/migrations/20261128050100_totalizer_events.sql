/*
 * Totalizer events: where a counter jumped back, for the marks of a chart.
 *
 * The rollups say which hours have one; the readings of these hours, and of the
 * hours that are not computed yet, say when and by how much.
 */
create function public.get_totalizer_events(device_id text, start_time timestamptz, end_time timestamptz)
returns table (
  occurred_at timestamptz,
  kind text,
  totalizer_before double precision,
  totalizer_after double precision,
  is_exact boolean
)
language plpgsql
stable
security invoker
set search_path = ''
set timezone = 'UTC'
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
declare
  v_start constant timestamptz := private.rollup_bound(get_totalizer_events.start_time);
  v_end constant timestamptz := private.rollup_bound(get_totalizer_events.end_time);
  v_raw_since constant timestamptz := private.raw_complete_since();
  v_totalizer_max double precision;
begin
  if
    get_totalizer_events.start_time is null or not isfinite(get_totalizer_events.start_time)
    or get_totalizer_events.end_time is null or not isfinite(get_totalizer_events.end_time)
  then
    raise exception 'the window must begin and end at a time' using errcode = 'invalid_parameter_value';
  end if;

  select devices.totalizer_max
  into v_totalizer_max
  from public.devices
  where devices.device_id = get_totalizer_events.device_id;

  return query
  with marked as materialized (
    select
      hourly.hour,
      greatest(hourly.hour, v_start) as starts_at,
      least(hourly.hour + interval '1 hour', v_end) as ends_at,
      hourly.resets,
      hourly.rollovers
    from public.flow_data_hourly as hourly
    where hourly.device_id = get_totalizer_events.device_id
    and hourly.hour > v_start - interval '1 hour'
    and hourly.hour < v_end
    and (hourly.is_stale or hourly.resets > 0 or hourly.rollovers > 0)
  ), sample as (
    select marked.starts_at, before.sampled_at as created_at, before.sampled_totalizer as totalizer
    from marked
    cross join lateral private.sample_before(get_totalizer_events.device_id, marked.starts_at) as before
    where marked.hour >= v_raw_since
    union all
    select marked.starts_at, raw.created_at, raw.totalizer
    from marked
    cross join lateral (
      select flow_data.created_at, flow_data.totalizer
      from public.flow_data
      where flow_data.device_id = get_totalizer_events.device_id
      and flow_data.created_at >= marked.starts_at
      and flow_data.created_at < marked.ends_at
      and flow_data.totalizer is not null
      and flow_data.quality <> 'bad'
    ) as raw
    where marked.hour >= v_raw_since
  ), step as (
    select
      sample.starts_at,
      sample.created_at,
      lag(sample.totalizer) over samples as previous,
      sample.totalizer
    from sample
    window samples as (partition by sample.starts_at order by sample.created_at)
  )
  select
    step.created_at,
    private.totalizer_step_kind(step.previous, step.totalizer, v_totalizer_max),
    step.previous,
    step.totalizer,
    true
  from step
  where step.totalizer < step.previous
  and private.totalizer_step_kind(step.previous, step.totalizer, v_totalizer_max) in ('reset', 'rollover')
  union all
  select marked.hour, known.kind, null, null, false
  from marked
  cross join lateral (values ('reset', marked.resets), ('rollover', marked.rollovers)) as known (kind, times)
  cross join generate_series(1, known.times)
  where marked.hour < v_raw_since
  order by 1;
end;
$$;
comment on function public.get_totalizer_events(text, timestamptz, timestamptz) is
'The steps of a device''s totalizer with start_time <= created_at < end_time that get_flow_statistics counts as kind reset or rollover, by time: totalizer_before and totalizer_after [m3] the step to the sample at occurred_at. Where readings are older than they are kept only the hour is known: is_exact is false, occurred_at its start, both counters null.';

revoke all on function public.get_totalizer_events(text, timestamptz, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function public.get_totalizer_events(text, timestamptz, timestamptz) to authenticated, service_role;

notify pgrst, 'reload schema';
