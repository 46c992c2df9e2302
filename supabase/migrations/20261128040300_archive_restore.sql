/*
 * Restore: an archived month is put back.
 *
 * Its readings go into the partition itself, where flow_data's triggers do not
 * see them: nobody is paged, no rollup is counted twice. Until the end the month
 * counts as dropped, so that readers ask the archive for what is not here yet;
 * then all of it is compared with what was noted when it was archived.
 */
create function private.restore_readings(month date, lines text, row_hash text)
returns integer
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
    select from private.flow_data_archives
    where flow_data_archives.month = restore_readings.month
    and flow_data_archives.dropped_at is not null
  ) then
    raise exception '% was not dropped', restore_readings.month using errcode = 'ARCHR';
  end if;
  perform private.create_flow_data_month(restore_readings.month::timestamp);

  execute format(
    $insert$
      insert into private.%I (
        device_id, created_at, received_at, flow_rate, totalizer, temperature, pressure, level, velocity,
        battery_level, signal_strength, quality, flags, metadata
      )
      select
        line ->> 0,
        timestamptz 'epoch' + (line ->> 1)::bigint * interval '1 microsecond',
        timestamptz 'epoch' + (line ->> 2)::bigint * interval '1 microsecond',
        (line ->> 3)::double precision, (line ->> 4)::double precision, (line ->> 5)::double precision,
        (line ->> 6)::double precision, (line ->> 7)::double precision, (line ->> 8)::double precision,
        (line ->> 9)::integer, (line ->> 10)::integer, line ->> 11,
        array(select json_array_elements_text((line ->> 12)::json)), (line ->> 13)::jsonb
      from (select unnest(string_to_array($1, e'\n'))::json as line) as archived
      order by 1, 2
      on conflict do nothing
    $insert$,
    to_char(restore_readings.month, '"flow_data_"YYYY_MM')
  ) using restore_readings.lines;

  select
    count(*),
    private.readings_hash(
      count(*),
      sum(('x' || encode(substr(stored.hash, 1, 8), 'hex'))::bit(64)::bigint),
      sum(('x' || encode(substr(stored.hash, 9, 8), 'hex'))::bit(64)::bigint)
    )
  into v_count, v_hash
  from (
    select sha256(convert_to(private.reading_text(flow_data), 'UTF8')) as hash
    from (select unnest(string_to_array(restore_readings.lines, e'\n'))::json as line) as archived
    inner join public.flow_data
      on flow_data.device_id = archived.line ->> 0
      and flow_data.created_at = timestamptz 'epoch' + (archived.line ->> 1)::bigint * interval '1 microsecond'
    where flow_data.created_at >= restore_readings.month::timestamptz
    and flow_data.created_at < restore_readings.month::timestamptz + interval '1 month'
    offset 0
  ) as stored;
  if v_hash is distinct from restore_readings.row_hash then
    raise exception 'readings of % are here that are not as they were archived', restore_readings.month
      using errcode = 'ARCNE';
  end if;
  return v_count;
end;
$$;
comment on function private.restore_readings(date, text, text) is 'public.restore_readings. Definer: part of the archive.';

create function public.restore_readings(month date, lines text, row_hash text)
returns integer
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.restore_readings(month, lines, row_hash);
$$;
comment on function public.restore_readings(date, text, text) is
'Put readings of an archive back; again is harmless. How many. Lines are as of read_archive_page, but with floats as JSON numbers; row_hash (private.readings_hash) is of these readings. ARCHR: the month was not dropped. ARCNE: one is here with other values, or is not what the hash says.';

create function private.finish_restore(month date, as_of timestamptz, keep_days integer)
returns text
language plpgsql
volatile
security definer
set search_path = ''
set timezone = 'UTC'
as $$
declare
  v_archive private.flow_data_archives;
  v_count bigint;
  v_hash text;
begin
  select * into v_archive
  from private.flow_data_archives
  where flow_data_archives.month = finish_restore.month
  and flow_data_archives.dropped_at is not null
  for update;
  if not found then
    raise exception '% was not dropped', finish_restore.month using errcode = 'ARCHR';
  end if;

  if not private.sum_month(finish_restore.month, finish_restore.as_of) then
    return null;
  end if;
  select
    coalesce(sum(sums.row_count), 0)::bigint,
    private.readings_hash(coalesce(sum(sums.row_count), 0)::bigint, sum(sums.sum_1), sum(sums.sum_2))
  into v_count, v_hash
  from private.flow_data_sums as sums
  where sums.month = finish_restore.month;
  delete from private.flow_data_sums where flow_data_sums.month = finish_restore.month;
  if v_count <= v_archive.row_count and v_hash is distinct from v_archive.row_hash then
    raise exception '% has % readings, its archive %, or they differ', finish_restore.month, v_count, v_archive.row_count
      using errcode = 'ARCNE';
  end if;

  -- Archived already, if it is what the archive holds and stays so.
  update private.flow_data_archives
  set
    dropped_at = null,
    restored_at = clock_timestamp(),
    kept_until = clock_timestamp() + finish_restore.keep_days * interval '1 day',
    archived_at = case when v_hash = v_archive.row_hash then finish_restore.as_of else v_archive.archived_at end
  where flow_data_archives.month = finish_restore.month;
  return case when v_hash = v_archive.row_hash then 'restored' else 'due' end;
end;
$$;
comment on function private.finish_restore(date, timestamptz, integer) is 'public.finish_restore. Definer: part of the archive.';

create function public.finish_restore(month date, as_of timestamptz, keep_days integer)
returns text
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.finish_restore(month, as_of, keep_days);
$$;
comment on function public.finish_restore(date, timestamptz, integer) is
'Say that a month, begun as_of (begin_archive) when all of it was there, is back, and compare it with its archive; retention leaves it for so many days. Null: not all is added up yet, call again. restored, or due if it has readings besides, which have to be archived before it is dropped. ARCHR: it was not dropped. ARCNE: it is not complete.';

revoke all on function private.restore_readings(date, text, text) from public, anon, authenticated, service_role;
revoke all on function public.restore_readings(date, text, text) from public, anon, authenticated, service_role;
revoke all on function private.finish_restore(date, timestamptz, integer) from public, anon, authenticated, service_role;
revoke all on function public.finish_restore(date, timestamptz, integer) from public, anon, authenticated, service_role;

grant execute on function private.restore_readings(date, text, text) to service_role;
grant execute on function public.restore_readings(date, text, text) to service_role;
grant execute on function private.finish_restore(date, timestamptz, integer) to service_role;
grant execute on function public.finish_restore(date, timestamptz, integer) to service_role;

notify pgrst, 'reload schema';
