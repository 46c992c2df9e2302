/*
 * Rollups follow the configuration, as far back as they can be computed again.
 *
 * What a step back of a counter is worth is decided by its device, so a change
 * of totalizer_max or reverse_policy marks the device's hours. How a day is cut
 * is decided by the site or the organization: a change there, or of a device's
 * site, cuts its days anew. A day whose new ends lie where readings are gone
 * must begin and end on a full hour for that; others stay as they were cut.
 *
 * The marks are rewritten also where they stand, as told with the triggers on
 * flow_data. Cutting days takes the lock of a refresh, which otherwise might be
 * writing days of the old cut; it waits for the job, two seconds at most.
 */
create function private.tg_devices__mark_hours()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  update public.flow_data_hourly
  set is_stale = true
  where flow_data_hourly.device_id = new.device_id
  and flow_data_hourly.hour >= private.raw_complete_since();
  return null;
end;
$$;
comment on function private.tg_devices__mark_hours() is
'A device''s counter is read in another way: compute its hours again. Definer: nobody else writes rollups.';

create function private.cut_days(device_ids text[])
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('private.refresh_rollups', 0));

  insert into public.flow_data_daily (device_id, day, starts_at, ends_at)
  select span.device_id, listed.day, listed.starts_at, listed.ends_at
  from (
    select daily.device_id, min(daily.day) as first_day, max(daily.day) as last_day
    from public.flow_data_daily as daily
    where daily.device_id = any (cut_days.device_ids)
    group by daily.device_id
  ) as span
  -- A day more at both ends, into which hours of the others may move.
  cross join lateral private.device_days(span.device_id, span.first_day - 1, span.last_day + 1) as listed
  where listed.starts_at = private.rollup_bound(listed.starts_at)
  and listed.ends_at = private.rollup_bound(listed.ends_at)
  on conflict (device_id, day) do update
  set starts_at = excluded.starts_at, ends_at = excluded.ends_at, is_stale = true;
end;
$$;
comment on function private.cut_days(text[]) is
'Cut the days of devices anew and mark them, where that can be computed exactly. Definer: nobody else writes rollups.';

create function private.tg__cut_days()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  perform private.cut_days(array(
    select devices.device_id
    from public.devices
    where case tg_table_name
      when 'devices' then devices.id = new.id
      when 'sites' then devices.site_id = new.id
      else devices.organization_id = new.id
    end
  ));
  return null;
end;
$$;
comment on function private.tg__cut_days() is
'A device, site or organization counts its days otherwise: cut the days of its devices anew. Definer: nobody else writes rollups.';

create trigger _300_mark_hours after update of totalizer_max, reverse_policy on public.devices
for each row when (
  old.totalizer_max is distinct from new.totalizer_max or old.reverse_policy <> new.reverse_policy
)
execute function private.tg_devices__mark_hours();

create trigger _310_cut_days after update of site_id, organization_id on public.devices
for each row when (
  old.site_id is distinct from new.site_id or old.organization_id <> new.organization_id
)
execute function private.tg__cut_days();

create trigger _310_cut_days after update of time_zone, day_start on public.sites
for each row when (
  old.time_zone is distinct from new.time_zone or old.day_start is distinct from new.day_start
)
execute function private.tg__cut_days();

create trigger _310_cut_days after update of time_zone, day_start on public.organizations
for each row when (old.time_zone <> new.time_zone or old.day_start <> new.day_start)
execute function private.tg__cut_days();

revoke all on function private.tg_devices__mark_hours() from public, anon, authenticated, service_role;
revoke all on function private.cut_days(text[]) from public, anon, authenticated, service_role;
revoke all on function private.tg__cut_days() from public, anon, authenticated, service_role;
