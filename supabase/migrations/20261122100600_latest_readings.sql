/*
 * Latest readings: one row a device, what the live page shows.
 *
 * Realtime publishes this table instead of flow_data: a subscriber to a
 * partitioned table hears nothing, and a batch of ten readings is one change
 * here. The row is rewritten at each batch; the fillfactor keeps that a HOT
 * update.
 */
create table public.latest_readings (
  device_id text not null,
  organization_id uuid not null,
  created_at timestamptz not null,
  received_at timestamptz not null,
  flow_rate double precision,
  totalizer double precision,
  temperature double precision,
  pressure double precision,
  level double precision,
  velocity double precision,
  battery_level integer,
  signal_strength integer,
  quality text not null,
  constraint latest_readings_pkey primary key (device_id),
  constraint latest_readings_organization_id_device_id_fkey foreign key (organization_id, device_id)
  references public.devices (organization_id, device_id) on update cascade on delete cascade
) with (fillfactor = 50);
comment on table public.latest_readings is
'Each device''s newest reading that is not bad. Kept by the triggers of flow_data: it advances or is completed, and goes back only when the reading it shows turns out bad or is removed.';
comment on column public.latest_readings.organization_id is 'The device''s; follows it by cascade.';
comment on column public.latest_readings.created_at is 'When the meter was read: the age of the values.';
comment on column public.latest_readings.received_at is 'When the reading reached us. Contact is devices.last_seen, not this.';
comment on column public.latest_readings.flow_rate is '[m3/h]';
comment on column public.latest_readings.totalizer is '[m3]';
comment on column public.latest_readings.temperature is '[degC]';
comment on column public.latest_readings.pressure is '[bar]';
comment on column public.latest_readings.level is '[m]';
comment on column public.latest_readings.velocity is '[m/s]';
comment on column public.latest_readings.battery_level is '[%]';
comment on column public.latest_readings.signal_strength is '[dBm]';
comment on column public.latest_readings.quality is 'good or suspect.';
create index latest_readings_device_id_organization_id_idx on public.latest_readings (device_id, organization_id);

alter table public.latest_readings enable row level security;

create policy latest_readings_select_member on public.latest_readings
for select to authenticated
using (device_id = any (array(select private.member_device_ids())));

revoke all on table public.latest_readings from anon, authenticated, service_role;
grant select on table public.latest_readings to authenticated, service_role;

notify pgrst, 'reload schema';
