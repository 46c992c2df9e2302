/*
 * Archived history: which part of a person's history is in the archive alone.
 *
 * The API asks with the person's token before it reads, and reads of the
 * archive what it is told.
 */
create function private.get_archived_months(start_time timestamptz, end_time timestamptz, device_id text)
returns table (month date, location text, device_ids text[])
language sql
stable
security definer
set search_path = ''
set timezone = 'UTC'
as $$
  select
    flow_data_archives.month,
    flow_data_archives.location,
    array_agg(held.device_id order by held.device_id)
  from private.flow_data_archives
  inner join private.flow_data_archive_devices as held on flow_data_archives.month = held.month
  where flow_data_archives.dropped_at is not null
  and held.device_id = any (array(select private.member_device_ids()))
  and (get_archived_months.device_id is null or held.device_id = get_archived_months.device_id)
  and (
    get_archived_months.start_time is null
    or flow_data_archives.month::timestamptz + interval '1 month' > get_archived_months.start_time
  )
  and (
    get_archived_months.end_time is null
    or flow_data_archives.month::timestamptz < get_archived_months.end_time
  )
  group by flow_data_archives.month, flow_data_archives.location
  order by flow_data_archives.month desc;
$$;
comment on function private.get_archived_months(timestamptz, timestamptz, text) is
'public.get_archived_months. Definer: nobody looks into the archive''s tables; it tells of the caller''s devices only.';

create function public.get_archived_months(
  start_time timestamptz default null, end_time timestamptz default null, device_id text default null
)
returns table (month date, location text, device_ids text[])
language sql
stable
security invoker
set search_path = ''
as $$
  select * from private.get_archived_months(start_time, end_time, device_id);
$$;
comment on function public.get_archived_months(timestamptz, timestamptz, text) is
'Months (UTC) of this window that are in the archive alone, newest first: the first day, the file, and whose readings it has, of the devices that the caller may see.';

revoke all on function private.get_archived_months(timestamptz, timestamptz, text)
from public, anon, authenticated, service_role;
revoke all on function public.get_archived_months(timestamptz, timestamptz, text)
from public, anon, authenticated, service_role;

grant execute on function private.get_archived_months(timestamptz, timestamptz, text) to authenticated;
grant execute on function public.get_archived_months(timestamptz, timestamptz, text) to authenticated;

notify pgrst, 'reload schema';
