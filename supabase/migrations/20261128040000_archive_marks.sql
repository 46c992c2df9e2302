/*
 * Archive marks: a month counts as archived while it is what was archived.
 *
 * An archiver begins, reads the month page by page, writes a file, reads that
 * back and says how many readings it found and what they add up to. The
 * database counts and adds up its own, some seconds' worth a call since a
 * request may not take longer, and notes the archive only if both agree and
 * nothing was written meanwhile.
 *
 * Whether something was written is told by a row trigger on the month's
 * partition, made when the archiver begins: months that nobody archived have
 * none, and the months that gateways write to are not archived. Making it, and
 * beginning anew, takes SHARE ROW EXCLUSIVE on the partition, which no open
 * write survives: what came before is read, what comes later is noted.
 *
 * Marks that were made before this migration know no hash. They count as none:
 * such a month is archived anew.
 */
alter table private.settings
add column archive_after interval not null default interval '7 days',
add constraint settings_archive_after_check check (archive_after >= interval '0');
comment on column private.settings.archive_after is
'How long after its end a month is archived; what comes later has it archived again.';

alter table private.flow_data_archives
add column row_hash text,
add column dropped_at timestamptz,
add column restored_at timestamptz,
add column kept_until timestamptz,
add constraint flow_data_archives_row_hash_check check (row_hash ~ '^[0-9a-f]{64}$');
comment on column private.flow_data_archives.location is 'Name of the file in the archive.';
comment on column private.flow_data_archives.archived_at is
'When its reading began (flow_data_watches.as_of): what changed later is not in the archive.';
comment on column private.flow_data_archives.row_hash is
'What the readings add up to (private.readings_hash); null: noted before there was one, which counts as no archive.';
comment on column private.flow_data_archives.dropped_at is
'When retention dropped the month, whose readings are in the archive alone since then; null while they are here.';
comment on column private.flow_data_archives.restored_at is 'When the month was put back; null if it never was.';
comment on column private.flow_data_archives.kept_until is 'Until then retention leaves a restored month alone.';

create table private.flow_data_archive_devices (
  month date not null,
  device_id text not null,
  row_count bigint not null,
  constraint flow_data_archive_devices_pkey primary key (month, device_id),
  constraint flow_data_archive_devices_month_fkey foreign key (month)
  references private.flow_data_archives (month) on delete cascade,
  constraint flow_data_archive_devices_row_count_check check (row_count > 0)
);
comment on table private.flow_data_archive_devices is 'Whose readings an archived month holds.';
comment on column private.flow_data_archive_devices.month is 'First day of the month (UTC).';
comment on column private.flow_data_archive_devices.device_id is 'devices.device_id, without a foreign key, as in flow_data.';
comment on column private.flow_data_archive_devices.row_count is 'The device''s readings in the archive.';

create table private.flow_data_watches (
  month date not null,
  as_of timestamptz not null,
  changed_at timestamptz,
  constraint flow_data_watches_pkey primary key (month)
);
comment on table private.flow_data_watches is 'Months of flow_data of which every change is noted, since somebody archives them.';
comment on column private.flow_data_watches.month is 'First day of the month (UTC).';
comment on column private.flow_data_watches.as_of is 'Since when.';
comment on column private.flow_data_watches.changed_at is 'The first change since; null if there was none.';

create table private.flow_data_sums (
  month date not null,
  device_id text not null,
  as_of timestamptz not null,
  newest timestamptz not null,
  row_count bigint not null,
  sum_1 numeric not null,
  sum_2 numeric not null,
  constraint flow_data_sums_pkey primary key (month, device_id)
);
comment on table private.flow_data_sums is 'What the readings of a month that is being archived add up to, as far as they are added up; empty otherwise.';
comment on column private.flow_data_sums.month is 'First day of the month (UTC).';
comment on column private.flow_data_sums.device_id is 'devices.device_id, without a foreign key. The last one may not be done.';
comment on column private.flow_data_sums.as_of is 'flow_data_watches.as_of: sums of another beginning are void.';
comment on column private.flow_data_sums.newest is 'The device''s newest reading that is added up.';
comment on column private.flow_data_sums.sum_1 is '[1] Sum of the first eight bytes of each hash; private.readings_hash.';
comment on column private.flow_data_sums.sum_2 is '[1] Sum of the second eight.';

create function private.tg_flow_data__note_change()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_changed_at timestamptz;
begin
  -- The lock, and not a condition, so that whoever reads an older snapshot
  -- fails (40001) instead of seeing an old change.
  select flow_data_watches.changed_at into v_changed_at
  from private.flow_data_watches
  where flow_data_watches.month = tg_argv[0]::date
  for no key update;
  if found and v_changed_at is null then
    update private.flow_data_watches
    set changed_at = clock_timestamp()
    where flow_data_watches.month = tg_argv[0]::date;
  end if;
  return null;
end;
$$;
comment on function private.tg_flow_data__note_change() is
'After a reading of an archived month was added, changed or removed: note it. Its argument is the month. Definer: nobody else writes flow_data_watches.';

create function private.reading_text(reading public.flow_data)
returns text
language sql
stable
security invoker
set search_path = ''
as $$
  select json_build_array(
    reading.device_id,
    (extract(epoch from reading.created_at) * 1000000)::bigint,
    (extract(epoch from reading.received_at) * 1000000)::bigint,
    encode(float8send(reading.flow_rate), 'hex'),
    encode(float8send(reading.totalizer), 'hex'),
    encode(float8send(reading.temperature), 'hex'),
    encode(float8send(reading.pressure), 'hex'),
    encode(float8send(reading.level), 'hex'),
    encode(float8send(reading.velocity), 'hex'),
    reading.battery_level,
    reading.signal_strength,
    reading.quality,
    to_json(reading.flags)::text,
    reading.metadata::text
  )::text;
$$;
comment on function private.reading_text(public.flow_data) is
'A reading as one line of JSON that says all of it: times in microseconds since 1970, floats by the bytes of their IEEE 754 form [hexadecimal], flags and metadata as JSON text. The API makes the same line of an archived reading; never change it.';

create function private.readings_hash(row_count bigint, sum_1 numeric, sum_2 numeric)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select encode(sha256(convert_to(
    concat_ws(' ', readings_hash.row_count, coalesce(readings_hash.sum_1, 0), coalesce(readings_hash.sum_2, 0)), 'UTF8'
  )), 'hex');
$$;
comment on function private.readings_hash(bigint, numeric, numeric) is
'SHA-256 of what readings add up to in any order: their number, and the sums of the first and second eight bytes (signed) of the SHA-256 of each line (private.reading_text).';

create function private.sum_month(month date, as_of timestamptz)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
set timezone = 'UTC'
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
  v_until constant timestamptz := clock_timestamp() + interval '2 seconds';
  v_device_id text;
  v_newest timestamptz;
begin
  -- One at a time, or a page would be added up twice.
  perform pg_advisory_xact_lock(hashtextextended('private.sum_month ' || sum_month.month, 0));
  delete from private.flow_data_sums
  where flow_data_sums.month = sum_month.month
  and flow_data_sums.as_of <> sum_month.as_of;

  while clock_timestamp() < v_until loop
    select sums.device_id, sums.newest into v_device_id, v_newest
    from private.flow_data_sums as sums
    where sums.month = sum_month.month
    order by sums.device_id desc
    limit 1;

    insert into private.flow_data_sums as sums (month, device_id, as_of, newest, row_count, sum_1, sum_2)
    select
      sum_month.month,
      page.device_id,
      sum_month.as_of,
      max(page.created_at),
      count(*),
      sum(('x' || encode(substr(page.hash, 1, 8), 'hex'))::bit(64)::bigint),
      sum(('x' || encode(substr(page.hash, 9, 8), 'hex'))::bit(64)::bigint)
    from (
      select
        flow_data.device_id, flow_data.created_at, sha256(convert_to(private.reading_text(flow_data), 'UTF8')) as hash
      from public.flow_data
      where flow_data.created_at >= sum_month.month::timestamptz
      and flow_data.created_at < sum_month.month::timestamptz + interval '1 month'
      and (flow_data.device_id, flow_data.created_at) > (coalesce(v_device_id, ''), coalesce(v_newest, '-infinity'))
      order by flow_data.device_id, flow_data.created_at
      limit 10000
    ) as page
    group by page.device_id
    on conflict on constraint flow_data_sums_pkey do update set
      newest = excluded.newest,
      row_count = sums.row_count + excluded.row_count,
      sum_1 = sums.sum_1 + excluded.sum_1,
      sum_2 = sums.sum_2 + excluded.sum_2;
    if not found then
      return true;
    end if;
  end loop;
  return false;
end;
$$;
comment on function private.sum_month(date, timestamptz) is
'Add up more of the readings of a month begun as_of, for some two seconds; whether all are. It walks the month''s own index, so that it meets readings of devices that nobody knows too. Definer: it looks at every organization.';

create or replace function private.is_archived(starts_at timestamptz, ends_at timestamptz)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (
    select from private.flow_data_archives
    inner join private.flow_data_watches on flow_data_archives.month = flow_data_watches.month
    where flow_data_archives.month = (is_archived.starts_at at time zone 'UTC')::date
    and flow_data_archives.row_hash is not null
    and flow_data_archives.dropped_at is null
    and flow_data_archives.archived_at = flow_data_watches.as_of
    and flow_data_watches.changed_at is null
    and is_archived.ends_at > is_archived.starts_at
  );
$$;
comment on function private.is_archived(timestamptz, timestamptz) is
'Whether this month of flow_data is here and archived as it stands: nothing of it was changed since. Definer: part of retention.';

create function private.watch_month(month date)
returns timestamptz
language plpgsql
volatile
security definer
set search_path = ''
set timezone = 'UTC'
-- Whoever waits for this lock has every gateway that writes there wait behind.
set lock_timeout = '200ms'
as $$
declare
  v_partition regclass;
  v_as_of timestamptz;
begin
  select months.partition into v_partition
  from private.flow_data_months() as months
  where months.starts_at = watch_month.month::timestamptz
  and months.ends_at <= clock_timestamp();
  if not found then
    raise exception '% is no month of flow_data that is over', watch_month.month using errcode = 'UNKMO';
  end if;

  begin
    execute format('lock table only %s in share row exclusive mode', v_partition);
  exception
    when lock_not_available then
      return null;
  end;
  if not exists (
    select from pg_catalog.pg_trigger
    where pg_trigger.tgrelid = v_partition and pg_trigger.tgname = 'note_change_trigger'
  ) then
    execute format(
      'create trigger note_change_trigger after insert or update or delete on %s
      for each row execute function private.tg_flow_data__note_change(%L)', v_partition, watch_month.month
    );
  end if;
  insert into private.flow_data_watches as known (month, as_of)
  values (watch_month.month, clock_timestamp())
  on conflict on constraint flow_data_watches_pkey do update set as_of = excluded.as_of, changed_at = null
  returning known.as_of into v_as_of;
  return v_as_of;
end;
$$;
comment on function private.watch_month(date) is
'Note every change of this month from now on. UNKMO: no such month, or it is not over. Null: somebody writes there, try again. To be committed at once: its lock shuts gateways out. Definer: part of the archive.';

create function public.begin_archive(month date)
returns timestamptz
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.watch_month(month);
$$;
comment on function public.begin_archive(date) is
'Begin to archive the month with this first day (UTC); the as_of that mark_archived wants. UNKMO: no such month, or it is not over. Null: somebody writes there, try again.';

drop function public.mark_archived(date, bigint, text, text, timestamptz);
drop function private.mark_archived(date, bigint, text, text, timestamptz);

create function private.mark_archived(
  month date, as_of timestamptz, row_count bigint, row_hash text, sha256 text, location text
)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
set timezone = 'UTC'
as $$
declare
  v_count bigint;
  v_hash text;
begin
  if not exists (
    select from private.flow_data_watches
    where flow_data_watches.month = mark_archived.month
    and flow_data_watches.as_of = mark_archived.as_of
    and flow_data_watches.changed_at is null
  ) then
    return false;
  end if;
  if not private.sum_month(mark_archived.month, mark_archived.as_of) then
    return null;
  end if;

  -- Behind the sums: whoever writes meanwhile holds this row until the end.
  perform from private.flow_data_watches
  where flow_data_watches.month = mark_archived.month
  and flow_data_watches.as_of = mark_archived.as_of
  and flow_data_watches.changed_at is null
  for update;
  if not found then
    return false;
  end if;
  select
    coalesce(sum(sums.row_count), 0)::bigint,
    private.readings_hash(coalesce(sum(sums.row_count), 0)::bigint, sum(sums.sum_1), sum(sums.sum_2))
  into v_count, v_hash
  from private.flow_data_sums as sums
  where sums.month = mark_archived.month;
  if v_count <> mark_archived.row_count or v_hash is distinct from mark_archived.row_hash then
    raise exception 'the archive of % has % readings with hash %, the database % with %',
      mark_archived.month, mark_archived.row_count, mark_archived.row_hash, v_count, v_hash
      using errcode = 'ARCNE';
  end if;
  if exists (
    select from private.flow_data_archives
    where flow_data_archives.month = mark_archived.month
    and flow_data_archives.dropped_at is not null
  ) then
    raise exception 'readings of % are in its archive alone', mark_archived.month using errcode = 'ARCDR';
  end if;

  insert into private.flow_data_archives as known (month, row_count, row_hash, sha256, location, archived_at)
  values (
    mark_archived.month, v_count, v_hash, mark_archived.sha256, mark_archived.location, mark_archived.as_of
  )
  on conflict on constraint flow_data_archives_pkey do update set
    row_count = excluded.row_count,
    row_hash = excluded.row_hash,
    sha256 = excluded.sha256,
    location = excluded.location,
    archived_at = excluded.archived_at;
  delete from private.flow_data_archive_devices where flow_data_archive_devices.month = mark_archived.month;
  insert into private.flow_data_archive_devices (month, device_id, row_count)
  select sums.month, sums.device_id, sums.row_count
  from private.flow_data_sums as sums
  where sums.month = mark_archived.month;
  delete from private.flow_data_sums where flow_data_sums.month = mark_archived.month;
  return true;
end;
$$;
comment on function private.mark_archived(date, timestamptz, bigint, text, text, text) is
'public.mark_archived. Definer: nobody else writes flow_data_archives.';

create function public.mark_archived(
  month date, as_of timestamptz, row_count bigint, row_hash text, sha256 text, location text
)
returns boolean
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.mark_archived(month, as_of, row_count, row_hash, sha256, location);
$$;
comment on function public.mark_archived(date, timestamptz, bigint, text, text, text) is
'Note that the month begun as_of (begin_archive) lies verified in the archive; null: not all is added up yet, call again; false, and nothing noted: it was changed or begun again meanwhile. row_count and row_hash (private.readings_hash) are of the readings read back, sha256 of the file, location its name. ARCNE: the database has other readings. ARCDR: the month was dropped, restore it first. 23514: a hash is not 64 hexadecimal digits.';

alter table private.flow_data_archive_devices enable row level security;
alter table private.flow_data_watches enable row level security;
alter table private.flow_data_sums enable row level security;

revoke all on table private.flow_data_archive_devices from public, anon, authenticated, service_role;
revoke all on table private.flow_data_watches from public, anon, authenticated, service_role;
revoke all on table private.flow_data_sums from public, anon, authenticated, service_role;
revoke all on function private.tg_flow_data__note_change() from public, anon, authenticated, service_role;
revoke all on function private.reading_text(public.flow_data) from public, anon, authenticated, service_role;
revoke all on function private.readings_hash(bigint, numeric, numeric) from public, anon, authenticated, service_role;
revoke all on function private.sum_month(date, timestamptz) from public, anon, authenticated, service_role;
revoke all on function private.watch_month(date) from public, anon, authenticated, service_role;
revoke all on function public.begin_archive(date) from public, anon, authenticated, service_role;
revoke all on function private.mark_archived(date, timestamptz, bigint, text, text, text)
from public, anon, authenticated, service_role;
revoke all on function public.mark_archived(date, timestamptz, bigint, text, text, text)
from public, anon, authenticated, service_role;

grant execute on function private.watch_month(date) to service_role;
grant execute on function public.begin_archive(date) to service_role;
grant execute on function private.mark_archived(date, timestamptz, bigint, text, text, text) to service_role;
grant execute on function public.mark_archived(date, timestamptz, bigint, text, text, text) to service_role;

notify pgrst, 'reload schema';
