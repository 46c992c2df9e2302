/*
 * Ingest stores what is new without looking for it first, and learns all that it
 * asks of a batch in one pass.
 *
 * `on conflict do nothing` looks for each row, inserts it on trial and confirms
 * it. Nearly always nothing of a batch is stored yet, so it is inserted plainly.
 * The primary key refuses it whole if any of it is, and then it goes the long
 * way. What that costs: the rows before the refused one stay behind as dead
 * ones, fewer than the batch has, for vacuum.
 *
 * Nothing is less strict. Either insert waits for a reading that another
 * transaction has stored and not committed. What the triggers have done is
 * undone with the rows. And should anything else that follows from them be a
 * duplicate, the long way meets it again and raises it to the caller.
 *
 * fluxio.devices_are_held tells the triggers of flow_data that these devices are
 * locked and their contact is noted. It is set for the rest of the transaction
 * and taken back before the function ends; an attempt that fails takes it back
 * too. It cannot be a setting of the function: only a superuser may attach one
 * that no extension has defined.
 */
create or replace function private.store_readings(
  readings jsonb, readable jsonb, pointers text[], as_of timestamptz, is_replay boolean default false
)
returns setof public.ingest_verdict
language plpgsql
volatile
security definer
set search_path = ''
set timezone = 'UTC'
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_batch private.ingest_reading[];
  v_known text[];
  v_seen timestamptz[];
  v_rounds integer;
  v_locked bigint;
  v_oldest timestamptz;
  v_newest timestamptz;
  v_is_settled boolean := false;
  v_is_unsettled boolean;
  v_has_parts boolean;
  v_has_keys boolean;
  v_rejected bigint;
  v_new_ids text[];
  v_new_instants timestamptz[];
  v_new public.ingest_verdict[];
  v_repeats private.ingest_reading[];
  v_answers public.ingest_verdict[];
  v_letters private.dead_letter[];
  v_refused private.dead_letter[];
begin
  v_batch := private.judge_readings(store_readings.readable, store_readings.pointers, store_readings.as_of);

  -- Each pass over the batch costs as much as an index look-up for each of its
  -- readings, so this one tells all that is asked of it. A second only where
  -- times have to be settled first.
  loop
    -- A refused reading is contact too, once it is known whose it is.
    select
      array_agg(device_id) filter (where is_contact),
      array_agg(received_at) filter (where is_contact),
      max(round) filter (where code is null),
      min(created_at) filter (where code is null),
      max(created_at) filter (where code is null),
      count(code),
      bool_or(timing is not null) filter (where code is null),
      bool_or(part_window is not null) filter (where code is null),
      bool_or(api_key_id is not null)
    into
      v_known, v_seen, v_rounds, v_oldest, v_newest, v_rejected, v_is_unsettled, v_has_parts, v_has_keys
    from (
      select
        reading.device_id, reading.received_at, reading.round, reading.created_at, reading.code, reading.timing,
        reading.part_window, reading.api_key_id,
        coalesce(reading.code not in ('invalid_key', 'missing_device_id', 'unknown_device'), true)
        and reading.pointer is distinct from '' as is_contact
      from unnest(v_batch) as reading
    ) as judged;
    exit when v_is_settled or v_is_unsettled is not true;
    v_batch := private.settle_times(v_batch, store_readings.readings, store_readings.as_of);
    v_is_settled := true;
  end loop;

  -- Months before any row lock: making one waits for whoever is making it.
  perform private.create_flow_data_months(v_oldest, v_newest);

  -- The lock, then contact. `order by` under `for no key update` is what makes
  -- the order certain; an update alone locks in whatever order it scans. Two
  -- statements, since the update must see what the lock waited for.
  perform from public.devices
  where devices.device_id = any (v_known)
  order by devices.device_id
  for no key update;
  get diagnostics v_locked = row_count;
  -- Asked only where they differ, as they do where a device sent several.
  if v_locked < cardinality(v_known) then
    if v_locked < (select count(distinct known) from unnest(v_known) as known) then
      raise exception 'a device was deleted meanwhile' using errcode = 'serialization_failure';
    end if;
  end if;

  update public.devices
  set last_seen = contact.received_at
  from (
    select
      device_id,
      max(received_at) as received_at
    from unnest(v_known, v_seen) as seen (device_id, received_at)
    group by device_id
  ) as contact
  where devices.device_id = contact.device_id
  and (devices.last_seen is null or devices.last_seen < contact.received_at);

  -- The gateway's contact, at most once a minute. Nobody waits here: who holds
  -- the row leaves the same note, or is deleting it.
  if v_has_keys then
    with told as (
      select
        reading.api_key_id,
        max(reading.received_at) as received_at
      from unnest(v_batch) as reading
      where reading.api_key_id is not null and reading.code is distinct from 'invalid_key'
      group by reading.api_key_id
    ), contact as (
      select
        key.gateway_id,
        max(told.received_at) as received_at
      from told
      cross join lateral (
        select api_keys.gateway_id
        from public.api_keys
        where api_keys.id = told.api_key_id
        limit 1
      ) as key
      group by key.gateway_id
    ), due as materialized (
      select
        gateways.id,
        contact.received_at
      from contact
      inner join public.gateways on gateways.id = contact.gateway_id
      where gateways.last_seen is null or gateways.last_seen < contact.received_at - interval '1 minute'
      for no key update of gateways skip locked
    )
    update public.gateways
    set last_seen = due.received_at
    from due
    where gateways.id = due.id;
  end if;

  if v_is_settled then
    v_batch := private.resolve_repeats(v_batch);
  end if;
  if v_has_parts then
    v_batch := private.join_parts(v_batch);
  end if;
  if v_is_settled or v_has_parts then
    select max(round) filter (where code is null), count(code)
    into v_rounds, v_rejected
    from unnest(v_batch);
  end if;

  -- To the triggers of flow_data: these devices are locked, and their contact is noted.
  perform set_config('fluxio.devices_are_held', 'yes', true);

  -- A second reading of one device and instant in the same batch meets the
  -- first as if it had come later: one more round, almost never taken.
  for v_round in 1 .. coalesce(v_rounds, 0) loop
    if v_round = 1 then
      -- Nearly always all of it is new.
      begin
        insert into public.flow_data (
          device_id, created_at, received_at, flow_rate, totalizer, temperature, pressure,
          level, velocity, battery_level, signal_strength, quality, flags, metadata
        )
        select
          reading.device_id, reading.created_at, reading.received_at, reading.flow_rate, reading.totalizer,
          reading.temperature, reading.pressure, reading.level, reading.velocity, reading.battery_level,
          reading.signal_strength, reading.quality, reading.flags, reading.metadata
        from unnest(v_batch) as reading
        where reading.code is null and reading.round = v_round
        order by reading.device_id, reading.created_at;
        return query
        select reading.index, reading.device_id, reading.created_at, 'new'::text, null::text, null::text
        from unnest(v_batch) as reading
        where reading.code is null and reading.round = v_round;
        continue;
      exception
        when unique_violation then
          -- Some are stored. Which, the statement below finds out.
          null;
      end;
    end if;

    with inserted as (
      insert into public.flow_data (
        device_id, created_at, received_at, flow_rate, totalizer, temperature, pressure,
        level, velocity, battery_level, signal_strength, quality, flags, metadata
      )
      select
        reading.device_id, reading.created_at, reading.received_at, reading.flow_rate, reading.totalizer,
        reading.temperature, reading.pressure, reading.level, reading.velocity, reading.battery_level,
        reading.signal_strength, reading.quality, reading.flags, reading.metadata
      from unnest(v_batch) as reading
      where reading.code is null and reading.round = v_round
      order by reading.device_id, reading.created_at
      on conflict (device_id, created_at) do nothing
      returning device_id, created_at
    )
    select array_agg(inserted.device_id), array_agg(inserted.created_at)
    into v_new_ids, v_new_instants
    from inserted;

    -- In the select list this is one hash of what is new. As a join the planner,
    -- expecting a row or two, nests loops: a million steps for a thousand rows.
    select
      array_agg(row(
        answered.index, answered.device_id, answered.created_at, 'new', null, null
      )::public.ingest_verdict) filter (where answered.is_new),
      array_agg(answered.reading) filter (where not answered.is_new)
    into v_new, v_repeats
    from (
      select
        reading.index, reading.device_id, reading.created_at, reading,
        (reading.device_id, reading.created_at) in (
          select added.device_id, added.created_at
          from unnest(v_new_ids, v_new_instants) as added (device_id, created_at)
        ) as is_new
      from unnest(v_batch) as reading
      where reading.code is null and reading.round = v_round
    ) as answered;
    return query select * from unnest(v_new);
    continue when v_repeats is null;

    with repeated as materialized (
      select
        arrived.*,
        case when compared.differs then 'conflict' when compared.fills then 'merged' else 'duplicate' end as verdict
      from unnest(v_repeats) as arrived
      cross join lateral (
        select * from public.flow_data
        where flow_data.device_id = arrived.device_id
        and flow_data.created_at = arrived.created_at
        limit 1
      ) as stored
      cross join lateral (
        select
          bool_or(pair.stored <> pair.arrived) as differs,
          bool_or(pair.stored is null and pair.arrived is not null) as fills
        from unnest(
          array[
            stored.flow_rate, stored.totalizer, stored.temperature, stored.pressure,
            stored.level, stored.velocity, stored.battery_level, stored.signal_strength
          ],
          array[
            arrived.flow_rate, arrived.totalizer, arrived.temperature, arrived.pressure,
            arrived.level, arrived.velocity, arrived.battery_level, arrived.signal_strength
          ]
        ) as pair (stored, arrived)
      ) as compared
    ), merged as (
      -- Quality and zeros are judged again on the whole row: the trigger, which
      -- does so too, then finds nothing to mend and need not write it twice.
      update public.flow_data
      set
        flow_rate = coalesce(flow_data.flow_rate, repeated.flow_rate),
        totalizer = coalesce(flow_data.totalizer, repeated.totalizer),
        temperature = coalesce(flow_data.temperature, repeated.temperature),
        pressure = coalesce(flow_data.pressure, repeated.pressure),
        level = coalesce(flow_data.level, repeated.level),
        velocity = coalesce(flow_data.velocity, repeated.velocity),
        battery_level = coalesce(flow_data.battery_level, repeated.battery_level),
        signal_strength = coalesce(flow_data.signal_strength, repeated.signal_strength),
        (quality, flags) = (
          select
            private.merged_quality(
              flow_data.quality, flow_data.flags, repeated.quality, repeated.flags, whole.zero_flag
            ),
            array(
              select told.flag from unnest(flow_data.flags || repeated.flags) as told (flag)
              where told.flag not in ('ghost_zero', 'zero_unconfirmed')
              union
              select whole.zero_flag
              where whole.zero_flag is not null
            )
          from (
            select private.zero_flag(
              coalesce(flow_data.flow_rate, repeated.flow_rate), coalesce(flow_data.totalizer, repeated.totalizer),
              coalesce(flow_data.level, repeated.level), coalesce(flow_data.velocity, repeated.velocity)
            ) as zero_flag
          ) as whole
        ),
        metadata = private.merged_metadata(flow_data.metadata, repeated.metadata)
      from repeated
      where repeated.verdict = 'merged'
      and flow_data.device_id = repeated.device_id
      and flow_data.created_at = repeated.created_at
    )
    select
      array_agg(row(
        index, device_id, created_at, verdict, case verdict when 'conflict' then 'conflicting_values' end, null
      )::public.ingest_verdict),
      array_agg(row(
        api_key_id, received_at, 'conflicting_values', null, null, null, store_readings.readings -> index
      )::private.dead_letter) filter (where verdict = 'conflict')
    into v_answers, v_refused
    from repeated;

    -- Only a direct load, which takes its devices after its rows, can put a row
    -- in the way that our snapshot does not show. The caller starts again.
    if coalesce(cardinality(v_answers), 0) < cardinality(v_repeats) then
      raise exception 'a reading arrived by another road' using errcode = 'serialization_failure';
    end if;
    return query select * from unnest(v_answers);
    v_letters := v_letters || v_refused;
  end loop;
  perform set_config('fluxio.devices_are_held', '', true);

  if v_rejected > 0 then
    select
      array_agg(row(index, device_id, created_at, 'rejected', code, pointer)::public.ingest_verdict),
      array_agg(row(
        api_key_id, received_at, code, pointer, null, null, store_readings.readings -> index
      )::private.dead_letter)
    into v_answers, v_refused
    from unnest(v_batch)
    where code is not null;

    return query select * from unnest(v_answers);
    v_letters := v_letters || v_refused;
  end if;
  if v_letters is not null and not store_readings.is_replay then
    perform private.bury(v_letters);
  end if;
end;
$$;

notify pgrst, 'reload schema';
