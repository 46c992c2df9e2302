/*
 * One plant of four meters in the default organization, to look at.
 *
 * Loaded by `supabase db push --include-seed` and `supabase db reset`. It may
 * run again: what is there stays as it is. No people and no keys; those come
 * from `flask --app fluxio_api create-admin` and `create-key`.
 */
insert into public.sites (id, organization_id, name, time_zone)
values (
  '00000000-0000-4000-8000-000000000001', '00000000-0000-0000-0000-000000000001', 'Plant A', 'Europe/Berlin'
)
on conflict do nothing;

insert into public.gateways (id, organization_id, site_id, name, serial)
values (
  '00000000-0000-4000-8000-000000000011', '00000000-0000-0000-0000-000000000001',
  '00000000-0000-4000-8000-000000000001', 'Gateway A', 'GATEWAY-A'
)
on conflict do nothing;

insert into public.devices (
  device_id, organization_id, site_id, gateway_id, device_name, location, description, expected_interval_s, profile
)
values
(
  'NIVUS_01', '00000000-0000-0000-0000-000000000001', '00000000-0000-4000-8000-000000000001',
  '00000000-0000-4000-8000-000000000011', 'Inlet', 'Inlet channel', 'Raw water into the plant', 5, 'nivus_750'
),
(
  'NIVUS_02', '00000000-0000-0000-0000-000000000001', '00000000-0000-4000-8000-000000000001',
  '00000000-0000-4000-8000-000000000011', 'Recirculation', 'Basin 1', 'Return flow between the basins', 5, 'nivus_750'
),
(
  'NIVUS_03', '00000000-0000-0000-0000-000000000001', '00000000-0000-4000-8000-000000000001',
  '00000000-0000-4000-8000-000000000011', 'Overflow', 'Storm basin', 'Storm water past the plant', 5, 'nivus_750'
),
(
  'NIVUS_04', '00000000-0000-0000-0000-000000000001', '00000000-0000-4000-8000-000000000001',
  '00000000-0000-4000-8000-000000000011', 'Outlet', 'Outlet channel', 'Treated water to the river', 5, 'nivus_750'
)
on conflict do nothing;

insert into public.alert_rules (id, device_id, rule_name, rule_type, threshold_value, deadband, severity)
values
('00000000-0000-4000-8000-000000000021', 'NIVUS_01', 'High Flow Alert', 'high_flow', 100.0, 5.0, 'warning'),
('00000000-0000-4000-8000-000000000022', 'NIVUS_02', 'Low Flow Alert', 'low_flow', 1.0, 0.5, 'warning'),
('00000000-0000-4000-8000-000000000023', 'NIVUS_03', 'Overflow Alert', 'high_flow', 250.0, 10.0, 'critical'),
('00000000-0000-4000-8000-000000000024', 'NIVUS_04', 'High Flow Alert', 'high_flow', 150.0, 5.0, 'warning')
on conflict do nothing;
