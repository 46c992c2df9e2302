/*
 * Device silence: no_data and device_offline.
 *
 * A device behind a gateway is called silent only when the gateway is known to
 * live: heard since the device was due. Until that is clear nobody is called
 * anything; soon the gateway is heard, or is silent itself and stands for all
 * of its devices.
 *
 * Whoever writes a device's alerts holds its row, as ingest does. The clock
 * waits for nobody: a device, rule or alert that somebody is at is left for the
 * next minute.
 */
create function private.new_silences(as_of timestamptz)
returns table (
  rule_id uuid,
  organization_id uuid,
  device_id text,
  duration interval,
  heard_at timestamptz,
  since timestamptz
)
language sql
stable
security definer
set search_path = ''
as $$
  select
    silence.rule_id, silence.organization_id, silence.device_id, silence.duration, silence.heard_at, silence.since
  from private.silences(new_silences.as_of) as silence
  inner join public.alert_rules as rule on rule.id = silence.rule_id
  left join private.watched_gateways as gateway on gateway.gateway_id = silence.gateway_id
  where (
    gateway.gateway_id is null
    or (
      -- Heard by a contact that may be noted up to a minute early.
      gateway.heard_at
      >= silence.since + least(silence.expected_interval_s * interval '1 second', silence.duration) - interval '1 minute'
      and gateway.heard_at > new_silences.as_of - least(gateway.patience, silence.duration)
    )
  )
  and not exists (
    select from public.alerts
    where alerts.organization_id = silence.organization_id
    and alerts.device_id = silence.device_id
    and alerts.rule_id = silence.rule_id
    and (
      not alerts.is_resolved
      -- One silence raises one alert: what a person has resolved stays so,
      -- until somebody changes the rule.
      or (
        (alerts.metadata ->> 'silent_since')::timestamptz = silence.since
        and alerts.created_at >= rule.updated_at
      )
    )
  );
$$;
comment on function private.new_silences(timestamptz) is
'Those of private.silences that deserve an alert of the device''s own and have none. Definer: part of the clock.';

create function private.open_silence_alerts(as_of timestamptz)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_rules uuid[];
  v_devices text[];
  v_opened integer;
begin
  select array_agg(distinct silence.rule_id), array_agg(distinct silence.device_id)
  into v_rules, v_devices
  from private.new_silences(open_silence_alerts.as_of) as silence;
  if v_rules is null then
    return 0;
  end if;

  v_rules := array(
    select alert_rules.id from public.alert_rules
    where alert_rules.id = any (v_rules)
    order by alert_rules.id
    for share skip locked
  );
  v_devices := array(
    select devices.device_id from public.devices
    where devices.device_id = any (v_devices)
    order by devices.device_id
    for no key update skip locked
  );

  -- Asked again: before the locks a reading may have come.
  insert into public.alerts (
    organization_id, device_id, rule_id, alert_type, severity, message,
    threshold_value, actual_value, created_at, metadata
  )
  select
    silence.organization_id, silence.device_id, rule.id, rule.rule_type, rule.severity,
    format(
      '%s: %s for %s min, more than the %s min allowed (last %s)',
      rule.rule_name,
      case rule.rule_type when 'no_data' then 'no reading' else 'no contact' end,
      floor(extract(epoch from open_silence_alerts.as_of - silence.since) / 60),
      trim_scale(round(extract(epoch from silence.duration) / 60, 1)),
      case
        when silence.heard_at is null then 'never'
        else case rule.rule_type when 'no_data' then 'measured ' else 'heard ' end
          || to_char(silence.heard_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
      end
    ),
    extract(epoch from silence.duration) / 60,
    extract(epoch from open_silence_alerts.as_of - silence.since) / 60,
    open_silence_alerts.as_of,
    jsonb_build_object('silent_since', silence.since)
  from private.new_silences(open_silence_alerts.as_of) as silence
  inner join public.alert_rules as rule on rule.id = silence.rule_id
  where silence.rule_id = any (v_rules)
  and silence.device_id = any (v_devices)
  on conflict do nothing;
  get diagnostics v_opened = row_count;
  return v_opened;
end;
$$;
comment on function private.open_silence_alerts(timestamptz) is
'Open the no_data and device_offline alerts that are due; how many. Definer: nobody else writes alerts.';

create function private.over_silences(as_of timestamptz)
returns table (alert_id uuid, device_id text)
language sql
stable
security definer
set search_path = ''
as $$
  select alerts.id, alerts.device_id
  from public.alerts
  inner join public.alert_rules as rule on rule.id = alerts.rule_id
  inner join public.devices as device on device.device_id = alerts.device_id
  left join public.latest_readings as latest on latest.device_id = alerts.device_id
  where not alerts.is_resolved
  and alerts.alert_type in ('no_data', 'device_offline')
  and case alerts.alert_type
    when 'no_data' then least(latest.created_at, latest.received_at)
    else device.last_seen
  end > over_silences.as_of
  - private.alert_duration(rule.rule_type, rule.duration_minutes, device.expected_interval_s);
$$;
comment on function private.over_silences(timestamptz) is
'The open no_data and device_offline alerts whose device is heard again. Only that counts here, not from when a silence would. Definer: part of the clock.';

create function private.resolve_silence_alerts(as_of timestamptz)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_devices text[];
  v_alerts uuid[];
  v_resolved integer;
begin
  v_devices := array(
    select devices.device_id from public.devices
    where devices.device_id in (select over.device_id from private.over_silences(resolve_silence_alerts.as_of) as over)
    order by devices.device_id
    -- These are being heard: their readings wait while this holds them.
    limit 5000
    for no key update skip locked
  );
  if v_devices = '{}' then
    return 0;
  end if;
  v_alerts := array(
    select alerts.id from public.alerts
    where alerts.id in (
      select over.alert_id from private.over_silences(resolve_silence_alerts.as_of) as over
      where over.device_id = any (v_devices)
    )
    order by alerts.id
    for no key update skip locked
  );
  update public.alerts
  set is_resolved = true
  where alerts.id = any (v_alerts)
  and not alerts.is_resolved;
  get diagnostics v_resolved = row_count;
  return v_resolved;
end;
$$;
comment on function private.resolve_silence_alerts(timestamptz) is
'Resolve the no_data and device_offline alerts of devices that are heard again; how many. Definer: nobody else writes alerts.';
