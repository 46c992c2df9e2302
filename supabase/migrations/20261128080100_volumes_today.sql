/*
 * Volumes today: what went through a list of meters since their day began.
 *
 * The day is the site's (else the organization's), as in get_daily_flow, and so
 * is the volume: the sum of the totalizer's steps.
 */
create function public.get_volumes_today(device_ids text[])
returns table (
  device_id text,
  day date,
  starts_at timestamptz,
  ends_at timestamptz,
  total_volume double precision,
  resets bigint
)
language plpgsql
stable
security invoker
set search_path = ''
set timezone = 'UTC'
as $$
#variable_conflict use_column
begin
  if cardinality(get_volumes_today.device_ids) > 100 then
    raise exception 'too many devices: %', cardinality(get_volumes_today.device_ids)
      using errcode = 'invalid_parameter_value', hint = 'Ask for at most 100.';
  end if;

  return query
  select devices.device_id, today.day, today.starts_at, today.ends_at, summary.volume, summary.resets
  from public.devices
  -- No time zone and day_start is further than this from the UTC date.
  cross join lateral private.device_days(devices.device_id, current_date - 2, current_date + 2) as today
  cross join lateral private.flow_summary(devices.device_id, today.starts_at, today.ends_at) as summary
  where devices.device_id = any (get_volumes_today.device_ids)
  and today.starts_at <= now()
  and today.ends_at > now()
  order by devices.device_id;
end;
$$;
comment on function public.get_volumes_today(text[]) is
'A row for each of at most 100 devices that the caller may see, by device_id: the day that runs at its site (else its organization), when it began and will end, the volume [m3] and the resets since, as in get_daily_flow; total_volume is null without a step of the totalizer.';

revoke all on function public.get_volumes_today(text[]) from public, anon, authenticated, service_role;
grant execute on function public.get_volumes_today(text[]) to authenticated, service_role;

notify pgrst, 'reload schema';
