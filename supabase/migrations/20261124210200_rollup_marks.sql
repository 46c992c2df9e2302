/*
 * Rollup marks: a reading marks what it changes, in its own transaction.
 *
 * It changes its own hour, and the hour of the next sample after it, whose step
 * now starts elsewhere. Both are marked stale by triggers of their own on
 * flow_data, for INSERT, UPDATE and DELETE alike.
 *
 * The hot path is one look-up: the current hour is stale from its first reading
 * until long after its end, so there is nothing to write or to lock. The same
 * goes for the first five minutes after its end, in which its last readings
 * come; until then an hour is said to run. Why that is enough, and what the job
 * that refreshes (private.refresh_hours) does for its part, under READ COMMITTED:
 *
 * 1. An hour that ran when its trigger looked at the clock. The job takes only
 *    hours that ended 10 minutes ago, and 5 minutes before the start of every
 *    transaction that has written something and is open. So this writer has
 *    either ended, and the job's later snapshot has its readings, or it is open,
 *    began while the hour ran, and keeps the job away. The 5 minutes between are
 *    for clocks that are set back.
 * 2. An hour that did not run any more. The trigger takes its row even if that
 *    is stale already: `on conflict do update` locks the row first, and its
 *    `where` looks at what it then is. The job locks rows too, skipping those
 *    that somebody holds, and computes in a later statement. If the writer was
 *    first, the job skips the hour, or finds the writer ended and sees its
 *    readings. If the job was first, the writer waits for it and then marks the
 *    hour again. A plain `update ... where not is_stale` would be wrong here: it
 *    looks at the writer's snapshot, in which the row is stale while the job is
 *    about to commit that it is not, and does not wait.
 * 3. The hour of the next sample. Two writers of one device could each miss the
 *    other's sample, so marking takes the device's row, as ingest does. The
 *    second then sees what the first has stored. Samples after an hour that runs
 *    lie in hours that end later, and those are stale.
 *
 * A month that is dropped fires no trigger, and its rollups stay. Readings that
 * are deleted one by one are taken for wrong, and their rollups lose them.
 *
 * Plans are pinned for the reasons told with flow_data's other triggers. These
 * are named so that they fire after them, when the device's row is taken. Making
 * them waits for whoever is writing to flow_data, and holds up the next for
 * milliseconds.
 */
create function private.mark_hours(device_ids text[], instants timestamptz[])
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
  v_origin constant timestamptz := '0001-01-01T00:00:00Z';
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

create function private.tg_flow_data__mark_hours()
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
  v_origin constant timestamptz := '0001-01-01T00:00:00Z';
  -- An hour that began later runs, or ended less than five minutes ago.
  v_running_since constant timestamptz := clock_timestamp() - interval '65 minutes';
begin
  if tg_op = 'INSERT' then
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
  elsif tg_op = 'UPDATE' then
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
  elsif exists (select from removed) then
    perform private.mark_hours(array_agg(removed.device_id), array_agg(removed.created_at)) from removed;
  end if;
  return null;
end;
$$;
comment on function private.tg_flow_data__mark_hours() is
'After readings were added, changed or removed: mark the hours that change. Nothing to do for an hour that runs and is stale. Definer: only through a reading may a caller write flow_data_hourly.';

create trigger update_rollups_trigger after insert on public.flow_data
referencing new table as added
for each statement execute function private.tg_flow_data__mark_hours();

create trigger update_rollups_on_update_trigger after update on public.flow_data
referencing old table as removed new table as added
for each statement execute function private.tg_flow_data__mark_hours();

create trigger update_rollups_on_delete_trigger after delete on public.flow_data
referencing old table as removed
for each statement execute function private.tg_flow_data__mark_hours();

revoke all on function private.mark_hours(text[], timestamptz[]) from public, anon, authenticated, service_role;
revoke all on function private.tg_flow_data__mark_hours() from public, anon, authenticated, service_role;
