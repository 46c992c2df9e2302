/*
 * Series: a window in evenly spaced buckets, for a chart.
 *
 * Steps of whole hours are read from the hourly rollups, smaller ones from the
 * readings. Buckets lie on one grid in UTC, so that an instant is in the same
 * bucket wherever a window begins, and charts can be laid side by side. A bucket
 * at an end of the window holds what lies in the window only.
 */
create function private.series_step(
  start_time timestamptz, end_time timestamptz, max_points integer, smallest interval
)
returns interval
language sql
stable
security invoker
set search_path = ''
set timezone = 'UTC'
as $$
  select nice.step
  from (
    select unnest(array[
      '1 s', '2 s', '5 s', '10 s', '15 s', '30 s', '1 min', '2 min', '5 min', '10 min', '15 min', '30 min',
      '1 h', '2 h', '3 h', '6 h', '12 h', '1 day', '2 days'
    ]::interval[]) as step
    union all
    -- Weeks that begin on Mondays, and so on, until all time is one bucket.
    select interval '7 days' * power(2, doubled) from generate_series(0, 19) as doubled
  ) as nice
  cross join lateral (
    select
      date_bin(nice.step, series_step.start_time, '0001-01-01T00:00:00Z') as first,
      date_bin(nice.step, series_step.end_time - interval '1 microsecond', '0001-01-01T00:00:00Z') as last
  ) as bucket
  where nice.step >= series_step.smallest
  and date_part('epoch', bucket.last - bucket.first) < date_part('epoch', nice.step) * series_step.max_points
  order by nice.step
  limit 1;
$$;
comment on function private.series_step(timestamptz, timestamptz, integer, interval) is
'The smallest usual step, no smaller than smallest, whose buckets from start_time to before end_time are at most max_points.';

create function public.get_flow_series(
  device_id text, start_time timestamptz, end_time timestamptz, max_points integer
)
returns table (
  starts_at timestamptz,
  ends_at timestamptz,
  min_flow_rate double precision,
  avg_flow_rate double precision,
  max_flow_rate double precision,
  total_volume double precision,
  data_points bigint
)
language plpgsql
stable
security invoker
set search_path = ''
set timezone = 'UTC'
as $$
declare
  v_step interval;
begin
  if get_flow_series.max_points is null or get_flow_series.max_points not between 1 and 10000 then
    raise exception 'max_points must be from 1 to 10000, not %', get_flow_series.max_points
      using errcode = 'invalid_parameter_value';
  elsif not isfinite(get_flow_series.start_time) or not isfinite(get_flow_series.end_time) then
    raise exception 'the window must begin and end at a time' using errcode = 'invalid_parameter_value';
  end if;

  v_step := private.series_step(
    get_flow_series.start_time, get_flow_series.end_time, get_flow_series.max_points,
    case
      when get_flow_series.start_time < private.raw_complete_since() then interval '1 hour'
      else interval '1 second'
    end
  );

  return query
  select
    bucket.starts_at,
    bucket.starts_at + v_step,
    filled.flow_min,
    filled.flow_avg,
    filled.flow_max,
    filled.volume,
    coalesce(filled.data_points, 0)
  from generate_series(
    date_bin(v_step, get_flow_series.start_time, '0001-01-01T00:00:00Z'),
    get_flow_series.end_time - interval '1 microsecond',
    v_step
  ) as bucket (starts_at)
  left join (
    select
      date_bin(v_step, piece.starts_at, '0001-01-01T00:00:00Z') as starts_at,
      min(piece.flow_min) as flow_min,
      sum(piece.flow_sum) / nullif(sum(piece.flow_count), 0) as flow_avg,
      max(piece.flow_max) as flow_max,
      sum(piece.volume) as volume,
      sum(piece.received - piece.bad) as data_points
    from private.flow_pieces(
      get_flow_series.device_id, get_flow_series.start_time, get_flow_series.end_time, v_step
    ) as piece
    group by 1
  ) as filled on filled.starts_at = bucket.starts_at
  where get_flow_series.start_time < get_flow_series.end_time
  order by bucket.starts_at;
end;
$$;
comment on function public.get_flow_series(text, timestamptz, timestamptz, integer) is
'At most max_points (1 to 10,000) buckets over start_time <= created_at < end_time, every one a row, by time. Steps are 1, 2, 5, 10, 15, 30 s or min, 1, 2, 3, 6, 12 h, 1, 2, 7, 14, 28 ... days, on a grid in UTC (weeks begin on Mondays). Rates [m3/h] are over the readings in the bucket that are not bad, data_points their count; total_volume [m3] as in get_flow_statistics. Without any: nulls, a gap in the chart, and 0 points. Where readings are older than they are kept the step is an hour or more, and an hour belongs to the bucket and the window it starts in.';

revoke all on function private.series_step(timestamptz, timestamptz, integer, interval)
from public, anon, authenticated, service_role;
revoke all on function public.get_flow_series(text, timestamptz, timestamptz, integer)
from public, anon, authenticated, service_role;

grant execute on function private.series_step(timestamptz, timestamptz, integer, interval)
to authenticated, service_role;
grant execute on function public.get_flow_series(text, timestamptz, timestamptz, integer)
to authenticated, service_role;

notify pgrst, 'reload schema';
