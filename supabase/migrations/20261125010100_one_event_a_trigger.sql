/*
 * One event a trigger function, and constants of the type they are used as.
 *
 * A function for inserts, updates and deletes names transition tables that two
 * of the three do not have, which no checker can follow. And a text that
 * becomes an instant or an array only by assignment is a cast at each call.
 * What is stored and answered stays as it was.
 */
create or replace function private.mark_hours(device_ids text[], instants timestamptz[])
returns void
language plpgsql
volatile
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_origin constant timestamptz := timestamptz '0001-01-01T00:00:00Z';
  -- An hour that began later runs, or ended less than five minutes ago.
  v_running_since constant timestamptz := clock_timestamp() - interval '65 minutes';
begin
  perform from public.devices
  where devices.device_id = any (mark_hours.device_ids)
  order by devices.device_id
  for no key update;

  insert into public.flow_data_hourly as hourly (device_id, hour)
  with touched as materialized (
    select distinct reading.device_id, date_bin('1 hour', reading.created_at, v_origin) as hour
    from unnest(mark_hours.device_ids, mark_hours.instants) as reading (device_id, created_at)
  ), marked as (
    select touched.device_id, touched.hour
    from touched
    union
    select touched.device_id, date_bin('1 hour', next.created_at, v_origin)
    from touched
    cross join lateral (
      select flow_data.created_at
      from public.flow_data
      where flow_data.device_id = touched.device_id
      and flow_data.created_at >= touched.hour + interval '1 hour'
      and flow_data.totalizer is not null
      and flow_data.quality <> 'bad'
      order by flow_data.created_at
      limit 1
    ) as next
    where touched.hour <= v_running_since
  )
  select marked.device_id, marked.hour
  from marked
  where marked.hour >= private.raw_complete_since()
  order by marked.device_id, marked.hour
  on conflict (device_id, hour) do update set is_stale = true
  where not hourly.is_stale;
end;
$$;
comment on function private.mark_hours(text[], timestamptz[]) is
'Mark the hours of these readings of devices, and of the next sample after each hour, as stale. Hours whose readings are gone stay as they are. Definer: part of the trigger on flow_data.';

create or replace function private.tg_flow_data__mark_hours()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
declare
  v_origin constant timestamptz := timestamptz '0001-01-01T00:00:00Z';
  -- An hour that began later runs, or ended less than five minutes ago.
  v_running_since constant timestamptz := clock_timestamp() - interval '65 minutes';
begin
  if exists (
    select from added
    where date_bin('1 hour', added.created_at, v_origin) <= v_running_since
    or (
      select true
      from public.flow_data_hourly as hourly
      where hourly.hour = date_bin('1 hour', added.created_at, v_origin)
      and hourly.device_id = added.device_id
      and hourly.is_stale
    ) is null
  ) then
    perform private.mark_hours(array_agg(added.device_id), array_agg(added.created_at)) from added;
  end if;
  return null;
end;
$$;
comment on function private.tg_flow_data__mark_hours() is
'After readings were added: mark the hours that change. Nothing to do for an hour that runs and is stale. Definer: only through a reading may a caller write flow_data_hourly.';

create function private.tg_flow_data__mark_changed_hours()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
declare
  v_origin constant timestamptz := timestamptz '0001-01-01T00:00:00Z';
  -- An hour that began later runs, or ended less than five minutes ago.
  v_running_since constant timestamptz := clock_timestamp() - interval '65 minutes';
begin
  if exists (
    select from (
      select removed.device_id, removed.created_at from removed
      union all
      select added.device_id, added.created_at from added
    ) as changed
    where date_bin('1 hour', changed.created_at, v_origin) <= v_running_since
    or (
      select true
      from public.flow_data_hourly as hourly
      where hourly.hour = date_bin('1 hour', changed.created_at, v_origin)
      and hourly.device_id = changed.device_id
      and hourly.is_stale
    ) is null
  ) then
    perform private.mark_hours(array_agg(changed.device_id), array_agg(changed.created_at))
    from (
      select removed.device_id, removed.created_at from removed
      union all
      select added.device_id, added.created_at from added
    ) as changed;
  end if;
  return null;
end;
$$;
comment on function private.tg_flow_data__mark_changed_hours() is
'The same after readings were changed: the hours they were in and those they are in. Definer: as tg_flow_data__mark_hours.';

create function private.tg_flow_data__mark_removed_hours()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  if exists (select from removed) then
    perform private.mark_hours(array_agg(removed.device_id), array_agg(removed.created_at)) from removed;
  end if;
  return null;
end;
$$;
comment on function private.tg_flow_data__mark_removed_hours() is
'The same after readings were removed. Definer: as tg_flow_data__mark_hours.';

drop trigger update_rollups_on_update_trigger on public.flow_data;
create trigger update_rollups_on_update_trigger after update on public.flow_data
referencing old table as removed new table as added
for each statement execute function private.tg_flow_data__mark_changed_hours();

drop trigger update_rollups_on_delete_trigger on public.flow_data;
create trigger update_rollups_on_delete_trigger after delete on public.flow_data
referencing old table as removed
for each statement execute function private.tg_flow_data__mark_removed_hours();

revoke all on function private.tg_flow_data__mark_changed_hours() from public, anon, authenticated, service_role;
revoke all on function private.tg_flow_data__mark_removed_hours() from public, anon, authenticated, service_role;

create or replace function private.flow_pieces(
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
  v_origin constant timestamptz := timestamptz '0001-01-01T00:00:00Z';
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

create or replace function private.job_retention(as_of timestamptz)
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_settings private.settings;
  v_month record;
  v_due regclass[] := '{}'::regclass[];
  v_waiting integer := 0;
  v_dropped integer := 0;
  v_overdue timestamptz;
begin
  select * into v_settings from private.settings;
  for v_month in
    select months.*
    from private.flow_data_months() as months
    where months.ends_at <= job_retention.as_of - v_settings.raw_retention
  loop
    if private.rollups_are_complete(v_month.starts_at, v_month.ends_at)
      and (not v_settings.is_archive_required or private.is_archived(v_month.starts_at, v_month.ends_at))
    then
      v_due := v_due || v_month.partition;
    else
      v_waiting := v_waiting + 1;
      v_overdue := coalesce(v_overdue, v_month.ends_at);
    end if;
  end loop;

  -- Behind every look-up: from the first drop on the lock is held to the end.
  for v_attempt in 1 .. 15 loop
    exit when v_dropped = cardinality(v_due);
    begin
      perform private.drop_flow_data_month(v_due[v_dropped + 1]);
      v_dropped := v_dropped + 1;
    exception
      when lock_not_available then
        perform pg_sleep(0.1 + random() * 0.2);
    end;
  end loop;

  if v_dropped > 0 then
    perform private.note_dropped_months();
  end if;

  -- Only where nothing was dropped, which an exception would undo.
  if v_dropped = 0 and v_overdue < job_retention.as_of - v_settings.raw_retention - interval '7 days' then
    raise exception 'the month before % is a week overdue: its rollups are not complete or it is not archived',
      to_char(v_overdue at time zone 'UTC', 'YYYY-MM-DD')
      using errcode = 'RTOVR';
  end if;
  return format(
    '%s months dropped, %s in use, %s wait for rollups or archive', v_dropped, cardinality(v_due) - v_dropped, v_waiting
  );
end;
$$;
comment on function private.job_retention(timestamptz) is
'Drop the months whose readings are all older than the raw retention, if their rollups are complete and, where required, they are archived. RTOVR: one could not be for a week. Definer: nobody else drops tables.';
