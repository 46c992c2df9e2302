/*
 * Ingest, told anew: a reading may be a part, and the retention is asked once.
 *
 * A gateway that sends each register by itself splits one reading over several
 * readings, which ingest puts together (private.join_parts). Here a reading
 * learns that it is one: `is_part` of its element becomes part_window. Who sends
 * flat bodies never says so, and pays for nothing but the field that is not
 * there.
 *
 * metadata.parts is ours to write: by it ingest knows a row that is made of
 * parts. A sender's own member of that name is kept as told_parts.
 *
 * private.raw_retention() reads a table since the settings are one. Asked per
 * reading it cost a batch of 100 a tenth of its time; it is asked once a batch.
 */
alter type private.ingest_reading add attribute part_window interval;
comment on type private.ingest_reading is
'A reading on its way in. round: 1, or the nth of its device and instant in the batch. timing: untimed, suspect, or null for a time that stands. arrival: by what a repeat of an untimed or suspect one is known, within arrival_window of its receive time. part_window: how far from its time a part looks for the row it belongs to; null for a reading that is whole. code and pointer: why it is rejected, else null.';
comment on column private.recent_arrivals.created_at is
'The instant it was stored with; for a part its own, whatever row it joined.';

create or replace function private.judge_readings(readings jsonb, pointers text[], as_of timestamptz)
returns private.ingest_reading[]
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_default_organization_id constant uuid := private.default_organization_id();
  v_oldest constant timestamptz := judge_readings.as_of - private.raw_retention();
begin
  -- The first reason wins; another organization's device is as unknown as one
  -- that does not exist.
  return (
    select array_agg(row(
      numbered.index, numbered.round, numbered.api_key_id, numbered.device_id, numbered.created_at,
      numbered.received_at, numbered.timing, numbered.arrival, numbered.arrival_window, numbered.flow_rate,
      numbered.totalizer, numbered.temperature, numbered.pressure, numbered.level, numbered.velocity,
      case when numbered.code is null then round(numbered.battery_level)::integer end,
      case when numbered.code is null then round(numbered.signal_strength)::integer end,
      numbered.quality, numbered.flags, numbered.metadata, numbered.code, numbered.pointer, numbered.part_window
    )::private.ingest_reading)
    from (
      select
        judged.*,
        row_number() over (
          partition by judged.device_id, judged.created_at, judged.code is null order by judged.index
        )::integer as round
      from (
        select
          reading.ordinality::integer - 1 as index,
          reading.api_key_id,
          reading.device_id,
          coalesce(reading.created_at, arrived.received_at) as created_at,
          arrived.received_at,
          arrived.timing,
          case
            when arrived.timing = 'untimed' and reading.body_sha256 is not null
              then concat_ws(':', coalesce(reading.api_key_id::text, '-'), reading.body_sha256, reading.body_index)
          end as arrival,
          case arrived.timing
            when 'untimed' then least(interval '30 seconds', device.expected_interval_s * interval '0.5 seconds')
            when 'suspect' then interval '1 hour'
          end as arrival_window,
          case
            when reading.is_part then least(interval '30 seconds', device.expected_interval_s * interval '0.5 seconds')
          end as part_window,
          reading.flow_rate, reading.totalizer, reading.temperature, reading.pressure,
          reading.level, reading.velocity, reading.battery_level, reading.signal_strength,
          case
            when arrived.zero_flag = 'ghost_zero' then 'bad'
            when arrived.timing = 'suspect' and reading.quality is distinct from 'bad' then 'suspect'
            else coalesce(reading.quality, 'good')
          end as quality,
          case
            when reading.flags is null and arrived.zero_flag is null and not arrived.is_odd then '{}'
            else array(
              select told.flag from unnest(reading.flags) as told (flag)
              where told.flag not in ('ghost_zero', 'zero_unconfirmed')
              union
              select found.flag
              from unnest(array[
                arrived.zero_flag,
                case when arrived.timing = 'suspect' then 'clock_suspect' end,
                case when reading.battery_level not between 0 and 100 then 'out_of_range' end
              ]) as found (flag)
              where found.flag is not null
            )
          end as flags,
          case
            when jsonb_typeof(reading.metadata) = 'object' and reading.metadata ? 'parts'
              then reading.metadata - 'parts' || jsonb_build_object('told_parts', reading.metadata -> 'parts')
            else coalesce(reading.metadata, '{}')
          end as metadata,
          case
            when reading.api_key_id is not null and key.id is null then 'invalid_key'
            when faulty.pointer = '' then 'invalid_value'
            when coalesce(reading.device_id, '') = '' then 'missing_device_id'
            when device.organization_id
              is distinct from case when key.id is null then v_default_organization_id else key.organization_id end
              then 'unknown_device'
            when reading.device_id <> all (key.device_ids) then 'unknown_device'
            when faulty.pointer is not null then 'invalid_value'
            when num_nonnulls(
              reading.flow_rate, reading.totalizer, reading.temperature, reading.pressure,
              reading.level, reading.velocity, reading.battery_level, reading.signal_strength
            ) = 0 then 'no_measurement'
            when reading.created_at < v_oldest and arrived.timing is null then 'too_old'
          end as code,
          faulty.pointer
        from rows from (
          jsonb_to_recordset(judge_readings.readings) as (
            api_key_id uuid, device_id text, created_at timestamptz, received_at timestamptz, body_sha256 text,
            body_index integer, flow_rate double precision, totalizer double precision,
            temperature double precision, pressure double precision, level double precision,
            velocity double precision, battery_level double precision, signal_strength double precision,
            quality text, flags text[], metadata jsonb, is_part boolean
          )
        ) with ordinality as reading
        cross join lateral (
          select least(
            greatest(coalesce(reading.received_at, judge_readings.as_of), '2020-01-01T00:00:00Z'),
            judge_readings.as_of
          ) as received_at
        ) as clock
        left join lateral (
          select api_keys.id, api_keys.organization_id, api_keys.device_ids
          from public.api_keys
          where api_keys.id = reading.api_key_id
          -- What came while the key was good is good, though it waited on a spool.
          and (api_keys.expires_at is null or api_keys.expires_at > clock.received_at)
          and (api_keys.revoked_at is null or api_keys.revoked_at > clock.received_at)
          limit 1
        ) as key on true
        left join lateral (
          select devices.organization_id, devices.expected_interval_s
          from public.devices
          where devices.device_id = reading.device_id
          limit 1
        ) as device on true
        cross join lateral (
          select
            clock.received_at,
            case
              when reading.created_at is null then 'untimed'
              when reading.created_at < '2020-01-01T00:00:00Z'
                or reading.created_at > clock.received_at + interval '5 minutes' then 'suspect'
            end as timing,
            case
              when reading.flow_rate = 0
                then private.zero_flag(reading.flow_rate, reading.totalizer, reading.level, reading.velocity)
            end as zero_flag,
            coalesce(
              reading.created_at < '2020-01-01T00:00:00Z'
              or reading.created_at > clock.received_at + interval '5 minutes', false
            )
            or coalesce(reading.battery_level not between 0 and 100, false) as is_odd
        ) as arrived
        cross join lateral (
          select case
            when judge_readings.pointers[reading.ordinality] is not null
              then judge_readings.pointers[reading.ordinality]
            -- greatest() and least() skip nulls and sort NaN last
            when greatest(
              reading.flow_rate, reading.totalizer, reading.temperature, reading.pressure,
              reading.level, reading.velocity, reading.battery_level, reading.signal_strength
            ) >= 'infinity' or least(
              reading.flow_rate, reading.totalizer, reading.temperature, reading.pressure,
              reading.level, reading.velocity, reading.battery_level, reading.signal_strength
            ) = '-infinity' or greatest(abs(reading.battery_level), abs(reading.signal_strength)) > 2147483647
              then private.faulty_value(
                reading.flow_rate, reading.totalizer, reading.temperature, reading.pressure,
                reading.level, reading.velocity, reading.battery_level, reading.signal_strength
              )
            when reading.created_at < '0002-01-01T00:00:00Z BC' or reading.created_at >= '10000-01-01T00:00:00Z'
              then '/created_at'
            when reading.quality not in ('good', 'suspect', 'bad') then '/quality'
            when jsonb_typeof(reading.metadata) <> 'object' then '/metadata'
          end as pointer
        ) as faulty
      ) as judged
    ) as numbered
  );
end;
$$;

create or replace function private.settle_times(batch private.ingest_reading[], readings jsonb, as_of timestamptz)
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
        when settled.code is null
          and settled.created_at < (select settle_times.as_of - private.raw_retention()) then 'too_old'
        else settled.code
      end,
      settled.pointer, settled.part_window
    )::private.ingest_reading
    order by settled.received_at, settled.index
  )
  from (
    select
      reading.index, reading.round, reading.api_key_id, reading.device_id, reading.received_at, reading.timing,
      reading.arrival_window, reading.flow_rate, reading.totalizer, reading.temperature, reading.pressure,
      reading.level, reading.velocity, reading.battery_level, reading.signal_strength, reading.quality,
      reading.flags, reading.metadata, reading.code, reading.pointer, reading.part_window,
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

create or replace function private.resolve_repeats(batch private.ingest_reading[])
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
        reading.signal_strength, reading.quality, reading.flags, reading.metadata, reading.code, reading.pointer,
        reading.part_window
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
        arrived.quality, arrived.flags, arrived.metadata, arrived.code, arrived.pointer, arrived.part_window
      from unnest(batch) as arrived
    ) as reading
  );
end;
$$;

notify pgrst, 'reload schema';
