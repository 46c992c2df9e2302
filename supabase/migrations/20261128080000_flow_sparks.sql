/*
 * Flow sparks: the small trend lines of a list of devices, in one call.
 *
 * As get_flow_series for many devices, but never in steps below an hour, so that
 * all but the broken hours at the ends comes from the rollups.
 */
create function public.get_flow_sparks(
  device_ids text[], start_time timestamptz, end_time timestamptz, max_points integer
)
returns table (
  device_id text,
  starts_at timestamptz,
  step_s double precision,
  flow_rates jsonb
)
language plpgsql
stable
security invoker
set search_path = ''
set timezone = 'UTC'
as $$
#variable_conflict use_column
declare
  v_origin constant timestamptz := timestamptz '0001-01-01T00:00:00Z';
  v_step interval;
begin
  if cardinality(get_flow_sparks.device_ids) > 100 then
    raise exception 'too many devices: %', cardinality(get_flow_sparks.device_ids)
      using errcode = 'invalid_parameter_value', hint = 'Ask for at most 100.';
  elsif get_flow_sparks.max_points is null or get_flow_sparks.max_points not between 1 and 100 then
    raise exception 'max_points must be from 1 to 100, not %', get_flow_sparks.max_points
      using errcode = 'invalid_parameter_value';
  elsif not isfinite(get_flow_sparks.start_time) or not isfinite(get_flow_sparks.end_time) then
    raise exception 'the window must begin and end at a time' using errcode = 'invalid_parameter_value';
  end if;

  v_step := private.series_step(
    get_flow_sparks.start_time, get_flow_sparks.end_time, get_flow_sparks.max_points, '1 hour'
  );

  return query
  select
    devices.device_id,
    date_bin(v_step, get_flow_sparks.start_time, v_origin),
    date_part('epoch', v_step),
    line.flow_rates
  from public.devices
  cross join lateral (
    select jsonb_agg(bucket.flow_rate order by bucket.starts_at) as flow_rates
    from (
      select grid.starts_at, sum(piece.flow_sum) / nullif(sum(piece.flow_count), 0) as flow_rate
      from generate_series(
        date_bin(v_step, get_flow_sparks.start_time, v_origin),
        get_flow_sparks.end_time - interval '1 microsecond',
        v_step
      ) as grid (starts_at)
      left join private.flow_pieces(
        devices.device_id, get_flow_sparks.start_time, get_flow_sparks.end_time, v_step
      ) as piece on piece.starts_at = grid.starts_at
      group by grid.starts_at
    ) as bucket
  ) as line
  where devices.device_id = any (get_flow_sparks.device_ids)
  and get_flow_sparks.start_time < get_flow_sparks.end_time
  order by devices.device_id;
end;
$$;
comment on function public.get_flow_sparks(text[], timestamptz, timestamptz, integer) is
'A row for each of at most 100 devices that the caller may see, by device_id. flow_rates: an array of mean rates [m3/h] of at most max_points (1 to 100) buckets over start_time <= created_at < end_time, the first beginning at starts_at and each step_s [s] long, an hour or a longer step of get_flow_series on its grid; bad readings are left out, null is a gap.';

revoke all on function public.get_flow_sparks(text[], timestamptz, timestamptz, integer)
from public, anon, authenticated, service_role;
grant execute on function public.get_flow_sparks(text[], timestamptz, timestamptz, integer)
to authenticated, service_role;

notify pgrst, 'reload schema';
