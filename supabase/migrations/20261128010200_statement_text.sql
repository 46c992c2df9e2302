/*
 * Statement text: the CSV of a statement, in three parts with an empty line between them.
 *
 * Its numbers come from get_daily_flow, its volume is their sum, and the steps
 * that a person has to look at (resets and rollovers) are listed one by one.
 * Volumes are rounded to 0.001 m3, each by itself; counters are written as they
 * were read. Lines end with CR LF, as RFC 4180 has it.
 *
 * Everything in one statement sees one snapshot, so a reading that comes
 * meanwhile is in all of its numbers or in none.
 */
create function private.csv_field(value text)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select case
    when guarded.value ~ '[",\r\n]' then '"' || replace(guarded.value, '"', '""') || '"'
    else coalesce(guarded.value, '')
  end
  -- A spreadsheet runs text that begins like this.
  from (select case when value ~ '^[=+\-@\t\r\n]' then '''' || value else value end) as guarded (value);
$$;
comment on function private.csv_field(text) is
'Text that somebody wrote as a field of CSV: quoted where needed, and with an apostrophe before what a spreadsheet would run.';

create function private.csv_volume(volume double precision)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select coalesce(round(volume::numeric, 3)::text, '');
$$;
comment on function private.csv_volume(double precision) is '[m3] A volume to 0.001 m3; empty if null.';

create function private.statement_steps(device_id text, starts_at timestamptz, ends_at timestamptz)
returns table (
  kind text, stepped_at timestamptz, previous_at timestamptz, previous double precision, next double precision,
  volume double precision, steps bigint
)
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
declare
  v_raw_from constant timestamptz := greatest(
    statement_steps.starts_at, least(private.raw_complete_since(), statement_steps.ends_at)
  );
begin
  return query
  select told.kind, hourly.hour, null::timestamptz, null::double precision, null::double precision,
    null::double precision, told.steps::bigint
  from public.flow_data_hourly as hourly
  cross join lateral (values ('reset', hourly.resets), ('rollover', hourly.rollovers)) as told (kind, steps)
  where hourly.device_id = statement_steps.device_id
  and hourly.hour >= statement_steps.starts_at
  and hourly.hour < v_raw_from
  and told.steps > 0
  union all
  select judged.kind, line.created_at, line.previous_at, line.previous, line.totalizer,
    private.totalizer_step_volume(line.previous, line.totalizer, devices.totalizer_max, devices.reverse_policy),
    1::bigint
  from (
    select
      sample.created_at,
      sample.totalizer,
      lag(sample.created_at) over samples as previous_at,
      lag(sample.totalizer) over samples as previous
    from (
      select reading.created_at, reading.totalizer
      from public.flow_data as reading
      where reading.device_id = statement_steps.device_id
      and reading.created_at >= v_raw_from
      and reading.created_at < statement_steps.ends_at
      and reading.totalizer is not null
      and reading.quality <> 'bad'
      union all
      select before.sampled_at, before.sampled_totalizer
      from private.sample_before(statement_steps.device_id, v_raw_from) as before
    ) as sample
    window samples as (order by sample.created_at)
  ) as line
  inner join public.devices on devices.device_id = statement_steps.device_id
  cross join lateral (
    select private.totalizer_step_kind(line.previous, line.totalizer, devices.totalizer_max)
  ) as judged (kind)
  where line.totalizer < line.previous
  and line.created_at >= v_raw_from
  and judged.kind in ('reset', 'rollover')
  order by 2, 1;
end;
$$;
comment on function private.statement_steps(text, timestamptz, timestamptz) is
'The resets and rollovers of a window, oldest first: when, and from which sample to which [m3]. Where the readings are gone, one row an hour and kind, with the hour''s start and how many there were.';

create function private.statement_months(device_id text, month date)
returns table (time_zone text, day_start time, starts_at timestamptz, ends_at timestamptz)
language sql
stable
security invoker
set search_path = ''
as $$
  select clock.time_zone, clock.day_start,
    private.day_starts_at(statement_months.month, clock.day_start, clock.time_zone),
    private.day_starts_at(
      (statement_months.month + interval '1 month')::date, clock.day_start, clock.time_zone
    )
  from (
    select
      coalesce(sites.time_zone, organizations.time_zone, 'UTC') as time_zone,
      coalesce(sites.day_start, organizations.day_start, '00:00') as day_start
    from public.devices
    inner join public.organizations on organizations.id = devices.organization_id
    left join public.sites on sites.id = devices.site_id
    where devices.device_id = statement_months.device_id
  ) as clock;
$$;
comment on function private.statement_months(text, date) is
'A month as the device''s site counts its days now: from the start of its first day to the end of its last. No row for an unknown device.';

create function private.statement_follows(
  before_ends_at timestamptz, before_closing_at timestamptz, before_closing_totalizer double precision,
  starts_at timestamptz, opening_at timestamptz, opening_totalizer double precision
)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select case
    when before_ends_at is null then 'first'
    when before_ends_at < starts_at then 'gap'
    when before_ends_at > starts_at then 'overlap'
    when before_closing_at is not distinct from opening_at
      and before_closing_totalizer is not distinct from opening_totalizer then 'gapless'
    when before_closing_at > opening_at then 'overlap'
    else 'gap'
  end;
$$;
comment on function private.statement_follows(
  timestamptz, timestamptz, double precision, timestamptz, timestamptz, double precision
) is
'How a statement joins the one before, as in statements.follows; before_ends_at is null where there is none.';

create function private.statement_draft(device_id text, month date)
returns public.statements
language plpgsql
stable
security invoker
set search_path = ''
set extra_float_digits = 1
as $$
declare
  v_draft public.statements;
  v_name text;
  v_before public.statements;
  v_days text;
  v_steps text := '';
begin
  v_draft.device_id := statement_draft.device_id;
  v_draft.month := statement_draft.month;

  select devices.organization_id, devices.device_name, counted.time_zone, counted.day_start
  into v_draft.organization_id, v_name, v_draft.time_zone, v_draft.day_start
  from public.devices
  cross join lateral private.statement_months(devices.device_id, statement_draft.month) as counted
  where devices.device_id = statement_draft.device_id;

  -- Days that were computed by another clock and cannot be cut anew keep it.
  select
    min(daily.starts_at), max(daily.ends_at), sum(daily.total_volume), sum(daily.resets), sum(daily.rollovers),
    sum(daily.expected_points), sum(daily.received_points), sum(daily.bad_points),
    string_agg(
      concat_ws(
        ',', to_char(daily.day, 'YYYY-MM-DD'), private.statement_time(daily.starts_at), private.statement_time(daily.ends_at),
        private.csv_volume(daily.total_volume), daily.resets, daily.rollovers, daily.expected_points,
        daily.received_points, daily.bad_points
      ) || E'\r\n',
      '' order by daily.day
    )
  into
    v_draft.starts_at, v_draft.ends_at, v_draft.volume, v_draft.resets, v_draft.rollovers,
    v_draft.expected, v_draft.received, v_draft.bad, v_days
  from public.get_daily_flow(
    statement_draft.device_id, statement_draft.month, (statement_draft.month + interval '1 month')::date - 1
  ) as daily;

  select before.sampled_at, before.sampled_totalizer
  into v_draft.opening_at, v_draft.opening_totalizer
  from private.statement_sample(statement_draft.device_id, v_draft.starts_at) as before;
  select before.sampled_at, before.sampled_totalizer
  into v_draft.closing_at, v_draft.closing_totalizer
  from private.statement_sample(statement_draft.device_id, v_draft.ends_at) as before;

  select told.inputs, told.inputs_sha256
  into v_draft.inputs, v_draft.inputs_sha256
  from private.statement_inputs(statement_draft.device_id, v_draft.starts_at, v_draft.ends_at) as told;

  select statements.*
  into v_before
  from public.statements
  where statements.device_id = statement_draft.device_id
  and statements.month < statement_draft.month
  order by statements.month desc, statements.revision desc
  limit 1;
  v_draft.follows := private.statement_follows(
    v_before.ends_at, v_before.closing_at, v_before.closing_totalizer,
    v_draft.starts_at, v_draft.opening_at, v_draft.opening_totalizer
  );

  if v_draft.resets + v_draft.rollovers > 0 then
    select coalesce(string_agg(
      concat_ws(
        ',', step.kind, private.statement_time(step.stepped_at),
        coalesce(private.statement_time(step.previous_at), ''), coalesce(step.previous::text, ''),
        coalesce(step.next::text, ''), private.csv_volume(step.volume), step.steps
      ) || E'\r\n',
      '' order by step.stepped_at, step.kind
    ), '')
    into v_steps
    from private.statement_steps(statement_draft.device_id, v_draft.starts_at, v_draft.ends_at) as step;
  end if;

  -- What does not depend on who makes it, when and why; private.write_statement puts that before it.
  v_draft.body := array_to_string(array[
    'device_id,' || private.csv_field(statement_draft.device_id),
    'device_name,' || private.csv_field(v_name),
    'month,' || to_char(statement_draft.month, 'YYYY-MM'),
    'time_zone,' || private.csv_field(v_draft.time_zone),
    'day_start,' || v_draft.day_start::text,
    'starts_at,' || private.statement_time(v_draft.starts_at),
    'ends_at,' || private.statement_time(v_draft.ends_at),
    'follows,' || v_draft.follows,
    'opening_at,' || coalesce(private.statement_time(v_draft.opening_at), ''),
    'opening_totalizer_m3,' || coalesce(v_draft.opening_totalizer::text, ''),
    'closing_at,' || coalesce(private.statement_time(v_draft.closing_at), ''),
    'closing_totalizer_m3,' || coalesce(v_draft.closing_totalizer::text, ''),
    'volume_m3,' || private.csv_volume(v_draft.volume),
    'resets,' || v_draft.resets,
    'rollovers,' || v_draft.rollovers,
    'readings_expected,' || v_draft.expected,
    'readings_received,' || v_draft.received,
    'readings_bad,' || v_draft.bad,
    'completeness_percent,' || coalesce(
      round(least(100.0 * (v_draft.received - v_draft.bad) / nullif(v_draft.expected, 0), 100), 2)::text, ''
    ),
    'inputs,' || v_draft.inputs,
    'inputs_sha256,' || v_draft.inputs_sha256,
    '',
    'day,starts_at,ends_at,volume_m3,resets,rollovers,readings_expected,readings_received,readings_bad',
    v_days || '',
    'step,at,previous_at,previous_totalizer_m3,totalizer_m3,volume_m3,steps',
    v_steps
  ], E'\r\n');
  return v_draft;
end;
$$;
comment on function private.statement_draft(text, date) is
'What the month''s statement says now, with the part of its body that begins at device_id; without id, revision, reason, made_at, made_by and body_sha256. Stable, so all of it is one snapshot.';

revoke all on function private.csv_field(text) from public, anon, authenticated, service_role;
revoke all on function private.csv_volume(double precision) from public, anon, authenticated, service_role;
revoke all on function private.statement_steps(text, timestamptz, timestamptz)
from public, anon, authenticated, service_role;
revoke all on function private.statement_months(text, date) from public, anon, authenticated, service_role;
revoke all on function private.statement_follows(
  timestamptz, timestamptz, double precision, timestamptz, timestamptz, double precision
) from public, anon, authenticated, service_role;
revoke all on function private.statement_draft(text, date) from public, anon, authenticated, service_role;

grant execute on function private.statement_follows(
  timestamptz, timestamptz, double precision, timestamptz, timestamptz, double precision
) to authenticated, service_role;

notify pgrst, 'reload schema';
