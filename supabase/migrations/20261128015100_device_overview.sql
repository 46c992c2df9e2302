/*
 * The device list: each device with what is known of it now.
 *
 * One query a page, however many devices: what is counted is looked up by index
 * for the rows that are answered, and for no others. What is not asked for is
 * not counted. Resolved alerts pile up, so the open ones have an index of their
 * own; building it reads alerts once and holds up writes to it meanwhile.
 */
create index alerts_open_device_id_idx on public.alerts (organization_id, device_id) where not is_resolved;

create view public.device_overview with (security_invoker = true) as
select
  devices.id,
  devices.device_id,
  devices.organization_id,
  devices.site_id,
  devices.gateway_id,
  devices.device_name,
  devices.device_type,
  devices.location,
  devices.description,
  devices.status,
  devices.expected_interval_s,
  devices.profile,
  devices.reverse_policy,
  devices.totalizer_max,
  devices.last_seen,
  devices.metadata,
  devices.created_at,
  devices.updated_at,
  coalesce(devices.last_seen > now() - interval '15 minutes', false) as is_online,
  case
    when latest.device_id is not null then json_build_object(
      'device_id', latest.device_id,
      'created_at', latest.created_at,
      'received_at', latest.received_at,
      'flow_rate', latest.flow_rate,
      'totalizer', latest.totalizer,
      'temperature', latest.temperature,
      'pressure', latest.pressure,
      'level', latest.level,
      'velocity', latest.velocity,
      'battery_level', latest.battery_level,
      'signal_strength', latest.signal_strength,
      'quality', latest.quality
    )
  end as latest,
  (
    select count(*)
    from public.alert_rules
    where
      alert_rules.organization_id = devices.organization_id
      and (alert_rules.device_id = devices.device_id or alert_rules.device_id is null)
      and alert_rules.is_enabled
  ) as rules,
  (
    select count(*)
    from public.alerts
    where
      alerts.organization_id = devices.organization_id
      and alerts.device_id = devices.device_id
      and not alerts.is_resolved
  ) as open_alerts,
  (
    select alerts.severity
    from public.alerts
    where
      alerts.organization_id = devices.organization_id
      and alerts.device_id = devices.device_id
      and not alerts.is_resolved
    order by array_position(array['critical', 'warning', 'info'], alerts.severity)
    limit 1
  ) as worst_severity,
  concat_ws(E'\n', devices.device_id, devices.device_name, devices.location) as search_text
from public.devices
left join public.latest_readings as latest on devices.device_id = latest.device_id;
comment on view public.device_overview is
'Devices of the caller''s organization, of every status, with what is known of each now; the columns of devices, and those below.';
comment on column public.device_overview.is_online is
'Whether it was in contact within 15 minutes; by last_seen, not by the age of a value.';
comment on column public.device_overview.latest is
'Its row of latest_readings as an object; null before the first reading that is not bad.';
comment on column public.device_overview.rules is
'How many enabled rules watch it, those for every device included. A device that is inactive or in maintenance has them too, and is not judged.';
comment on column public.device_overview.open_alerts is
'Its alerts that are not resolved, acknowledged or not. One about its gateway is the gateway''s.';
comment on column public.device_overview.worst_severity is 'Of open_alerts: critical, warning or info; null if there are none.';
comment on column public.device_overview.search_text is
'device_id, device_name and location, one a line, to look for a part of them (ilike, ~*).';

revoke all on table public.device_overview from anon, authenticated, service_role;
grant select on table public.device_overview to authenticated, service_role;

notify pgrst, 'reload schema';
