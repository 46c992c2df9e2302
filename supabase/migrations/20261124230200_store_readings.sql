/*
 * Ingest, told anew: the road of a batch, with parts.
 *
 * What it does with a reading that is whole is as before, to the statement. A
 * batch with parts has them joined after the devices are locked, and what joins
 * a row meets it as any other reading of that instant would: its values fill
 * gaps (merged), repeat (duplicate) or differ (conflict).
 *
 * A replay of dead letters takes the same road; what is refused again has its
 * letter already.
 *
 * The function gets one more parameter, so the one of old goes: beside it, a call
 * with four arguments would fit both.
 */
drop function private.store_readings(jsonb, jsonb, text[], timestamptz);

create function private.store_readings(
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
  v_is_unsettled boolean := false;
  v_has_parts boolean;
  v_new public.ingest_verdict[];
  v_repeats private.ingest_reading[];
  v_answers public.ingest_verdict[];
  v_letters private.dead_letter[];
  v_refused private.dead_letter[];
begin
  v_batch := private.judge_readings(store_readings.readable, store_readings.pointers, store_readings.as_of);
  if exists (select from unnest(v_batch) where code is null and timing is not null) then
    v_batch := private.settle_times(v_batch, store_readings.readings, store_readings.as_of);
    v_is_unsettled := true;
  end if;

  -- A refused reading is contact too, once it is known whose it is.
  select
    array_agg(device_id) filter (where is_contact),
    array_agg(received_at) filter (where is_contact),
    max(round) filter (where code is null),
    min(created_at) filter (where code is null),
    max(created_at) filter (where code is null),
    bool_or(part_window is not null) filter (where code is null)
  into v_known, v_seen, v_rounds, v_oldest, v_newest, v_has_parts
  from (
    select
      reading.*,
      coalesce(reading.code not in ('invalid_key', 'missing_device_id', 'unknown_device'), true)
      and reading.pointer is distinct from '' as is_contact
    from unnest(v_batch) as reading
  ) as judged;

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
  if v_locked < (select count(distinct known) from unnest(v_known) as known) then
    raise exception 'a device was deleted meanwhile' using errcode = 'serialization_failure';
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

  if v_is_unsettled then
    v_batch := private.resolve_repeats(v_batch);
  end if;
  if v_has_parts then
    v_batch := private.join_parts(v_batch);
  end if;
  if v_is_unsettled or v_has_parts then
    select max(round) into v_rounds
    from unnest(v_batch)
    where code is null;
  end if;

  -- A second reading of one device and instant in the same batch meets the
  -- first as if it had come later: one more round, almost never taken.
  for v_round in 1 .. coalesce(v_rounds, 0) loop
    with candidate as materialized (
      select reading, (reading).*
      from unnest(v_batch) as reading
      where (reading).code is null and (reading).round = v_round
    ), inserted as (
      insert into public.flow_data (
        device_id, created_at, received_at, flow_rate, totalizer, temperature, pressure,
        level, velocity, battery_level, signal_strength, quality, flags, metadata
      )
      select
        device_id, created_at, received_at, flow_rate, totalizer, temperature, pressure,
        level, velocity, battery_level, signal_strength, quality, flags, metadata
      from candidate
      order by device_id, created_at
      on conflict (device_id, created_at) do nothing
      returning device_id, created_at
    ), answered as (
      -- In the select list this is one hash of `inserted`. As a join the planner,
      -- expecting a row or two, nests loops: a million steps for a thousand rows.
      select
        index, device_id, created_at, reading,
        (device_id, created_at) in (select device_id, created_at from inserted) as is_new
      from candidate
    )
    select
      array_agg(row(index, device_id, created_at, 'new', null, null)::public.ingest_verdict) filter (where is_new),
      array_agg(reading) filter (where not is_new)
    into v_new, v_repeats
    from answered;

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
  if v_letters is not null and not store_readings.is_replay then
    perform private.bury(v_letters);
  end if;
end;
$$;
comment on function private.store_readings(jsonb, jsonb, text[], timestamptz, boolean) is
'Store a batch in one attempt; a row of verdicts per reading, in no order. readings as they came, readable the same without unreadable fields, pointers (from 1) to those fields or null, as_of the time of the call; is_replay: they are dead letters, and what is refused is not kept again. Definer: nobody else writes readings.';

create or replace function private.make_readable(reading jsonb, out readable jsonb, out pointer text)
returns record
language plpgsql
stable
security invoker
set search_path = ''
set timezone = 'UTC'
as $$
declare
  v_field text;
begin
  if jsonb_typeof(reading) <> 'object' then
    readable := '{}';
    pointer := '';
    return;
  end if;

  readable := reading;
  foreach v_field in array array[
    'flow_rate', 'totalizer', 'temperature', 'pressure', 'level', 'velocity', 'battery_level', 'signal_strength',
    'created_at', 'received_at', 'body_index', 'flags', 'is_part', 'api_key_id'
  ] loop
    begin
      perform from jsonb_to_record(jsonb_build_object(v_field, reading -> v_field)) as (
        api_key_id uuid, created_at timestamptz, received_at timestamptz, body_index integer,
        flow_rate double precision, totalizer double precision, temperature double precision,
        pressure double precision, level double precision, velocity double precision,
        battery_level double precision, signal_strength double precision, flags text[], is_part boolean
      );
    exception
      when data_exception then
        pointer := coalesce(pointer, '/' || v_field);
        -- A key that cannot be read is a key nobody has, not no key.
        readable := (readable - v_field) || case v_field
          when 'api_key_id' then '{"api_key_id": "00000000-0000-0000-0000-000000000000"}'
          else '{}'
        end::jsonb;
    end;
  end loop;
end;
$$;

comment on function public.ingest_readings(jsonb) is
'Store a batch of at most 1,000 readings; one verdict per reading, by index, in no order. A repeat is harmless; a bad reading is rejected into ingest_dead_letters and costs the others nothing. An element with "is_part": true joins the row of its device that lacks what it brings, within half the expected interval and 30 s; the answered created_at is the row''s. RDARR: no array. RDMAX: more than 1,000. 40P01 and 40001 after five attempts: call again.';

grant execute on function private.store_readings(jsonb, jsonb, text[], timestamptz, boolean) to service_role;

notify pgrst, 'reload schema';
