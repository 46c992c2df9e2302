/*
 * Gateway silence: a gateway that is heard no longer raises one alert.
 *
 * It needs no rule. How long it may be silent follows from its meters: 15
 * minutes, or three of its shortest expected interval where that is longer
 * (a logger that calls once an hour is not offline in between); less, as soon
 * as a no_data or device_offline rule of one of its devices has elapsed, which
 * it then stands for.
 *
 * gateways.last_seen is a contact by one of its keys. It may be a minute old,
 * and where a shared key is used it stays behind: contact of a device behind
 * the gateway counts as the gateway's. One that never had contact of its own is
 * not judged, nor one without a device that is.
 */
create table private.alert_clock (
  id boolean not null default true,
  resumed_at timestamptz not null,
  constraint alert_clock_pkey primary key (id),
  constraint alert_clock_id_check check (id)
);
comment on table private.alert_clock is 'What the alert clock remembers; one row once there is something.';
comment on column private.alert_clock.id is 'Always true, so that there is one row.';
comment on column private.alert_clock.resumed_at is
'When the clock last ran again after it had stood still. No silence is counted from before: it may have been ours.';

alter table private.alert_clock enable row level security;
revoke all on table private.alert_clock from public, anon, authenticated, service_role;

create table private.silent_gateways (
  gateway_id uuid not null references public.gateways (id) on delete cascade,
  since timestamptz not null,
  constraint silent_gateways_pkey primary key (gateway_id)
);
comment on table private.silent_gateways is
'The gateways whose silence the clock has told of, until they are heard again, also if a person has resolved the alert: one silence raises one.';
comment on column private.silent_gateways.since is 'From when the silence counts.';

alter table private.silent_gateways enable row level security;
revoke all on table private.silent_gateways from public, anon, authenticated, service_role;

create view private.watched_gateways with (security_invoker = true) as
select
  gateways.id as gateway_id,
  gateways.organization_id,
  gateways.name,
  greatest(gateways.last_seen, max(devices.last_seen)) as heard_at,
  min(coalesce(watch_starts.started_at, '-infinity')) filter (where devices.status not in ('inactive', 'maintenance')) as watched_since,
  private.alert_duration(
    'device_offline', 0, min(devices.expected_interval_s) filter (where devices.status not in ('inactive', 'maintenance'))
  ) as patience
from public.gateways
inner join public.devices
  on gateways.organization_id = devices.organization_id and gateways.id = devices.gateway_id
left join private.watch_starts on devices.device_id = watch_starts.device_id
where gateways.last_seen is not null
group by gateways.id
having bool_or(devices.status not in ('inactive', 'maintenance'));
comment on view private.watched_gateways is
'The gateways whose silence would mean something: heard before, and with a device that is judged. heard_at: last contact, its own or through it; patience: how long it may be silent.';

revoke all on table private.watched_gateways from public, anon, authenticated, service_role;

create function private.silences(as_of timestamptz)
returns table (
  rule_id uuid,
  rule_type text,
  organization_id uuid,
  device_id text,
  gateway_id uuid,
  expected_interval_s integer,
  duration interval,
  heard_at timestamptz,
  since timestamptz
)
language sql
stable
security definer
set search_path = ''
as $$
  with rule as (
    select * from public.alert_rules
    where alert_rules.is_enabled and alert_rules.rule_type in ('no_data', 'device_offline')
  ), watched as (
    select rule.id as rule_id, rule.rule_type, rule.duration_minutes, device.*
    from rule
    inner join public.devices as device on device.device_id = rule.device_id
    union all
    select rule.id, rule.rule_type, rule.duration_minutes, device.*
    from rule
    inner join public.devices as device on device.organization_id = rule.organization_id
    where rule.device_id is null
  ), timed as (
    select
      watched.*,
      case watched.rule_type
        when 'no_data' then least(latest.created_at, latest.received_at)
        else watched.last_seen
      end as heard_at
    from watched
    left join public.latest_readings as latest
      on watched.rule_type = 'no_data' and latest.device_id = watched.device_id
    where watched.status not in ('inactive', 'maintenance')
  ), counted as (
    select
      timed.*,
      greatest(
        coalesce(timed.heard_at, timed.created_at), watch_starts.started_at,
        (select alert_clock.resumed_at from private.alert_clock)
      ) as since
    from timed
    left join private.watch_starts on watch_starts.device_id = timed.device_id
  )
  select
    counted.rule_id, counted.rule_type, counted.organization_id, counted.device_id, counted.gateway_id,
    counted.expected_interval_s,
    private.alert_duration(counted.rule_type, counted.duration_minutes, counted.expected_interval_s),
    counted.heard_at, counted.since
  from counted
  -- The first is no weaker, and cheap: it leaves few to ask the function about.
  where counted.since <= silences.as_of - coalesce(nullif(counted.duration_minutes, 0), 5) * interval '1 minute'
  and counted.since <= silences.as_of
  - private.alert_duration(counted.rule_type, counted.duration_minutes, counted.expected_interval_s);
$$;
comment on function private.silences(timestamptz) is
'The devices silent for longer than a no_data or device_offline rule lets them, whoever is to blame. heard_at: last contact, or for no_data the age of the latest value, by the meter''s clock and no later than it came: by that clock readings are judged, so a device whose readings all come late is as good as silent. since: from when the silence counts; a device never heard counts from its registration. Definer: part of the clock.';

create function private.open_gateway_alerts(as_of timestamptz)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_opened integer;
begin
  with watched as (
    select
      gateway.*,
      greatest(
        gateway.heard_at, gateway.watched_since, (select alert_clock.resumed_at from private.alert_clock)
      ) as since
    from private.watched_gateways as gateway
  ), elapsed as materialized (
    select silence.gateway_id, min(silence.duration) as duration
    from private.silences(open_gateway_alerts.as_of) as silence
    inner join watched on watched.gateway_id = silence.gateway_id
    where watched.since <= open_gateway_alerts.as_of - silence.duration
    group by silence.gateway_id
  ), due as (
    select
      watched.*,
      least(watched.patience, elapsed.duration) as allowed
    from watched
    left join elapsed on elapsed.gateway_id = watched.gateway_id
    where watched.since <= open_gateway_alerts.as_of - least(watched.patience, elapsed.duration)
  ), held as materialized (
    -- Who deletes a gateway has it; then there is nothing to tell.
    select gateways.id
    from public.gateways
    where gateways.id in (select due.gateway_id from due)
    order by gateways.id
    for key share skip locked
  ), noted as (
    insert into private.silent_gateways (gateway_id, since)
    select due.gateway_id, due.since
    from due
    inner join held on held.id = due.gateway_id
    on conflict do nothing
    returning gateway_id
  )
  insert into public.alerts (
    organization_id, gateway_id, alert_type, severity, message, threshold_value, actual_value, created_at, metadata
  )
  select
    due.organization_id, due.gateway_id, 'gateway_offline', 'critical',
    format(
      '%s: no contact for %s min, more than the %s min allowed (last heard %s UTC)',
      due.name,
      floor(extract(epoch from open_gateway_alerts.as_of - due.since) / 60),
      trim_scale(round(extract(epoch from due.allowed) / 60, 1)),
      to_char(due.heard_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
    ),
    extract(epoch from due.allowed) / 60,
    extract(epoch from open_gateway_alerts.as_of - due.since) / 60,
    open_gateway_alerts.as_of,
    jsonb_build_object('silent_since', due.since)
  from due
  inner join noted on noted.gateway_id = due.gateway_id
  on conflict do nothing;
  get diagnostics v_opened = row_count;
  return v_opened;
end;
$$;
comment on function private.open_gateway_alerts(timestamptz) is
'One critical alert for each gateway that is silent; how many. Definer: nobody else writes alerts.';

create function private.resolve_gateway_alerts(as_of timestamptz)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_over record;
  v_alert_id uuid;
  v_resolved integer := 0;
begin
  for v_over in
    select gateways.id as gateway_id, gateways.organization_id, watched.heard_at
    from private.silent_gateways as silent
    inner join public.gateways on gateways.id = silent.gateway_id
    left join private.watched_gateways as watched on watched.gateway_id = silent.gateway_id
    where watched.gateway_id is null
    or (watched.heard_at > silent.since and watched.heard_at > resolve_gateway_alerts.as_of - watched.patience)
    order by gateways.id
  loop
    if exists (
      select from public.alerts
      where alerts.organization_id = v_over.organization_id
      and alerts.gateway_id = v_over.gateway_id
      and alerts.alert_type = 'gateway_offline'
      and not alerts.is_resolved
    ) then
      select alerts.id into v_alert_id
      from public.alerts
      where alerts.organization_id = v_over.organization_id
      and alerts.gateway_id = v_over.gateway_id
      and alerts.alert_type = 'gateway_offline'
      and not alerts.is_resolved
      for no key update skip locked;
      continue when not found;

      update public.alerts
      set
        is_resolved = true,
        resolution_note = case
          when v_over.heard_at is null then coalesce(alerts.resolution_note, 'No device behind it is watched.')
          else alerts.resolution_note
        end
      where alerts.id = v_alert_id;
      v_resolved := v_resolved + 1;
    end if;

    delete from private.silent_gateways where silent_gateways.gateway_id = v_over.gateway_id;
    insert into private.watch_starts as known (device_id, started_at)
    select devices.device_id, v_over.heard_at
    from public.devices
    where devices.organization_id = v_over.organization_id
    and devices.gateway_id = v_over.gateway_id
    and v_over.heard_at is not null
    order by devices.device_id
    on conflict (device_id) do update
    set started_at = greatest(known.started_at, excluded.started_at);
  end loop;
  return v_resolved;
end;
$$;
comment on function private.resolve_gateway_alerts(timestamptz) is
'Resolve the alerts of gateways that are heard again, or that nothing is expected of any more; how many. The silence of their devices counts from that contact. Definer: nobody else writes alerts.';
