/*
 * Ingest judges each reading once.
 *
 * What several columns ask of a reading (its receive time, whether its time
 * stands, whether its zero is one, which field is at fault) was spelled where it
 * was asked. The planner pulls such a subquery up and computes it again for each
 * column that names it, and prepares each copy anew with every call: a third of
 * the time of judging 1 reading, a fifth of that of judging 100. `offset 0` keeps
 * it in one place. The rules are the same.
 */
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
          coalesce(reading.created_at, reading.arrived_at) as created_at,
          reading.arrived_at as received_at,
          reading.timing,
          case
            when reading.timing = 'untimed' and reading.body_sha256 is not null
              then concat_ws(':', coalesce(reading.api_key_id::text, '-'), reading.body_sha256, reading.body_index)
          end as arrival,
          case reading.timing
            when 'untimed' then least(interval '30 seconds', device.expected_interval_s * interval '0.5 seconds')
            when 'suspect' then interval '1 hour'
          end as arrival_window,
          case
            when reading.is_part then least(interval '30 seconds', device.expected_interval_s * interval '0.5 seconds')
          end as part_window,
          reading.flow_rate, reading.totalizer, reading.temperature, reading.pressure,
          reading.level, reading.velocity, reading.battery_level, reading.signal_strength,
          case
            when reading.zero_flag = 'ghost_zero' then 'bad'
            when reading.timing = 'suspect' and reading.quality is distinct from 'bad' then 'suspect'
            else coalesce(reading.quality, 'good')
          end as quality,
          case
            when reading.flags is null and reading.zero_flag is null and reading.timing is distinct from 'suspect'
              and (reading.battery_level not between 0 and 100) is not true then '{}'
            else array(
              select told.flag from unnest(reading.flags) as told (flag)
              where told.flag not in ('ghost_zero', 'zero_unconfirmed')
              union
              select found.flag
              from unnest(array[
                reading.zero_flag,
                case when reading.timing = 'suspect' then 'clock_suspect' end,
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
            when reading.pointer = '' then 'invalid_value'
            when coalesce(reading.device_id, '') = '' then 'missing_device_id'
            when device.organization_id
              is distinct from case when key.id is null then v_default_organization_id else key.organization_id end
              then 'unknown_device'
            when reading.device_id <> all (key.device_ids) then 'unknown_device'
            when reading.pointer is not null then 'invalid_value'
            when num_nonnulls(
              reading.flow_rate, reading.totalizer, reading.temperature, reading.pressure,
              reading.level, reading.velocity, reading.battery_level, reading.signal_strength
            ) = 0 then 'no_measurement'
            when reading.created_at < v_oldest and reading.timing is null then 'too_old'
          end as code,
          reading.pointer
        from (
          select
            told.*,
            clock.received_at as arrived_at,
            case
              when told.created_at is null then 'untimed'
              when told.created_at < '2020-01-01T00:00:00Z'
                or told.created_at > clock.received_at + interval '5 minutes' then 'suspect'
            end as timing,
            case
              when told.flow_rate = 0
                then private.zero_flag(told.flow_rate, told.totalizer, told.level, told.velocity)
            end as zero_flag,
            case
              when judge_readings.pointers[told.ordinality] is not null
                then judge_readings.pointers[told.ordinality]
              -- greatest() and least() skip nulls and sort NaN last
              when greatest(
                told.flow_rate, told.totalizer, told.temperature, told.pressure,
                told.level, told.velocity, told.battery_level, told.signal_strength
              ) >= 'infinity' or least(
                told.flow_rate, told.totalizer, told.temperature, told.pressure,
                told.level, told.velocity, told.battery_level, told.signal_strength
              ) = '-infinity' or greatest(abs(told.battery_level), abs(told.signal_strength)) > 2147483647
                then private.faulty_value(
                  told.flow_rate, told.totalizer, told.temperature, told.pressure,
                  told.level, told.velocity, told.battery_level, told.signal_strength
                )
              when told.created_at < '0002-01-01T00:00:00Z BC' or told.created_at >= '10000-01-01T00:00:00Z'
                then '/created_at'
              when told.quality not in ('good', 'suspect', 'bad') then '/quality'
              when jsonb_typeof(told.metadata) <> 'object' then '/metadata'
            end as pointer
          from rows from (
            jsonb_to_recordset(judge_readings.readings) as (
              api_key_id uuid, device_id text, created_at timestamptz, received_at timestamptz, body_sha256 text,
              body_index integer, flow_rate double precision, totalizer double precision,
              temperature double precision, pressure double precision, level double precision,
              velocity double precision, battery_level double precision, signal_strength double precision,
              quality text, flags text[], metadata jsonb, is_part boolean
            )
          ) with ordinality as told
          cross join lateral (
            select least(
              greatest(coalesce(told.received_at, judge_readings.as_of), '2020-01-01T00:00:00Z'),
              judge_readings.as_of
            ) as received_at
          ) as clock
          -- Once a reading, not again wherever one of these is asked.
          offset 0
        ) as reading
        left join lateral (
          select api_keys.id, api_keys.organization_id, api_keys.device_ids
          from public.api_keys
          where api_keys.id = reading.api_key_id
          -- What came while the key was good is good, though it waited on a spool.
          and (api_keys.expires_at is null or api_keys.expires_at > reading.arrived_at)
          and (api_keys.revoked_at is null or api_keys.revoked_at > reading.arrived_at)
          limit 1
        ) as key on true
        left join lateral (
          select devices.organization_id, devices.expected_interval_s
          from public.devices
          where devices.device_id = reading.device_id
          limit 1
        ) as device on true
        offset 0
      ) as judged
    ) as numbered
  );
end;
$$;

notify pgrst, 'reload schema';
