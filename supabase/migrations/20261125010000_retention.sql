/*
 * Retention: months of raw readings leave, rollups stay.
 *
 * A month goes whole: its partition is dropped, once everything in it is older
 * than the raw retention, its rollups are complete and, where an archive is
 * required, it was archived as it is now. What arrives late meanwhile marks its
 * hour, which marks the archive as outdated.
 *
 * Dropping a partition takes ACCESS EXCLUSIVE on flow_data. Whoever waits for
 * that lock makes all others wait behind them, so nobody waits for long: a
 * tenth of a second at a time, with pauses, and then at the next run. The files
 * go after the commit, when the lock is gone.
 */
create table private.flow_data_archives (
  month date not null,
  row_count bigint not null,
  sha256 text not null,
  location text not null,
  archived_at timestamptz not null default now(),
  constraint flow_data_archives_pkey primary key (month),
  constraint flow_data_archives_month_check check (extract(day from month) = 1),
  constraint flow_data_archives_row_count_check check (row_count >= 0),
  constraint flow_data_archives_sha256_check check (sha256 ~ '^[0-9a-f]{64}$')
);
comment on table private.flow_data_archives is 'Months of flow_data that were written to an archive and verified there.';
comment on column private.flow_data_archives.month is 'First day of the month (UTC).';
comment on column private.flow_data_archives.row_count is 'Readings in the archive.';
comment on column private.flow_data_archives.sha256 is 'Of the archive''s file.';
comment on column private.flow_data_archives.location is 'Where it lies, for people.';
comment on column private.flow_data_archives.archived_at is
'When the rows that were archived were read: what changed later is not in the archive.';

create function private.flow_data_months()
returns table (partition regclass, starts_at timestamptz, ends_at timestamptz)
language sql
stable
security definer
set search_path = ''
set timezone = 'UTC'
as $$
  select
    pg_inherits.inhrelid::regclass,
    to_date(right(pg_class.relname, 7), 'YYYY_MM')::timestamptz,
    to_date(right(pg_class.relname, 7), 'YYYY_MM') + interval '1 month'
  from pg_catalog.pg_inherits
  inner join pg_catalog.pg_class on pg_inherits.inhrelid = pg_class.oid
  where pg_inherits.inhparent = 'public.flow_data'::regclass
  order by 2;
$$;
comment on function private.flow_data_months() is
'The partitions of flow_data and the months they hold, oldest first. Definer: private is not for everybody to look into.';

create function private.is_archived(starts_at timestamptz, ends_at timestamptz)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (
    select from private.flow_data_archives
    where flow_data_archives.month = (is_archived.starts_at at time zone 'UTC')::date
    and not exists (
      select from public.flow_data_hourly
      where flow_data_hourly.hour >= is_archived.starts_at
      and flow_data_hourly.hour < is_archived.ends_at
      and (flow_data_hourly.is_stale or flow_data_hourly.refreshed_at > flow_data_archives.archived_at)
    )
  );
$$;
comment on function private.is_archived(timestamptz, timestamptz) is
'Whether this month of flow_data is archived as it stands: no hour of it was changed since. Definer: part of retention.';

create function private.mark_archived(
  month date, row_count bigint, sha256 text, location text, archived_at timestamptz
)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
set timezone = 'UTC'
as $$
declare
  v_rows bigint;
begin
  select count(*) into v_rows
  from public.flow_data
  where flow_data.created_at >= date_trunc('month', mark_archived.month::timestamptz)
  and flow_data.created_at < date_trunc('month', mark_archived.month::timestamptz) + interval '1 month';
  if v_rows <> mark_archived.row_count then
    return false;
  end if;

  insert into private.flow_data_archives as known (month, row_count, sha256, location, archived_at)
  values (
    date_trunc('month', mark_archived.month)::date, mark_archived.row_count, mark_archived.sha256,
    mark_archived.location, least(mark_archived.archived_at, clock_timestamp())
  )
  on conflict on constraint flow_data_archives_pkey do update set
    row_count = excluded.row_count,
    sha256 = excluded.sha256,
    location = excluded.location,
    archived_at = excluded.archived_at;
  return true;
end;
$$;
comment on function private.mark_archived(date, bigint, text, text, timestamptz) is
'public.mark_archived. Definer: nobody else writes flow_data_archives.';

create function public.mark_archived(
  month date, row_count bigint, sha256 text, location text, archived_at timestamptz
)
returns boolean
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.mark_archived(month, row_count, sha256, location, archived_at);
$$;
comment on function public.mark_archived(date, bigint, text, text, timestamptz) is
'Say that a month of flow_data lies verified in an archive, as read at archived_at; false, and nothing said, if it has another number of rows now. 23514: sha256 is not 64 hexadecimal digits.';

create function private.drop_flow_data_month(partition regclass)
returns void
language plpgsql
volatile
security definer
set search_path = ''
set lock_timeout = '100ms'
as $$
begin
  execute format('drop table %s', drop_flow_data_month.partition);
end;
$$;
comment on function private.drop_flow_data_month(regclass) is
'Drop one partition; 55P03 if its lock is not to be had at once. Definer: part of retention.';

create function private.job_retention(as_of timestamptz)
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_settings private.settings;
  v_month record;
  v_due regclass[] := '{}';
  v_waiting integer := 0;
  v_dropped integer := 0;
  v_overdue timestamptz;
begin
  select * into v_settings from private.settings;
  for v_month in
    select months.*
    from private.flow_data_months() as months
    where months.ends_at <= job_retention.as_of - v_settings.raw_retention
  loop
    if private.rollups_are_complete(v_month.starts_at, v_month.ends_at)
      and (not v_settings.is_archive_required or private.is_archived(v_month.starts_at, v_month.ends_at))
    then
      v_due := v_due || v_month.partition;
    else
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
'Drop the months whose readings are all older than the raw retention, if their rollups are complete and, where required, they are archived. RTOVR: one could not be for a week. Definer: nobody else drops tables.';

insert into private.jobs (name, schedule, max_silence) values ('retention', '40 * * * *', interval '26 hours');

select private.register_jobs();

alter table private.flow_data_archives enable row level security;

revoke all on table private.flow_data_archives from public, anon, authenticated, service_role;
revoke all on function public.mark_archived(date, bigint, text, text, timestamptz)
from public, anon, authenticated, service_role;

grant execute on function private.mark_archived(date, bigint, text, text, timestamptz) to service_role;
grant execute on function public.mark_archived(date, bigint, text, text, timestamptz) to service_role;

notify pgrst, 'reload schema';
