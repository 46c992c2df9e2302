/*
 * Archive pages: what the archiver reads.
 *
 * In the order of the file: day by day, in a day by device and time. So a file
 * gives the newest of all devices without reading all of a month, and the
 * readings of one device without reading all of a day.
 */
create function private.read_archive_page(
  day date, after_device_id text, after_created_at bigint, max_rows integer
)
returns text
language plpgsql
stable
security definer
set search_path = ''
set timezone = 'UTC'
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_after constant timestamptz := timestamptz 'epoch' + coalesce(after_created_at, 0) * interval '1 microsecond';
  v_page text;
begin
  select string_agg(page.line, e'\n' order by page.device_id, page.created_at)
  into v_page
  from (
    select devices.device_id, stored.created_at, private.reading_text(stored.reading) as line
    from public.devices
    cross join lateral (
      select flow_data as reading, flow_data.created_at
      from public.flow_data
      where flow_data.device_id = devices.device_id
      and flow_data.created_at >= read_archive_page.day::timestamptz
      and flow_data.created_at < read_archive_page.day::timestamptz + interval '1 day'
      and (devices.device_id <> coalesce(after_device_id, '') or flow_data.created_at > v_after)
      order by flow_data.created_at
    ) as stored
    where devices.device_id >= coalesce(after_device_id, '')
    order by devices.device_id, stored.created_at
    limit least(read_archive_page.max_rows, 20000)
  ) as page;
  return coalesce(v_page, '');
end;
$$;
comment on function private.read_archive_page(date, text, bigint, integer) is
'public.read_archive_page. Definer: part of the archive.';

create function public.read_archive_page(
  day date, after_device_id text default null, after_created_at bigint default null, max_rows integer default 5000
)
returns text
language sql
stable
security invoker
set search_path = ''
as $$
  select private.read_archive_page(day, after_device_id, after_created_at, max_rows);
$$;
comment on function public.read_archive_page(date, text, bigint, integer) is
'At most so many readings (20,000) of a UTC day by device and time, a line each (private.reading_text), behind the one of this device at this time [us since 1970]; empty at the end. Text, since no JSON library leaves every number as it is.';

create function private.get_archive_months()
returns table (
  month date, state text, row_count bigint, row_hash text, sha256 text, location text, archived_at timestamptz
)
language sql
stable
security definer
set search_path = ''
set timezone = 'UTC'
as $$
  select
    coalesce(months.starts_at::date, mark.month),
    case
      when mark.dropped_at is not null then 'dropped'
      when private.is_archived(months.starts_at, months.ends_at)
        then case when mark.restored_at is null then 'archived' else 'restored' end
      when months.ends_at + settings.archive_after <= now() then 'due'
      else 'open'
    end,
    mark.row_count,
    mark.row_hash,
    mark.sha256,
    mark.location,
    mark.archived_at
  from private.flow_data_months() as months
  full join (
    select * from private.flow_data_archives
    where flow_data_archives.row_hash is not null
  ) as mark on months.starts_at = mark.month::timestamptz
  cross join private.settings
  order by 1;
$$;
comment on function private.get_archive_months() is 'public.get_archive_months. Definer: part of the archive.';

create function public.get_archive_months()
returns table (
  month date, state text, row_count bigint, row_hash text, sha256 text, location text, archived_at timestamptz
)
language sql
stable
security invoker
set search_path = ''
as $$
  select * from private.get_archive_months();
$$;
comment on function public.get_archive_months() is
'The months of flow_data that are here or in the archive, oldest first, with what is noted of the archive, if anything. state: open (runs, or ended less than settings.archive_after ago), due (to be archived, perhaps again), archived, restored (the same, and was put back), dropped (in the archive alone).';

revoke all on function private.read_archive_page(date, text, bigint, integer)
from public, anon, authenticated, service_role;
revoke all on function public.read_archive_page(date, text, bigint, integer)
from public, anon, authenticated, service_role;
revoke all on function private.get_archive_months() from public, anon, authenticated, service_role;
revoke all on function public.get_archive_months() from public, anon, authenticated, service_role;

grant execute on function private.read_archive_page(date, text, bigint, integer) to service_role;
grant execute on function public.read_archive_page(date, text, bigint, integer) to service_role;
grant execute on function private.get_archive_months() to service_role;
grant execute on function public.get_archive_months() to service_role;

notify pgrst, 'reload schema';
