/*
 * Alert findings: what judging found, and what it does to the alerts of a rule.
 *
 * In place of alert_events, for all types. The few findings that can change
 * something come here one by one, in time order, so that a batch which goes
 * beyond a threshold and back leaves a resolved alert and not an open one.
 *
 * Rules are locked first and stay as they are to the end. Who changes or
 * deletes one meanwhile waits, and then resolves what was opened here; without
 * that, an alert of a rule just switched off could stay open for ever.
 */
comment on column private.pending_alerts.first_breach_at is
'Meter''s time of the first reading beyond the threshold; for stuck_value, of the first with the value that stays.';

create type private.alert_finding as (
  rule_id uuid,
  rule_updated_at timestamptz,
  organization_id uuid,
  device_id text,
  created_at timestamptz,
  value double precision,
  is_breach boolean,
  since timestamptz,
  expected_interval_s integer
);
comment on type private.alert_finding is
'A reading beyond a rule''s threshold (is_breach), or back inside by more than the deadband. created_at is the meter''s time, since when the condition began as far as this reading tells, expected_interval_s [s] the device''s, rule_updated_at the state of the rule that was asked.';

create function private.alert_message(rule public.alert_rules, finding private.alert_finding, duration interval)
returns text
language sql
stable
security invoker
set search_path = ''
as $$
  select format(
    '%s: %s%s (measured %s UTC)',
    rule.rule_name,
    case rule.rule_type
      when 'high_flow' then format('flow %s m3/h is above the threshold of %s m3/h', finding.value, rule.threshold_value)
      when 'low_flow' then format('flow %s m3/h is below the threshold of %s m3/h', finding.value, rule.threshold_value)
      when 'zero_flow' then format(
        'flow %s m3/h is not above %s m3/h', finding.value, coalesce(rule.threshold_value, 0)
      )
      when 'battery_low' then format(
        'battery %s %% is below the threshold of %s %%', finding.value, rule.threshold_value
      )
      when 'rate_of_change' then format(
        'flow changes by %s m3/h per minute, above the threshold of %s m3/h per minute',
        trim_scale(round(finding.value::numeric, 3)), rule.threshold_value
      )
      when 'stuck_value' then format(
        'flow %s m3/h has not changed%s', finding.value,
        case when rule.threshold_value > 0 then format(' by more than %s m3/h', rule.threshold_value) end
      )
    end,
    case
      when duration > interval '0'
        then format(' for %s min', trim_scale(round(extract(epoch from duration) / 60, 1)))
    end,
    to_char(finding.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
  );
$$;
comment on function private.alert_message(public.alert_rules, private.alert_finding, interval) is
'One line for people: value, threshold, unit, duration (if it has one), measurement time.';

create function private.apply_alert_findings(findings private.alert_finding[], as_of timestamptz default null)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_finding private.alert_finding;
  v_rule public.alert_rules;
  v_duration interval;
  v_since timestamptz;
begin
  perform from public.alert_rules
  where alert_rules.id = any (array(select finding.rule_id from unnest(findings) as finding))
  order by alert_rules.id
  for share;

  for v_finding in
    select finding.*
    from unnest(findings) as finding
    order by finding.created_at, finding.device_id, finding.rule_id
  loop
    -- A rule that was changed while the readings were judged starts with the next.
    select alert_rules.* into v_rule
    from public.alert_rules
    where alert_rules.id = v_finding.rule_id
    and alert_rules.updated_at = v_finding.rule_updated_at;
    continue when not found;

    if not v_finding.is_breach then
      delete from private.pending_alerts
      where pending_alerts.rule_id = v_finding.rule_id
      and pending_alerts.device_id = v_finding.device_id;

      -- Who and when is stamped by trigger: nobody, so the system.
      update public.alerts
      set is_resolved = true
      where alerts.organization_id = v_finding.organization_id
      and coalesce(alerts.rule_id::text, alerts.alert_type) = v_finding.rule_id::text
      and alerts.device_id = v_finding.device_id
      and alerts.gateway_id is null
      and alerts.job is null
      and not alerts.is_resolved;
      continue;
    end if;

    v_duration := private.alert_duration(v_rule.rule_type, v_rule.duration_minutes, v_finding.expected_interval_s);
    if v_duration > interval '0' then
      insert into private.pending_alerts as pending (rule_id, device_id, first_breach_at)
      values (v_finding.rule_id, v_finding.device_id, v_finding.since)
      on conflict (rule_id, device_id) do update
      set first_breach_at = least(pending.first_breach_at, excluded.first_breach_at)
      returning pending.first_breach_at into v_since;
      continue when coalesce(apply_alert_findings.as_of, v_finding.created_at) < v_since + v_duration;
    end if;

    -- A reading opens one alert, also when it is judged again after a merge:
    -- one that somebody has resolved meanwhile stays resolved.
    insert into public.alerts (
      organization_id, device_id, rule_id, alert_type, severity, message,
      threshold_value, actual_value, measured_at, created_at
    )
    select
      v_finding.organization_id, v_finding.device_id, v_rule.id, v_rule.rule_type, v_rule.severity,
      private.alert_message(v_rule, v_finding, v_duration),
      case
        when v_rule.rule_type in ('zero_flow', 'stuck_value') then coalesce(v_rule.threshold_value, 0)
        else v_rule.threshold_value
      end,
      v_finding.value, v_finding.created_at, coalesce(apply_alert_findings.as_of, now())
    where not exists (
      select from public.alerts
      where alerts.organization_id = v_finding.organization_id
      and alerts.device_id = v_finding.device_id
      and alerts.created_at > v_finding.created_at - interval '1 hour'
      and coalesce(alerts.rule_id::text, alerts.alert_type) = v_finding.rule_id::text
      and alerts.measured_at >= v_finding.created_at
    )
    on conflict do nothing;
  end loop;
end;
$$;
comment on function private.apply_alert_findings(private.alert_finding[], timestamptz) is
'Open and resolve alerts in time order. An open alert stays as it is; a rule with a duration waits in pending_alerts first. A duration ends with a reading, or, where as_of is given, by the clock. The caller holds the devices'' locks. Definer: only through a reading or the clock may a caller write those tables.';
