/*
 * Ingest, part one: the types of a batch, and readings whose time is no key.
 *
 * A reading is known by its device and instant, so sending it again is harmless.
 * Two kinds have no instant of their own: one without a time gets the receive
 * time, and one whose clock is impossible is shifted to it. A repeat of either
 * would get a new instant, so what arrived is remembered for a while, and a
 * repeat is given the instant of the first.
 */
create type public.ingest_verdict as (
  index integer,
  device_id text,
  created_at timestamptz,
  verdict text,
  code text,
  pointer text
);
comment on type public.ingest_verdict is
'What became of the reading at index (from 0): new, merged, duplicate, conflict or rejected. code says why for the last two, pointer which field for invalid_value.';

create type private.ingest_reading as (
  index integer,
  round integer,
  api_key_id uuid,
  device_id text,
  created_at timestamptz,
  received_at timestamptz,
  timing text,
  arrival text,
  arrival_window interval,
  flow_rate double precision,
  totalizer double precision,
  temperature double precision,
  pressure double precision,
  level double precision,
  velocity double precision,
  battery_level integer,
  signal_strength integer,
  quality text,
  flags text[],
  metadata jsonb,
  code text,
  pointer text
);
comment on type private.ingest_reading is
'A reading on its way in. round: 1, or the nth of its device and instant in the batch. timing: untimed, suspect, or null for a time that stands. arrival: by what a repeat of an untimed or suspect one is known, within arrival_window of its receive time. code and pointer: why it is rejected, else null.';

create table private.recent_arrivals (
  device_id text not null references public.devices (device_id) on update cascade on delete cascade,
  arrival text not null,
  received_at timestamptz not null,
  created_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(),
  constraint recent_arrivals_pkey primary key (device_id, arrival, received_at)
);
comment on table private.recent_arrivals is
'Readings of the last hours that have no instant of their own. Written by ingest under the device''s lock, cleared as it goes.';
comment on column private.recent_arrivals.arrival is
'untimed: key, SHA-256 of the body and index in it. suspect: reported time and values. Hashed.';
comment on column private.recent_arrivals.received_at is 'When the first of them came; repeats are counted from it.';
comment on column private.recent_arrivals.created_at is 'The instant it was stored with.';
create index recent_arrivals_device_id_recorded_at_idx on private.recent_arrivals (device_id, recorded_at);

alter table private.recent_arrivals enable row level security;
revoke all on table private.recent_arrivals from public, anon, authenticated, service_role;

create function private.settle_times(batch private.ingest_reading[], readings jsonb, as_of timestamptz)
returns private.ingest_reading[]
language sql
stable
security definer
set search_path = ''
set timezone = 'UTC'
as $$
  select array_agg(
    row(
      settled.index, settled.round, settled.api_key_id, settled.device_id, settled.created_at, settled.received_at,
      settled.timing, encode(sha256(convert_to(settled.arrival, 'UTF8')), 'hex'), settled.arrival_window,
      settled.flow_rate, settled.totalizer, settled.temperature, settled.pressure, settled.level, settled.velocity,
      settled.battery_level, settled.signal_strength, settled.quality, settled.flags,
      case
        when settled.timing = 'suspect'
          then settled.metadata || jsonb_build_object('reported_at', settle_times.readings -> settled.index -> 'created_at')
        else settled.metadata
      end,
      case
        when settled.code is null and settled.created_at < settle_times.as_of - private.raw_retention() then 'too_old'
        else settled.code
      end,
      settled.pointer
    )::private.ingest_reading
    order by settled.received_at, settled.index
  )
  from (
    select
      reading.index, reading.round, reading.api_key_id, reading.device_id, reading.received_at, reading.timing,
      reading.arrival_window, reading.flow_rate, reading.totalizer, reading.temperature, reading.pressure,
      reading.level, reading.velocity, reading.battery_level, reading.signal_strength, reading.quality,
      reading.flags, reading.metadata, reading.code, reading.pointer,
      case
        when reading.timing = 'suspect' and reading.code is null then row(
          extract(epoch from reading.created_at), reading.flow_rate, reading.totalizer, reading.temperature,
          reading.pressure, reading.level, reading.velocity, reading.battery_level, reading.signal_strength
        )::text
        else reading.arrival
      end as arrival,
      case
        when reading.timing = 'suspect' and reading.code is null then reading.received_at - least(
          max(reading.created_at) filter (where reading.timing = 'suspect' and reading.code is null)
          over (partition by reading.device_id, reading.received_at)
          - reading.created_at,
          interval '1000 years'
        )
        else reading.created_at
      end as created_at
    from unnest(settle_times.batch) as reading
  ) as settled;
$$;
comment on function private.settle_times(private.ingest_reading[], jsonb, timestamptz) is
'Shift the suspect readings of each device and body, spacing kept, so that their newest is at the receive time; the reported time goes to metadata.reported_at. In order of arrival. Definer: part of ingest.';

create function private.resolve_repeats(batch private.ingest_reading[])
returns private.ingest_reading[]
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_reading private.ingest_reading;
  v_instant timestamptz;
begin
  for v_position in 1 .. cardinality(batch) loop
    v_reading := batch[v_position];
    continue when v_reading.code is not null or v_reading.arrival is null;

    -- One row each time it came: what a spool brings late stands beside what
    -- came meanwhile, and both have repeats.
    select known.created_at into v_instant
    from private.recent_arrivals as known
    where known.device_id = v_reading.device_id
    and known.arrival = v_reading.arrival
    and known.received_at between v_reading.received_at - v_reading.arrival_window
    and v_reading.received_at + v_reading.arrival_window
    order by known.received_at
    limit 1;
    if found then
      batch[v_position].created_at := v_instant;
      continue;
    end if;

    insert into private.recent_arrivals (device_id, arrival, received_at, created_at)
    values (v_reading.device_id, v_reading.arrival, v_reading.received_at, v_reading.created_at);
  end loop;

  delete from private.recent_arrivals
  where recent_arrivals.device_id = any (array(select reading.device_id from unnest(batch) as reading))
  and recent_arrivals.recorded_at < v_now - interval '2 hours';

  return (
    select array_agg(
      row(
        reading.index, reading.round, reading.api_key_id, reading.device_id, reading.created_at, reading.received_at,
        reading.timing, reading.arrival, reading.arrival_window, reading.flow_rate, reading.totalizer,
        reading.temperature, reading.pressure, reading.level, reading.velocity, reading.battery_level,
        reading.signal_strength, reading.quality, reading.flags, reading.metadata, reading.code, reading.pointer
      )::private.ingest_reading
    )
    from (
      select
        arrived.index,
        row_number() over (
          partition by arrived.device_id, arrived.created_at, arrived.code is null order by arrived.index
        )::integer as round,
        arrived.api_key_id, arrived.device_id, arrived.created_at, arrived.received_at, arrived.timing,
        arrived.arrival, arrived.arrival_window, arrived.flow_rate, arrived.totalizer, arrived.temperature,
        arrived.pressure, arrived.level, arrived.velocity, arrived.battery_level, arrived.signal_strength,
        arrived.quality, arrived.flags, arrived.metadata, arrived.code, arrived.pointer
      from unnest(batch) as arrived
    ) as reading
  );
end;
$$;
comment on function private.resolve_repeats(private.ingest_reading[]) is
'Give a repeat of an untimed or suspect reading the instant of the first, remember the others, number the rounds anew. The caller holds the devices'' locks. Definer: part of ingest.';
