/*
 * Devices: the meters, and the gateways that read them.
 *
 * A device is known on the wire by device_id, which is unique in the whole
 * project; the unique pair with organization_id is there so that other tables
 * can point at a device and its organization at once, and can not mix two.
 *
 * Each batch of readings rewrites devices.last_seen. The fillfactor keeps that
 * a HOT update; an index on last_seen would end it, and so the triggers below
 * name the columns they are for.
 */
create table public.gateways (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references public.organizations (id) on delete restrict,
  site_id uuid,
  name text not null,
  serial text,
  last_seen timestamptz,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint gateways_organization_id_id_key unique (organization_id, id),
  constraint gateways_organization_id_serial_key unique (organization_id, serial),
  constraint gateways_organization_id_site_id_fkey foreign key (organization_id, site_id)
  references public.sites (organization_id, id) on delete set null (site_id),
  constraint gateways_name_check check (char_length(name) between 1 and 120 and name !~ '^\s|\s$|[[:cntrl:]]'),
  constraint gateways_serial_check check (char_length(serial) between 1 and 64 and serial !~ '^\s|\s$|[[:cntrl:]]'),
  constraint gateways_metadata_check check (jsonb_typeof(metadata) = 'object')
) with (fillfactor = 80);
comment on table public.gateways is 'What reads meters and posts their readings: a modem router or our own edge agent.';
comment on column public.gateways.serial is 'As printed on it; null where there is none.';
comment on column public.gateways.last_seen is 'Receive time of a contact by any of its keys, at most a minute older than the newest; null before the first. Kept by the ingest path.';
create index gateways_organization_id_site_id_idx on public.gateways (organization_id, site_id);

create table public.devices (
  id uuid primary key default gen_random_uuid(),
  device_id text not null,
  organization_id uuid not null references public.organizations (id) on delete restrict,
  site_id uuid,
  gateway_id uuid,
  device_name text not null,
  device_type text not null default 'flow_meter',
  location text,
  description text,
  status text not null default 'active',
  expected_interval_s integer not null default 300,
  profile text,
  totalizer_max double precision,
  last_seen timestamptz,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint devices_device_id_key unique (device_id),
  -- device_id first: a look-up by it alone may then be planned on either index.
  constraint devices_device_id_organization_id_key unique (device_id, organization_id),
  constraint devices_organization_id_site_id_fkey foreign key (organization_id, site_id)
  references public.sites (organization_id, id) on delete set null (site_id),
  constraint devices_organization_id_gateway_id_fkey foreign key (organization_id, gateway_id)
  references public.gateways (organization_id, id) on delete set null (gateway_id),
  constraint devices_device_id_check check (
    char_length(device_id) between 1 and 128 and device_id !~ '^\s|\s$|[[:cntrl:]]'
  ),
  constraint devices_device_name_check check (char_length(device_name) between 1 and 200),
  constraint devices_status_check check (status in ('active', 'inactive', 'maintenance', 'error')),
  constraint devices_expected_interval_s_check check (expected_interval_s > 0),
  constraint devices_totalizer_max_check check (totalizer_max > 0 and totalizer_max < 'infinity'),
  constraint devices_metadata_check check (jsonb_typeof(metadata) = 'object')
) with (fillfactor = 80);
comment on table public.devices is 'One meter. Deleting one that has readings is refused; make it inactive.';
comment on column public.devices.device_id is 'The name on the wire; unique in the whole project. Fixed once there are readings.';
comment on column public.devices.device_name is 'For people; the device_id until somebody names it.';
comment on column public.devices.expected_interval_s is '[s] How often a reading is due.';
comment on column public.devices.profile is 'Register profile of its meter type; null where readings come as plain quantities.';
comment on column public.devices.totalizer_max is '[m3] Where the counter starts again at zero; null if it is not known to.';
comment on column public.devices.last_seen is
'Newest receive time of any contact, repeats and ghosts included; null before the first. Kept by the ingest path.';
comment on column public.devices.updated_at is 'When its configuration changed; contact does not count.';
create index devices_organization_id_site_id_idx on public.devices (organization_id, site_id);
create index devices_organization_id_gateway_id_idx on public.devices (organization_id, gateway_id);

create function private.member_device_ids()
returns setof text
language sql
stable
security definer
set search_path = ''
as $$
  select devices.device_id
  from public.devices
  where devices.organization_id = (select private.my_organization_id());
$$;
comment on function private.member_device_ids() is
'The device_ids the caller may see. In a policy: device_id = any (array(select private.member_device_ids())), one look-up a query. Definer: one lookup without the policies of devices.';

create function private.tg_devices__name()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  new.device_name := coalesce(new.device_name, new.device_id);
  return new;
end;
$$;
comment on function private.tg_devices__name() is 'A device without a name is called by its device_id.';

create function private.tg_devices__keep_readings()
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
  if exists (select from public.flow_data where flow_data.device_id = old.device_id) then
    raise exception 'device has readings: %', old.device_id
      using errcode = 'DEVRD', hint = 'Set its status to inactive instead.';
  end if;

  if tg_op = 'DELETE' then
    return old;
  end if;
  return new;
end;
$$;
comment on function private.tg_devices__keep_readings() is
'Refuse to delete or rename a device that has readings (DEVRD): flow_data points at it by device_id without a foreign key. Definer: it must see every reading.';

create trigger _100_organization before insert on public.gateways
for each row execute function private.tg__organization();
create trigger _200_touch_updated_at
before update of organization_id, site_id, name, serial, metadata on public.gateways
for each row execute function private.tg__touch_updated_at();

create trigger _100_organization before insert on public.devices
for each row execute function private.tg__organization();
create trigger _110_name before insert or update of device_name on public.devices
for each row execute function private.tg_devices__name();
create trigger _120_keep_readings before delete or update of device_id on public.devices
for each row execute function private.tg_devices__keep_readings();
create trigger _200_touch_updated_at
before update of device_id, organization_id, site_id, gateway_id, device_name, device_type, location, description,
status, expected_interval_s, profile, totalizer_max, metadata on public.devices
for each row execute function private.tg__touch_updated_at();

alter table public.gateways enable row level security;
alter table public.devices enable row level security;

create policy gateways_select_member on public.gateways
for select to authenticated
using (organization_id = (select private.my_organization_id()));

create policy gateways_insert_admin on public.gateways
for insert to authenticated
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy gateways_update_admin on public.gateways
for update to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')))
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy gateways_delete_admin on public.gateways
for delete to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy devices_select_member on public.devices
for select to authenticated
using (organization_id = (select private.my_organization_id()));

create policy devices_insert_admin on public.devices
for insert to authenticated
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy devices_update_admin on public.devices
for update to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')))
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

create policy devices_delete_admin on public.devices
for delete to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

revoke all on table public.gateways, public.devices from anon, authenticated, service_role;

grant select on table public.gateways, public.devices to authenticated;
grant insert (organization_id, site_id, name, serial, metadata) on table public.gateways to authenticated;
grant update (site_id, name, serial, metadata) on table public.gateways to authenticated;
grant delete on table public.gateways to authenticated;
grant insert (
  device_id, organization_id, site_id, gateway_id, device_name, device_type, location, description,
  status, expected_interval_s, profile, totalizer_max, metadata
) on table public.devices to authenticated;
grant update (
  site_id, gateway_id, device_name, device_type, location, description,
  status, expected_interval_s, profile, totalizer_max, metadata
) on table public.devices to authenticated;
grant delete on table public.devices to authenticated;

grant select, insert, update on table public.gateways, public.devices to service_role;

grant execute on function private.member_device_ids() to authenticated;

notify pgrst, 'reload schema';
