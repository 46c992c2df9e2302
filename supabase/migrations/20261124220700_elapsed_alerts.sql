/*
 * Elapsed alerts: a duration that ends between two readings.
 *
 * A reading finds out that its rule's condition has lasted long enough; without
 * the clock an alert would wait for the next one. The clock opens it while the
 * device's latest reading still stands beyond the threshold and is young enough
 * to be judged, and only the first time: once an alert of this excursion was
 * there, another is for a reading to open.
 */
create function private.elapsed_findings(as_of timestamptz)
returns setof private.alert_finding
language sql
stable
security definer
set search_path = ''
as $$
  with due as materialized (
    select
      rule.id as rule_id, rule.updated_at, rule.organization_id, rule.rule_type, rule.threshold_value, rule.deadband,
      device.device_id, device.expected_interval_s, pending.first_breach_at,
      latest.created_at, latest.flow_rate, latest.battery_level,
      case
        when rule.rule_type in ('rate_of_change', 'stuck_value')
          then private.previous_flow(latest.device_id, latest.created_at)
      end as previous
    from private.pending_alerts as pending
    inner join public.alert_rules as rule on rule.id = pending.rule_id
    inner join public.devices as device on device.device_id = pending.device_id
    inner join public.latest_readings as latest on latest.device_id = pending.device_id
    where rule.is_enabled
    and device.status not in ('inactive', 'maintenance')
    and latest.created_at >= elapsed_findings.as_of - greatest(device.expected_interval_s * interval '2 seconds', interval '5 minutes')
    and pending.first_breach_at
    <= elapsed_findings.as_of
    - private.alert_duration(rule.rule_type, rule.duration_minutes, device.expected_interval_s)
    and not exists (
      select from public.alerts
      where alerts.organization_id = rule.organization_id
      and alerts.device_id = pending.device_id
      and alerts.rule_id = pending.rule_id
      and (not alerts.is_resolved or alerts.measured_at >= pending.first_breach_at)
    )
  ), changed as materialized (
    select
      due.*,
      abs(due.flow_rate - (due.previous).flow_rate) as flow_change,
      case
        when due.created_at - (due.previous).created_at <= due.expected_interval_s * interval '2 seconds'
          then abs(due.flow_rate - (due.previous).flow_rate) * 60
          / extract(epoch from due.created_at - (due.previous).created_at)::double precision
      end as rate_of_change
    from due
  )
  select
    changed.rule_id, changed.updated_at, changed.organization_id, changed.device_id, changed.created_at,
    case changed.rule_type
      when 'battery_low' then changed.battery_level
      when 'rate_of_change' then changed.rate_of_change
      else changed.flow_rate
    end,
    true, changed.first_breach_at, changed.expected_interval_s
  from changed
  where private.is_breach(
    changed.rule_type, changed.threshold_value, changed.deadband, changed.flow_rate, changed.battery_level,
    changed.flow_change, changed.rate_of_change
  );
$$;
comment on function private.elapsed_findings(timestamptz) is
'The latest readings that open an alert by having stood long enough. Definer: part of the clock.';

create function private.open_elapsed_alerts(as_of timestamptz)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_rules uuid[];
  v_devices text[];
  v_findings private.alert_finding[];
begin
  v_rules := array(
    select alert_rules.id from public.alert_rules
    where alert_rules.id in (select finding.rule_id from private.elapsed_findings(open_elapsed_alerts.as_of) as finding)
    order by alert_rules.id
    for share skip locked
  );
  if v_rules = '{}' then
    return 0;
  end if;
  v_devices := array(
    select devices.device_id from public.devices
    where devices.device_id in (
      select finding.device_id from private.elapsed_findings(open_elapsed_alerts.as_of) as finding
    )
    order by devices.device_id
    for no key update skip locked
  );

  -- Asked again: before the locks a reading may have come.
  v_findings := array(
    select finding from private.elapsed_findings(open_elapsed_alerts.as_of) as finding
    where finding.rule_id = any (v_rules)
    and finding.device_id = any (v_devices)
  );
  perform private.apply_alert_findings(v_findings, open_elapsed_alerts.as_of);
  return cardinality(v_findings);
end;
$$;
comment on function private.open_elapsed_alerts(timestamptz) is
'Open the alerts whose duration ended since the last reading; how many. Definer: nobody else writes alerts.';
