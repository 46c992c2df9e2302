/*
 * Quantity series: a window of one device's quantity in even buckets, as
 * get_flow_series does for the flow.
 *
 * Only the flow and the totalizer have rollups. The other quantities are known
 * as long as their readings are kept, and a chart must say where that ends; so
 * every bucket tells whether all its readings were there to be read.
 */
create function public.get_quantity_series(
  device_id text, quantity text, start_time timestamptz, end_time timestamptz, max_points integer
)
returns table (
  starts_at timestamptz,
  ends_at timestamptz,
  min_value double precision,
  avg_value double precision,
  max_value double precision,
  last_value double precision,
  data_points bigint,
  is_complete boolean
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
  v_origin constant timestamptz := timestamptz '0001-01-01T00:00:00Z';
  v_raw_since constant timestamptz := private.raw_complete_since();
  v_is_counter constant boolean := get_quantity_series.quantity = 'totalizer';
  v_read_from timestamptz;
  v_step interval;
begin
  if get_quantity_series.quantity is null or get_quantity_series.quantity not in (
    'totalizer', 'temperature', 'pressure', 'level', 'velocity', 'battery_level', 'signal_strength'
  ) then
    raise exception 'no such quantity: %', get_quantity_series.quantity
      using errcode = 'invalid_parameter_value', hint = 'The flow is in get_flow_series.';
  elsif get_quantity_series.max_points is null or get_quantity_series.max_points not between 1 and 1000 then
    raise exception 'max_points must be from 1 to 1000, not %', get_quantity_series.max_points
      using errcode = 'invalid_parameter_value';
  elsif
    get_quantity_series.start_time is null or not isfinite(get_quantity_series.start_time)
    or get_quantity_series.end_time is null or not isfinite(get_quantity_series.end_time)
  then
    raise exception 'the window must begin and end at a time' using errcode = 'invalid_parameter_value';
  end if;

  -- About a million readings, as many as an answer can wait for.
  select greatest(
    get_quantity_series.start_time,
    get_quantity_series.end_time - make_interval(
      secs => 1000000 * least(greatest(coalesce(max(devices.expected_interval_s), 60), 1), 3600)
    )
  )
  into v_read_from
  from public.devices
  where devices.device_id = get_quantity_series.device_id;

  v_step := private.series_step(
    get_quantity_series.start_time, get_quantity_series.end_time, get_quantity_series.max_points,
    case
      when v_is_counter and get_quantity_series.start_time < v_raw_since then interval '1 hour'
      else interval '1 second'
    end
  );

  return query
  with bucket as (
    select listed.starts_at, listed.starts_at + v_step as ends_at
    from generate_series(
      date_bin(v_step, get_quantity_series.start_time, v_origin),
      get_quantity_series.end_time - interval '1 microsecond',
      v_step
    ) as listed (starts_at)
    where get_quantity_series.start_time < get_quantity_series.end_time
  ), measured as (
    select
      flow_data.created_at,
      case get_quantity_series.quantity
        when 'temperature' then flow_data.temperature
        when 'pressure' then flow_data.pressure
        when 'level' then flow_data.level
        when 'velocity' then flow_data.velocity
        when 'battery_level' then flow_data.battery_level
        when 'signal_strength' then flow_data.signal_strength
      end as measured_value
    from public.flow_data
    where not v_is_counter
    and flow_data.device_id = get_quantity_series.device_id
    and flow_data.created_at >= v_read_from
    and flow_data.created_at < get_quantity_series.end_time
    and flow_data.quality <> 'bad'
  ), filled as (
    select
      date_bin(v_step, measured.created_at, v_origin) as starts_at,
      min(measured.measured_value) as least_value,
      avg(measured.measured_value) as mean_value,
      max(measured.measured_value) as most_value,
      count(measured.measured_value) as points
    from measured
    group by 1
    union all
    select
      date_bin(v_step, piece.starts_at, v_origin), null, null, null, sum(piece.sample_count)
    from private.flow_pieces(
      get_quantity_series.device_id, get_quantity_series.start_time, get_quantity_series.end_time, v_step
    ) as piece
    where v_is_counter
    group by 1
  )
  select
    bucket.starts_at,
    bucket.ends_at,
    filled.least_value,
    filled.mean_value,
    filled.most_value,
    sample.sampled_totalizer,
    coalesce(filled.points, 0),
    v_is_counter
    or greatest(bucket.starts_at, get_quantity_series.start_time) >= greatest(v_read_from, v_raw_since)
  from bucket
  left join filled on filled.starts_at = bucket.starts_at
  left join lateral private.sample_before(
    get_quantity_series.device_id, least(bucket.ends_at, get_quantity_series.end_time)
  ) as sample on v_is_counter and filled.points > 0
  order by bucket.starts_at;
end;
$$;
comment on function public.get_quantity_series(text, text, timestamptz, timestamptz, integer) is
'At most max_points (1 to 1,000) buckets over start_time <= created_at < end_time, every one a row, by time, on the grid of get_flow_series. quantity: totalizer [m3], temperature [degC], pressure [bar], level [m], velocity [m/s], battery_level [%] or signal_strength [dBm]; another is 22023. Values are of the readings that are not bad, data_points the count of those with this quantity; without any: nulls, a gap in the chart, and 0 points. A totalizer has the last counter of the bucket instead, last_value, which the others have not; where its readings are older than they are kept the step is an hour or more and an hour belongs to the bucket it starts in. The other quantities have no rollups: is_complete is false where readings of the bucket may be dropped already, or are before the newest million that is due.';

revoke all on function public.get_quantity_series(text, text, timestamptz, timestamptz, integer)
from public, anon, authenticated, service_role;
grant execute on function public.get_quantity_series(text, text, timestamptz, timestamptz, integer)
to authenticated, service_role;

notify pgrst, 'reload schema';
