/*
 * Archive and retention: a month that was archived is dropped as it was
 * archived, or not at all.
 *
 * All that decides is asked again under the lock that the drop needs, when
 * nobody can write any more. A month that was archived once keeps to that also
 * where no archive is required: else the archive would answer for readings that
 * were corrected later.
 *
 * Months leave oldest first. One that waits keeps the newer ones: what the
 * rollups know of the readings is one instant, from which on they are complete.
 * Months that were restored lie before it and leave by themselves.
 */
create function private.month_may_go(starts_at timestamptz, ends_at timestamptz)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select private.rollups_are_complete(month_may_go.starts_at, month_may_go.ends_at)
  and (
    private.is_archived(month_may_go.starts_at, month_may_go.ends_at)
    or not (
      exists (select from private.settings where settings.is_archive_required)
      or exists (
        select from private.flow_data_archives
        where flow_data_archives.month = (month_may_go.starts_at at time zone 'UTC')::date
        and flow_data_archives.row_hash is not null
      )
    )
  );
$$;
comment on function private.month_may_go(timestamptz, timestamptz) is
'Whether nothing is lost with the readings of this month: its rollups are complete and, where required or ever archived, it is archived as it stands. Definer: part of retention.';

create or replace function private.drop_flow_data_month(partition regclass)
returns void
language plpgsql
volatile
security definer
set search_path = ''
set lock_timeout = '100ms'
as $$
declare
  v_month record;
begin
  -- As drop table does: first the parent.
  lock table only public.flow_data in access exclusive mode;
  execute format('lock table only %s in access exclusive mode', drop_flow_data_month.partition);
  select months.* into strict v_month
  from private.flow_data_months() as months
  where months.partition = drop_flow_data_month.partition;
  -- An archiver that is about to note the month holds this row; one that comes
  -- later finds it gone and notes nothing.
  perform from private.flow_data_watches
  where flow_data_watches.month = (v_month.starts_at at time zone 'UTC')::date
  for update;
  if not private.month_may_go(v_month.starts_at, v_month.ends_at) then
    raise exception '% was changed just now', drop_flow_data_month.partition using errcode = 'lock_not_available';
  end if;

  update private.flow_data_archives
  set dropped_at = clock_timestamp()
  where flow_data_archives.month = (v_month.starts_at at time zone 'UTC')::date
  and flow_data_archives.row_hash is not null;
  delete from private.flow_data_watches
  where flow_data_watches.month = (v_month.starts_at at time zone 'UTC')::date;
  execute format('drop table %s', drop_flow_data_month.partition);
end;
$$;
comment on function private.drop_flow_data_month(regclass) is
'Drop one partition; 55P03 if its lock is not to be had at once, or if it may not go any more. Definer: part of retention.';

create or replace function private.note_dropped_months()
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_oldest timestamptz;
begin
  -- Not the months before: they were restored, or made for readings that came
  -- very late, and would hide that a newer one is gone.
  select min(months.starts_at) into v_oldest
  from private.flow_data_months() as months
  where months.ends_at > private.raw_complete_since();

  update private.rollup_state
  set
    raw_complete_since = case
      when v_oldest > rollup_state.oldest_month then greatest(rollup_state.raw_complete_since, v_oldest)
      else rollup_state.raw_complete_since
    end,
    oldest_month = v_oldest
  where rollup_state.oldest_month is distinct from v_oldest;
end;
$$;

create or replace function private.job_retention(as_of timestamptz)
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_settings private.settings;
  v_month record;
  v_due regclass[] := '{}'::regclass[];
  v_waiting integer := 0;
  v_is_held boolean := false;
  v_dropped integer := 0;
  v_overdue timestamptz;
begin
  select * into v_settings from private.settings;
  for v_month in
    select months.*, months.ends_at <= private.raw_complete_since() as is_apart
    from private.flow_data_months() as months
    where months.ends_at <= job_retention.as_of - v_settings.raw_retention
    and not exists (
      select from private.flow_data_archives
      where flow_data_archives.month = (months.starts_at at time zone 'UTC')::date
      and flow_data_archives.kept_until > job_retention.as_of
    )
    order by months.starts_at
  loop
    if private.month_may_go(v_month.starts_at, v_month.ends_at) and (v_month.is_apart or not v_is_held) then
      v_due := v_due || v_month.partition;
    else
      v_is_held := v_is_held or not v_month.is_apart;
      v_waiting := v_waiting + 1;
      v_overdue := coalesce(v_overdue, v_month.ends_at);
    end if;
  end loop;

  -- Behind every look-up: from the first drop on the lock is held to the end.
  for v_attempt in 1 .. 15 loop
    exit when v_dropped = cardinality(v_due);
    begin
      perform private.drop_flow_data_month(v_due[v_dropped + 1]);
      v_dropped := v_dropped + 1;
    exception
      when lock_not_available then
        perform pg_sleep(0.1 + random() * 0.2);
    end;
  end loop;

  if v_dropped > 0 then
    perform private.note_dropped_months();
  end if;

  -- Only where nothing was dropped, which an exception would undo.
  if v_dropped = 0 and v_overdue < job_retention.as_of - v_settings.raw_retention - interval '7 days' then
    raise exception 'the month before % is a week overdue: its rollups are not complete or it is not archived',
      to_char(v_overdue at time zone 'UTC', 'YYYY-MM-DD')
      using errcode = 'RTOVR';
  end if;
  return format(
    '%s months dropped, %s in use, %s wait for rollups or archive', v_dropped, cardinality(v_due) - v_dropped, v_waiting
  );
end;
$$;
comment on function private.job_retention(timestamptz) is
'Drop the months whose readings are all older than the raw retention, oldest first, if their rollups are complete and, where required or ever archived, they are archived as they stand. RTOVR: one could not be for a week. Definer: nobody else drops tables.';

revoke all on function private.month_may_go(timestamptz, timestamptz) from public, anon, authenticated, service_role;
