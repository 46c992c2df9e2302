/*
 * Corrections: what happens to a reading whose judgement changed after it was
 * stored.
 *
 * Ingest judges a new reading before it stores it. What was loaded directly, or
 * became another reading by a merge, or was marked bad, moved or deleted by a
 * person, is mended here by the triggers on flow_data: all of it is rare, and
 * costs nothing otherwise.
 */
create function private.retract_latest(device_ids text[])
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_device_id text;
  v_newest public.flow_data;
begin
  if cardinality(device_ids) = 0 then
    return;
  end if;
  perform from public.devices
  where devices.device_id = any (device_ids)
  order by devices.device_id
  for no key update;

  for v_device_id in
    select latest.device_id
    from public.latest_readings as latest
    where latest.device_id = any (device_ids)
    and not exists (
      select from public.flow_data as shown
      where shown.device_id = latest.device_id
      and shown.created_at = latest.created_at
      and shown.quality <> 'bad'
    )
  loop
    select flow_data.* into v_newest
    from public.flow_data
    where flow_data.device_id = v_device_id
    and flow_data.quality <> 'bad'
    order by flow_data.created_at desc
    limit 1;
    if not found then
      delete from public.latest_readings where latest_readings.device_id = v_device_id;
      continue;
    end if;
    update public.latest_readings
    set
      created_at = v_newest.created_at,
      received_at = v_newest.received_at,
      flow_rate = v_newest.flow_rate,
      totalizer = v_newest.totalizer,
      temperature = v_newest.temperature,
      pressure = v_newest.pressure,
      level = v_newest.level,
      velocity = v_newest.velocity,
      battery_level = v_newest.battery_level,
      signal_strength = v_newest.signal_strength,
      quality = v_newest.quality
    where latest_readings.device_id = v_device_id;
  end loop;
end;
$$;
comment on function private.retract_latest(text[]) is
'Where the latest reading of a device turned out bad or is gone, show the newest that is neither. Definer: part of the trigger on flow_data.';

create function private.tg_flow_data__retract()
returns trigger
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
begin
  perform private.retract_latest(array(select distinct removed.device_id from removed));
  return null;
end;
$$;
comment on function private.tg_flow_data__retract() is
'After an UPDATE or DELETE of readings: what is bad, moved or deleted is shown no longer. Else a reading of a wrong, later instant would hide every right one, also once it is removed. Definer: only through a reading may a caller write latest_readings.';

create function private.flag_zeros(device_ids text[], instants timestamptz[])
returns void
language sql
volatile
security definer
set search_path = ''
as $$
  update public.flow_data
  set
    quality = case
      when judged.flag = 'ghost_zero' then 'bad'
      when 'ghost_zero' <> all (flow_data.flags) then flow_data.quality
      when 'clock_suspect' = any (flow_data.flags) then 'suspect'
      else 'good'
    end,
    flags = array_remove(array_remove(flow_data.flags, 'ghost_zero'), 'zero_unconfirmed')
    || array_remove(array[judged.flag], null)
  from (
    select
      stored.device_id, stored.created_at,
      private.zero_flag(stored.flow_rate, stored.totalizer, stored.level, stored.velocity) as flag
    from unnest(device_ids, instants) as touched (device_id, created_at)
    inner join public.flow_data as stored
      on stored.device_id = touched.device_id and stored.created_at = touched.created_at
  ) as judged
  where flow_data.device_id = judged.device_id
  and flow_data.created_at = judged.created_at
  and judged.flag is distinct from private.flagged_zero(flow_data.flags);
$$;
comment on function private.flag_zeros(text[], timestamptz[]) is
'Flag the zeros among these readings, ghosts as bad, and unflag what a merge has completed. Definer: part of the trigger on flow_data.';
