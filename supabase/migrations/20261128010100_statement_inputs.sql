/*
 * Statement inputs: a hash of what a statement is computed from.
 *
 * Two who hold the same readings get the same hash, so it is over lines of text
 * that anybody can write, in UTF-8, each ended by a line feed:
 *
 *   the device's settings    settings,2026-10-01T00:00:00.000000Z,2026-11-01T...Z,60,9999999,ignore
 *   the opening sample       opening,2026-09-30T23:59:00.000000Z,1042.5
 *   an hour, in order        readings,2026-10-01T00:00:00.000000Z,<SHA-256 of its readings' lines>
 *   or, readings gone        rollup,2026-10-01T00:00:00.000000Z,60,60,0,60,750,0,25,60,12.5,0,0,...
 *
 * A reading's line is created_at,flow_rate,totalizer,quality. A null is empty,
 * a number is the shortest that reads back as the same double. Hours without a
 * reading have no line. Hashing by the hour keeps a month of 1 s readings out
 * of memory.
 */
create function private.statement_time(instant timestamptz)
returns text
language sql
stable
security invoker
set search_path = ''
as $$
  select to_char(statement_time.instant at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
$$;
comment on function private.statement_time(timestamptz) is 'An instant in UTC with microseconds, whatever the session''s settings.';

create function private.statement_sample(device_id text, instant timestamptz)
returns table (sampled_at timestamptz, sampled_totalizer double precision)
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  v_hour constant timestamptz := private.utc_hour(statement_sample.instant);
  v_first_at timestamptz;
begin
  if v_hour < private.raw_complete_since() and v_hour < statement_sample.instant then
    select hourly.first_totalizer_at, hourly.last_totalizer_at, hourly.last_totalizer
    into v_first_at, sampled_at, sampled_totalizer
    from public.flow_data_hourly as hourly
    where hourly.device_id = statement_sample.device_id
    and hourly.hour = v_hour;
    if sampled_at < statement_sample.instant then
      return next;
      return;
    end if;
    if v_first_at < statement_sample.instant then
      return query
      select told.at, told.totalizer
      from public.statements
      cross join lateral (
        values
        (statements.ends_at, statements.closing_at, statements.closing_totalizer),
        (statements.starts_at, statements.opening_at, statements.opening_totalizer)
      ) as told (bound, at, totalizer)
      where statements.device_id = statement_sample.device_id
      and told.bound = statement_sample.instant
      and told.at is not null
      order by statements.made_at desc, statements.revision desc
      limit 1;
      return;
    end if;
  end if;

  return query
  select before.sampled_at, before.sampled_totalizer
  from private.sample_before(
    statement_sample.device_id,
    case
      when v_hour < private.raw_complete_since() then v_hour
      else statement_sample.instant
    end
  ) as before;
end;
$$;
comment on function private.statement_sample(text, timestamptz) is
'As private.sample_before, also within an hour whose readings are gone: there the hour''s first and last sample tell it or, if the instant is between them, a statement that was made when they were there; no row if none was.';

create function private.statement_inputs(device_id text, starts_at timestamptz, ends_at timestamptz)
returns table (inputs text, inputs_sha256 text)
language plpgsql
stable
security invoker
set search_path = ''
set extra_float_digits = 1
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
declare
  -- Readings are hashed from here on; what lies before is known as rollups only.
  v_raw_from constant timestamptz := greatest(
    statement_inputs.starts_at, least(private.raw_complete_since(), statement_inputs.ends_at)
  );
  v_lines text;
begin
  select
    concat_ws(
      ',', 'settings', private.statement_time(statement_inputs.starts_at),
      private.statement_time(statement_inputs.ends_at), devices.expected_interval_s,
      coalesce(devices.totalizer_max::text, ''), devices.reverse_policy
    ) || E'\n'
  into v_lines
  from public.devices
  where devices.device_id = statement_inputs.device_id;

  select v_lines || concat_ws(
    ',', 'opening', private.statement_time(before.sampled_at), before.sampled_totalizer
  ) || E'\n'
  into v_lines
  from (select) as always
  left join private.statement_sample(statement_inputs.device_id, statement_inputs.starts_at) as before on true;

  select v_lines || coalesce(string_agg(
    concat_ws(
      ',', 'rollup', private.statement_time(hourly.hour), coalesce(hourly.expected, 0), hourly.received, hourly.bad,
      hourly.flow_count, coalesce(hourly.flow_sum::text, ''), coalesce(hourly.flow_min::text, ''),
      coalesce(hourly.flow_max::text, ''), hourly.sample_count, coalesce(hourly.volume::text, ''),
      hourly.resets, hourly.rollovers, coalesce(private.statement_time(hourly.last_totalizer_at), ''),
      coalesce(hourly.last_totalizer::text, '')
    ) || E'\n',
    '' order by hourly.hour
  ), '')
  into v_lines
  from public.flow_data_hourly as hourly
  where hourly.device_id = statement_inputs.device_id
  and hourly.hour > statement_inputs.starts_at - interval '1 hour'
  and hourly.hour < v_raw_from;

  select v_lines || coalesce(string_agg(
    concat_ws(',', 'readings', private.statement_time(hashed.hour), hashed.sha256) || E'\n', '' order by hashed.hour
  ), '')
  into v_lines
  from (
    select
      date_bin(interval '1 hour', reading.created_at, '0001-01-01T00:00:00Z') as hour,
      encode(sha256(convert_to(string_agg(
        concat_ws(
          ',', to_char(reading.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
          coalesce(reading.flow_rate::text, ''), coalesce(reading.totalizer::text, ''), reading.quality
        ) || E'\n',
        '' order by reading.created_at
      ), 'UTF8')), 'hex') as sha256
    from public.flow_data as reading
    where reading.device_id = statement_inputs.device_id
    and reading.created_at >= v_raw_from
    and reading.created_at < statement_inputs.ends_at
    group by 1
  ) as hashed;

  inputs := case
    when v_raw_from = statement_inputs.starts_at then 'readings'
    when v_raw_from = statement_inputs.ends_at then 'rollups'
    else 'both'
  end;
  inputs_sha256 := encode(sha256(convert_to(v_lines, 'UTF8')), 'hex');
  return next;
end;
$$;
comment on function private.statement_inputs(text, timestamptz, timestamptz) is
'Whether a window is computed from readings, rollups or both, and the hexadecimal SHA-256 of them and of the settings that decide what they add up to. No row''s hash depends on the session. docs/statements.md says how to compute it elsewhere.';

revoke all on function private.statement_time(timestamptz) from public, anon, authenticated, service_role;
revoke all on function private.statement_sample(text, timestamptz) from public, anon, authenticated, service_role;
revoke all on function private.statement_inputs(text, timestamptz, timestamptz)
from public, anon, authenticated, service_role;
