/*
 * Alert events: what a reading does to the alerts of a rule.
 *
 * The trigger on flow_data finds, for a whole statement at once, the readings
 * that can change something: nearly always none. Those few come here one by one,
 * in time order, so that a batch which goes beyond a threshold and back leaves a
 * resolved alert and not an open one.
 */
create table private.pending_alerts (
  rule_id uuid not null references public.alert_rules (id) on delete cascade,
  device_id text not null references public.devices (device_id) on update cascade on delete cascade,
  first_breach_at timestamptz not null,
  constraint pending_alerts_pkey primary key (rule_id, device_id)
);
comment on table private.pending_alerts is
'A rule with a duration whose threshold a device has passed and not come back from; the alert opens when that has lasted.';
comment on column private.pending_alerts.first_breach_at is 'Meter''s time of the first reading beyond the threshold.';
create index pending_alerts_device_id_idx on private.pending_alerts (device_id);

alter table private.pending_alerts enable row level security;
revoke all on table private.pending_alerts from public, anon, authenticated, service_role;

create type private.alert_event as (
  rule_id uuid,
  organization_id uuid,
  device_id text,
  created_at timestamptz,
  value double precision,
  is_breach boolean
);
comment on type private.alert_event is
'A reading beyond a rule''s threshold (is_breach), or back inside by more than the deadband. created_at is the meter''s time.';

create function private.apply_alert_events(events private.alert_event[])
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_event private.alert_event;
  v_rule public.alert_rules;
  v_since timestamptz;
begin
  for v_event in
    select event.*
    from unnest(events) as event
    order by event.created_at, event.device_id, event.rule_id
  loop
    select alert_rules.* into v_rule
    from public.alert_rules
    where alert_rules.id = v_event.rule_id;
    continue when not found;

    if not v_event.is_breach then
      delete from private.pending_alerts
      where pending_alerts.rule_id = v_event.rule_id
      and pending_alerts.device_id = v_event.device_id;

      -- Who and when is stamped by trigger: nobody, so the system.
      update public.alerts
      set is_resolved = true
      where alerts.organization_id = v_event.organization_id
      and coalesce(alerts.rule_id::text, alerts.alert_type) = v_event.rule_id::text
      and alerts.device_id = v_event.device_id
      and alerts.gateway_id is null
      and alerts.job is null
      and not alerts.is_resolved;
      continue;
    end if;

    if v_rule.duration_minutes > 0 then
      insert into private.pending_alerts as pending (rule_id, device_id, first_breach_at)
      values (v_event.rule_id, v_event.device_id, v_event.created_at)
      on conflict (rule_id, device_id) do update
      set first_breach_at = least(pending.first_breach_at, excluded.first_breach_at)
      returning pending.first_breach_at into v_since;
      continue when v_event.created_at < v_since + v_rule.duration_minutes * interval '1 minute';
    end if;

    -- A reading opens one alert, also when it is judged again after a merge:
    -- one that somebody has resolved meanwhile stays resolved.
    insert into public.alerts (
      organization_id, device_id, rule_id, alert_type, severity, message, threshold_value, actual_value, measured_at
    )
    select
      v_event.organization_id, v_event.device_id, v_rule.id, v_rule.rule_type, v_rule.severity,
      private.alert_message(v_rule, v_event), v_rule.threshold_value, v_event.value, v_event.created_at
    where not exists (
      select from public.alerts
      where alerts.organization_id = v_event.organization_id
      and alerts.device_id = v_event.device_id
      and alerts.created_at > v_event.created_at - interval '1 hour'
      and coalesce(alerts.rule_id::text, alerts.alert_type) = v_event.rule_id::text
      and alerts.measured_at >= v_event.created_at
    )
    on conflict do nothing;
  end loop;
end;
$$;
comment on function private.apply_alert_events(private.alert_event[]) is
'Open and resolve alerts in time order. An open alert stays as it is; a rule with a duration waits in pending_alerts first. Definer: only through a reading may a caller write those tables.';

create function private.alert_message(rule public.alert_rules, event private.alert_event)
returns text
language sql
stable
security invoker
set search_path = ''
as $$
  select format(
    '%s: flow %s m3/h is %s the threshold of %s m3/h%s (measured %s UTC)',
    rule.rule_name,
    event.value,
    case rule.rule_type when 'high_flow' then 'above' else 'below' end,
    rule.threshold_value,
    case when rule.duration_minutes > 0 then format(' for %s min', rule.duration_minutes) end,
    to_char(event.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
  );
$$;
comment on function private.alert_message(public.alert_rules, private.alert_event) is
'One line for people: value, threshold, unit, measurement time.';

create function private.tg_alert_rules__forget_pending()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  delete from private.pending_alerts where pending_alerts.rule_id = new.id;
  return null;
end;
$$;
comment on function private.tg_alert_rules__forget_pending() is
'A changed rule starts counting its duration anew. Definer: nobody else writes pending_alerts.';

create trigger _300_forget_pending after update on public.alert_rules
for each row when (
  (old.device_id, old.rule_type, old.threshold_value, old.deadband, old.duration_minutes, old.is_enabled)
  is distinct from
  (new.device_id, new.rule_type, new.threshold_value, new.deadband, new.duration_minutes, new.is_enabled)
)
execute function private.tg_alert_rules__forget_pending();
