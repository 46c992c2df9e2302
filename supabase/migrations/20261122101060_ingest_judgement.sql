/*
 * Ingest, part two: what each reading of a batch is, before anything is locked
 * or written.
 */
create function private.faulty_value(
  flow_rate double precision, totalizer double precision, temperature double precision, pressure double precision,
  level double precision, velocity double precision, battery_level double precision, signal_strength double precision
)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select '/' || field.name
  from (
    values
      ('flow_rate', flow_rate, false), ('totalizer', totalizer, false), ('temperature', temperature, false),
      ('pressure', pressure, false), ('level', level, false), ('velocity', velocity, false),
      ('battery_level', battery_level, true), ('signal_strength', signal_strength, true)
  ) as field (name, value, is_integer)
  where not abs(field.value) < 'infinity'
  or (field.is_integer and abs(field.value) > 2147483647)
  limit 1;
$$;
comment on function private.faulty_value(
  double precision, double precision, double precision, double precision,
  double precision, double precision, double precision, double precision
) is 'Pointer to the first of these that is not finite or does not fit its column; null if all do.';

create function private.judge_readings(readings jsonb, pointers text[], as_of timestamptz)
returns private.ingest_reading[]
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_default_organization_id constant uuid := private.default_organization_id();
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
      numbered.quality, numbered.flags, numbered.metadata, numbered.code, numbered.pointer
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
          coalesce(reading.metadata, '{}') as metadata,
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
            when reading.created_at < judge_readings.as_of - private.raw_retention() and arrived.timing is null
              then 'too_old'
          end as code,
          faulty.pointer
        from rows from (
          jsonb_to_recordset(judge_readings.readings) as (
            api_key_id uuid, device_id text, created_at timestamptz, received_at timestamptz, body_sha256 text,
            body_index integer, flow_rate double precision, totalizer double precision,
            temperature double precision, pressure double precision, level double precision,
            velocity double precision, battery_level double precision, signal_strength double precision,
            quality text, flags text[], metadata jsonb
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
comment on function private.judge_readings(jsonb, text[], timestamptz) is
'A batch with, for each reading, why it is refused (code) or how it will be stored. pointers (from 1): a field that could not be read, or null. as_of: no receive time is later. Called with the plan settings of store_readings. Definer: part of ingest.';
