/*
 * Statement revisions: issue a month, correct it with a reason, see whether it was touched.
 *
 * One at a time for a device, by an advisory lock: two who issue a month at
 * once get one statement, and none is written beside the one it has to follow.
 */
create function private.statement_counts_alike(one public.statements, other public.statements)
returns boolean
language sql
immutable
security invoker
set search_path = ''
as $$
  select (one.starts_at, one.ends_at, one.received, one.bad, one.resets, one.rollovers)
    is not distinct from (other.starts_at, other.ends_at, other.received, other.bad, other.resets, other.rollovers)
    and (one.volume is null) = (other.volume is null)
    -- Sums of the same steps in another order differ in their last digits.
    and coalesce(abs(one.volume - other.volume) < 0.0005, true);
$$;
comment on function private.statement_counts_alike(public.statements, public.statements) is
'Whether two statements of a month tell the same bounds, readings, resets, rollovers and, to 0.0005 m3, volume.';

create function private.write_statement(device_id text, month date, reason text)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_draft public.statements;
  v_known public.statements;
  v_ends_at timestamptz;
begin
  -- The role that asks, not the one that owns this function. Without any it is a DBA at the database itself.
  if current_setting('role') not in ('service_role', 'none', current_user) then
    if write_statement.device_id is null
      or write_statement.device_id <> all (array(select private.member_device_ids())) then
      raise exception 'unknown device: %', write_statement.device_id using errcode = 'UNKDV';
    end if;
    if not private.has_role('operator') then
      raise exception 'statements are for operators and admins' using errcode = 'insufficient_privilege';
    end if;
  end if;

  if coalesce(extract(day from write_statement.month), 0) <> 1 or not isfinite(write_statement.month) then
    raise exception 'no month: %', write_statement.month
      using errcode = 'invalid_parameter_value', hint = 'Its first day, such as 2026-10-01.';
  end if;
  if write_statement.reason !~ '\S' or char_length(write_statement.reason) > 2000 then
    raise exception 'no reason'
      using errcode = 'invalid_parameter_value', hint = 'Up to 2,000 characters that say what was wrong.';
  end if;

  perform pg_advisory_xact_lock(hashtextextended('public.statements ' || write_statement.device_id, 0));

  select counted.ends_at
  into v_ends_at
  from private.statement_months(write_statement.device_id, write_statement.month) as counted;
  if not found then
    raise exception 'unknown device: %', write_statement.device_id using errcode = 'UNKDV';
  end if;
  if v_ends_at > now() then
    raise exception 'the month ends at %', v_ends_at
      using errcode = 'STOPN', hint = 'Ask again when it has ended.';
  end if;

  select statements.*
  into v_known
  from public.statements
  where statements.device_id = write_statement.device_id
  and statements.month = write_statement.month
  order by statements.revision desc
  limit 1;
  if v_known.id is not null and write_statement.reason is null then
    return v_known.revision;
  end if;
  if v_known.id is null and write_statement.reason is not null then
    raise exception 'there is no statement of % for %', write_statement.device_id, write_statement.month
      using errcode = 'UNKST', hint = 'Issue it first.';
  end if;

  v_draft := private.statement_draft(write_statement.device_id, write_statement.month);
  -- Readings that are gone by now change the hash, but not what was counted.
  if v_draft.follows = v_known.follows and (
    v_draft.inputs_sha256 = v_known.inputs_sha256
    or v_draft.inputs <> 'readings' and private.statement_counts_alike(v_draft, v_known)
  ) then
    raise exception 'the statement would say the same again: revision %', v_known.revision
      using errcode = 'STSAM', hint = 'Only what has changed can be corrected.';
  end if;

  v_draft.id := gen_random_uuid();
  v_draft.revision := coalesce(v_known.revision, 0) + 1;
  v_draft.reason := write_statement.reason;
  v_draft.made_at := now();
  v_draft.made_by := auth.uid();
  v_draft.body := array_to_string(array[
    'statement,FluxIO 1',
    'revision,' || v_draft.revision,
    'reason,' || private.csv_field(v_draft.reason),
    'made_at,' || private.statement_time(v_draft.made_at),
    v_draft.body
  ], E'\r\n');
  v_draft.body_sha256 := encode(sha256(convert_to(v_draft.body, 'UTF8')), 'hex');
  insert into public.statements
  select v_draft.*;
  return v_draft.revision;
end;
$$;
comment on function private.write_statement(text, date, text) is
'Write a month''s first statement (no reason) or its next revision (a reason); answers its revision. Definer: nobody may write statements otherwise, so it asks itself who calls: an operator or admin of the device''s organization, service_role or a DBA.';

create function public.issue_statement(device_id text, month date)
returns integer
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.write_statement(issue_statement.device_id, issue_statement.month, null);
$$;
comment on function public.issue_statement(text, date) is
'Make the statement of a device for the month that begins on this day; answers the revision that counts, and writes nothing where there is one. For operators and admins (else 42501), service_role, a DBA. STOPN: the month has not ended where the device is. UNKDV: no such device. 22023: not the first of a month.';

create function public.correct_statement(device_id text, month date, reason text)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if correct_statement.reason is null then
    raise exception 'no reason'
      using errcode = 'invalid_parameter_value', hint = 'Up to 2,000 characters that say what was wrong.';
  end if;
  return private.write_statement(correct_statement.device_id, correct_statement.month, correct_statement.reason);
end;
$$;
comment on function public.correct_statement(text, date, text) is
'Make the next revision of a month''s statement from what is known now; answers its number. The one before stays. STSAM: nothing it is computed from has changed. UNKST: there is none to correct. 22023: no reason. Else as issue_statement.';

create function public.get_statements(device_id text)
returns table (
  month date,
  revision integer,
  reason text,
  made_at timestamptz,
  made_by uuid,
  time_zone text,
  day_start time,
  starts_at timestamptz,
  ends_at timestamptz,
  follows text,
  opening_at timestamptz,
  opening_totalizer double precision,
  closing_at timestamptz,
  closing_totalizer double precision,
  volume double precision,
  resets bigint,
  rollovers bigint,
  expected bigint,
  received bigint,
  bad bigint,
  inputs text,
  inputs_sha256 text,
  body_sha256 text,
  is_touched boolean
)
language sql
stable
security invoker
set search_path = ''
as $$
  select
    stated.month, stated.revision, stated.reason, stated.made_at, stated.made_by, stated.time_zone, stated.day_start,
    stated.starts_at, stated.ends_at, stated.follows, stated.opening_at, stated.opening_totalizer, stated.closing_at,
    stated.closing_totalizer, stated.volume, stated.resets, stated.rollovers, stated.expected, stated.received,
    stated.bad, stated.inputs, stated.inputs_sha256, stated.body_sha256,
    -- Counted for those only that count: it is the costly part.
    case when newest.id is not null then
      stated.follows <> private.statement_follows(
        newest.before_ends_at, newest.before_closing_at, newest.before_closing_totalizer,
        stated.starts_at, stated.opening_at, stated.opening_totalizer
      )
      or (
        select
          (min(daily.starts_at), max(daily.ends_at), sum(daily.received_points), sum(daily.bad_points),
            sum(daily.resets), sum(daily.rollovers))
          is distinct from
          (stated.starts_at, stated.ends_at, stated.received, stated.bad, stated.resets, stated.rollovers)
          or (sum(daily.total_volume) is null) <> (stated.volume is null)
          -- Sums of the same steps in another order differ in their last digits.
          or coalesce(abs(sum(daily.total_volume) - stated.volume) >= 0.0005, false)
        from public.get_daily_flow(
          stated.device_id, stated.month, (stated.month + interval '1 month')::date - 1
        ) as daily
      )
    end
  from public.statements as stated
  left join (
    select
      counting.id,
      lag(counting.ends_at) over months as before_ends_at,
      lag(counting.closing_at) over months as before_closing_at,
      lag(counting.closing_totalizer) over months as before_closing_totalizer
    from (
      select distinct on (statements.month)
        statements.id, statements.month, statements.ends_at, statements.closing_at, statements.closing_totalizer
      from public.statements
      where statements.device_id = get_statements.device_id
      order by statements.month, statements.revision desc
    ) as counting
    window months as (order by counting.month)
  ) as newest on newest.id = stated.id
  where stated.device_id = get_statements.device_id
  order by stated.month desc, stated.revision desc;
$$;
comment on function public.get_statements(text) is
'The statements of a device that the caller may see, newest month first and in it the newest revision; without their bodies. is_touched of a month''s last revision: whether the month would be counted otherwise now (late readings, other settings) or joins the one before otherwise (that one was corrected or issued since); null for revisions that do not count any more.';

revoke all on function private.statement_counts_alike(public.statements, public.statements)
from public, anon, authenticated, service_role;
revoke all on function private.write_statement(text, date, text) from public, anon, authenticated, service_role;
revoke all on function public.issue_statement(text, date) from public, anon, authenticated, service_role;
revoke all on function public.correct_statement(text, date, text) from public, anon, authenticated, service_role;
revoke all on function public.get_statements(text) from public, anon, authenticated, service_role;

grant execute on function private.write_statement(text, date, text) to authenticated, service_role;
grant execute on function public.issue_statement(text, date) to authenticated, service_role;
grant execute on function public.correct_statement(text, date, text) to authenticated, service_role;
grant execute on function public.get_statements(text) to authenticated, service_role;

notify pgrst, 'reload schema';
