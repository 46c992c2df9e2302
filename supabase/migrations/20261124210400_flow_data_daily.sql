/*
 * Daily rollups: days as the plant's people count them.
 *
 * A day begins at the site's (else the organization's) local day_start and ends
 * where the next one begins, so it has 23 or 25 hours when the clocks change.
 * It may begin in the middle of a UTC hour, and such a day can only be computed
 * while the readings of its two broken hours are there. So it is kept, with the
 * instants it was cut at.
 *
 * A row tells the truth if it is not stale and no hour it touches is stale: late
 * readings mark hours only. Whoever reads days (get_daily_flow) looks at both.
 */
create table public.flow_data_daily (
  device_id text not null,
  day date not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  expected integer not null default 0,
  received integer not null default 0,
  bad integer not null default 0,
  flow_count integer not null default 0,
  flow_sum double precision,
  flow_min double precision,
  flow_max double precision,
  sample_count integer not null default 0,
  volume double precision,
  resets integer not null default 0,
  rollovers integer not null default 0,
  is_stale boolean not null default true,
  refreshed_at timestamptz,
  constraint flow_data_daily_pkey primary key (device_id, day),
  constraint flow_data_daily_ends_at_check check (ends_at >= starts_at)
);
comment on table public.flow_data_daily is
'One row a device and local day with computed hours. Read get_daily_flow instead: it is exact at any time, a row here only if neither it nor one of its hours is stale.';
comment on column public.flow_data_daily.device_id is 'devices.device_id, without a foreign key.';
comment on column public.flow_data_daily.day is 'The local date on which it begins.';
comment on column public.flow_data_daily.starts_at is
'Where it was cut. A device that moved to another time zone keeps its old days as they were, if they cannot be cut anew.';
comment on column public.flow_data_daily.expected is 'Readings due, see flow_data_hourly.';
comment on column public.flow_data_daily.received is 'Readings, bad ones included.';
comment on column public.flow_data_daily.bad is 'Bad ones of them; in none of the numbers that follow.';
comment on column public.flow_data_daily.flow_count is 'Readings with a flow rate.';
comment on column public.flow_data_daily.flow_sum is '[m3/h] Sum of their rates; the mean is sum / count. Null without any.';
comment on column public.flow_data_daily.flow_min is '[m3/h]';
comment on column public.flow_data_daily.flow_max is '[m3/h]';
comment on column public.flow_data_daily.sample_count is 'Readings with a totalizer.';
comment on column public.flow_data_daily.volume is '[m3] Sum of the steps to them; null if there is none.';
comment on column public.flow_data_daily.resets is 'Steps that count as reset or exchanged meter, and 0 m3.';
comment on column public.flow_data_daily.rollovers is 'Steps over the end of the counter.';
comment on column public.flow_data_daily.is_stale is 'Whether the day has to be computed (again).';
comment on column public.flow_data_daily.refreshed_at is 'When it was computed; null before the first time.';
create index flow_data_daily_stale_ends_at_idx on public.flow_data_daily (ends_at) where is_stale;

create function private.day_starts_at(day date, day_start time, time_zone text)
returns timestamptz
language sql
stable
security invoker
set search_path = ''
as $$
  select (day + day_start) at time zone time_zone;
$$;
comment on function private.day_starts_at(date, time, text) is
'When a local day begins. A time that the clocks skip counts as an hour later, of one that comes twice it is the second.';

create function private.device_days(device_id text, first_day date, last_day date)
returns table (day date, starts_at timestamptz, ends_at timestamptz)
language sql
stable
security invoker
set search_path = ''
as $$
  with clock as (
    select
      coalesce(sites.time_zone, organizations.time_zone) as time_zone,
      coalesce(sites.day_start, organizations.day_start) as day_start
    from public.devices
    inner join public.organizations on organizations.id = devices.organization_id
    left join public.sites on sites.id = devices.site_id
    where devices.device_id = device_days.device_id
  )
  select
    listed.day::date,
    private.day_starts_at(listed.day::date, coalesce(clock.day_start, '00:00'), coalesce(clock.time_zone, 'UTC')),
    private.day_starts_at(listed.day::date + 1, coalesce(clock.day_start, '00:00'), coalesce(clock.time_zone, 'UTC'))
  from generate_series(device_days.first_day::timestamp, device_days.last_day, interval '1 day') as listed (day)
  left join clock on true;
$$;
comment on function private.device_days(text, date, date) is
'The days from first_day to last_day, both included, as a device''s site counts them now; UTC days for a device that is unknown.';

create or replace function private.tg_devices__keep_readings()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and new.device_id = old.device_id then
    return new;
  end if;

  -- Ingest holds the device's row while it stores, and this trigger has it
  -- already: what ingest was storing is seen here.
  if exists (select from public.flow_data where flow_data.device_id = old.device_id)
    or exists (
      select from public.flow_data_hourly as hourly
      where hourly.device_id = old.device_id and hourly.received > 0 and not hourly.is_stale
    )
  then
    raise exception 'device has readings: %', old.device_id
      using errcode = 'DEVRD', hint = 'Set its status to inactive instead.';
  end if;

  -- What is left are hours whose readings were deleted.
  delete from public.flow_data_hourly where flow_data_hourly.device_id = old.device_id;
  delete from public.flow_data_daily where flow_data_daily.device_id = old.device_id;
  if tg_op = 'DELETE' then
    return old;
  end if;
  return new;
end;
$$;
comment on function private.tg_devices__keep_readings() is
'Refuse to delete or rename a device that has readings or rollups of them (DEVRD): both point at it by device_id without a foreign key. Definer: it must see every reading.';

alter table public.flow_data_daily enable row level security;

create policy flow_data_daily_select_member on public.flow_data_daily
for select to authenticated
using (device_id = any (array(select private.member_device_ids())));

revoke all on table public.flow_data_daily from anon, authenticated, service_role;
revoke all on function private.day_starts_at(date, time, text) from public, anon, authenticated, service_role;
revoke all on function private.device_days(text, date, date) from public, anon, authenticated, service_role;

grant select on table public.flow_data_daily to authenticated, service_role;
grant execute on function private.day_starts_at(date, time, text) to authenticated, service_role;
grant execute on function private.device_days(text, date, date) to authenticated, service_role;

notify pgrst, 'reload schema';
