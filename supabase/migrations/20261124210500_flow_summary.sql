/*
 * Flow summary: one window of one device in one row, for statistics and days.
 */
create type private.flow_summary as (
  expected bigint,
  received bigint,
  bad bigint,
  flow_count bigint,
  flow_sum double precision,
  flow_min double precision,
  flow_max double precision,
  sample_count bigint,
  volume double precision,
  resets bigint,
  rollovers bigint
);
comment on type private.flow_summary is 'The sums of a window; columns and units as in flow_data_hourly.';

create function private.flow_summary(device_id text, start_time timestamptz, end_time timestamptz)
returns setof private.flow_summary
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
begin
  return query
  select
    coalesce(sum(piece.expected), 0),
    coalesce(sum(piece.received), 0),
    coalesce(sum(piece.bad), 0),
    coalesce(sum(piece.flow_count), 0),
    sum(piece.flow_sum),
    min(piece.flow_min),
    max(piece.flow_max),
    coalesce(sum(piece.sample_count), 0),
    sum(piece.volume),
    coalesce(sum(piece.resets), 0),
    coalesce(sum(piece.rollovers), 0)
  -- In one step: longer than the calendar.
  from private.flow_pieces(
    flow_summary.device_id, flow_summary.start_time, flow_summary.end_time, interval '3650000 days'
  ) as piece;
end;
$$;
comment on function private.flow_summary(text, timestamptz, timestamptz) is
'What start_time <= created_at < end_time of a device adds up to; one row, also without any reading. See private.flow_pieces.';

revoke all on function private.flow_summary(text, timestamptz, timestamptz)
from public, anon, authenticated, service_role;

grant execute on function private.flow_summary(text, timestamptz, timestamptz) to authenticated, service_role;
