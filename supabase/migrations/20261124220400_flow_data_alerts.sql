/*
 * Readings and alerts: the trigger on flow_data judges all types that a reading
 * can decide.
 *
 * What is new beside the types:
 * - A device that is inactive or in maintenance is not judged.
 * - A reading ends a silence at once; beginning one is the clock's business.
 * - A direct load takes its devices also where contact came meanwhile: what it
 *   judges must not be older than what it waited for.
 * The types that compare a reading with the one before it cost nothing where no
 * rule is of them: such readings are handed to judge_flow_steps. The plans stay
 * pinned, for the reasons told with the first version.
 */
create or replace function private.tg_flow_data__advance()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_findings private.alert_finding[];
  v_steps private.flow_step[];
begin
  -- An UPDATE of no row fires too, and so does an INSERT that does nothing.
  if not exists (select from added) then
    return null;
  end if;

  -- Contact, ghosts included. Under ingest_readings last_seen is already this,
  -- so nothing is found; a direct load takes its devices here.
  perform from public.devices
  where devices.device_id = any (array(select added.device_id from added))
  and devices.last_seen is distinct from (select max(added.received_at) from added)
  order by devices.device_id
  for no key update;
  if found then
    update public.devices
    set last_seen = newest.received_at
    from (
      select added.device_id, max(added.received_at) as received_at
      from added
      group by added.device_id
    ) as newest
    where devices.device_id = newest.device_id
    and (devices.last_seen is null or devices.last_seen < newest.received_at);
  end if;

  -- One statement, so that all of it sees latest_readings as it was: all of a
  -- batch that is newer is judged, though only its last stays. A row the flags
  -- call a ghost and the quality does not is one that a person overruled.
  with news as materialized (
    select added.*, device.organization_id, device.expected_interval_s, device.status
    from added
    cross join lateral (
      select devices.organization_id, devices.expected_interval_s, devices.status
      from public.devices
      where devices.device_id = added.device_id
      limit 1
    ) as device
    where added.quality <> 'bad'
    and case
      when added.flow_rate = 0
        then 'ghost_zero' = any (added.flags)
        or private.zero_flag(added.flow_rate, added.totalizer, added.level, added.velocity) is distinct from 'ghost_zero'
      else true
    end
    and not exists (
      select from public.latest_readings as latest
      where latest.device_id = added.device_id
      and latest.created_at > added.created_at
      offset 0
    )
  ), advanced as (
    insert into public.latest_readings as latest (
      device_id, organization_id, created_at, received_at, flow_rate, totalizer, temperature,
      pressure, level, velocity, battery_level, signal_strength, quality
    )
    select distinct on (news.device_id)
      news.device_id, news.organization_id, news.created_at, news.received_at, news.flow_rate, news.totalizer,
      news.temperature, news.pressure, news.level, news.velocity, news.battery_level, news.signal_strength, news.quality
    from news
    order by news.device_id, news.created_at desc
    on conflict (device_id) do update set
      created_at = excluded.created_at,
      received_at = excluded.received_at,
      flow_rate = excluded.flow_rate,
      totalizer = excluded.totalizer,
      temperature = excluded.temperature,
      pressure = excluded.pressure,
      level = excluded.level,
      velocity = excluded.velocity,
      battery_level = excluded.battery_level,
      signal_strength = excluded.signal_strength,
      quality = excluded.quality
    where latest.created_at <= excluded.created_at
  ), judged as (
    -- As private.is_breach, spelled out. The types that look at two readings
    -- are judged apart, below: null here. A reading ends a silence that it shows
    -- to be over. `offset 0`: once a row, not again for the filter and for each
    -- half of the union.
    select
      news.organization_id, news.device_id, news.created_at, news.flow_rate, news.battery_level,
      news.expected_interval_s, rule.id as rule_id, rule.updated_at as rule_updated_at, rule.rule_type,
      rule.duration_minutes,
      coalesce(
        case rule.rule_type
          when 'high_flow' then case
            when news.flow_rate > rule.threshold_value then true
            when news.flow_rate <= rule.threshold_value - rule.deadband then false
          end
          when 'low_flow' then case
            when news.flow_rate < rule.threshold_value then true
            when news.flow_rate >= rule.threshold_value + rule.deadband then false
          end
          when 'zero_flow' then case
            when abs(news.flow_rate) <= coalesce(rule.threshold_value, 0) then true
            when abs(news.flow_rate) > coalesce(rule.threshold_value, 0) + rule.deadband then false
          end
          when 'battery_low' then case
            when news.battery_level not between 0 and 100 then null
            when news.battery_level < rule.threshold_value then true
            when news.battery_level >= rule.threshold_value + rule.deadband then false
          end
        end,
        case
          when rule.rule_type in ('no_data', 'device_offline') and (
            rule.duration_minutes = 0
            or least(news.created_at, news.received_at) > v_now - rule.duration_minutes * interval '1 minute'
          ) then false
        end
      ) as is_breach
    from news
    cross join lateral (
      select * from public.alert_rules
      where alert_rules.organization_id = news.organization_id and alert_rules.device_id = news.device_id
      union all
      select * from public.alert_rules
      where alert_rules.organization_id = news.organization_id and alert_rules.device_id is null
    ) as rule
    where rule.is_enabled
    and news.status not in ('inactive', 'maintenance')
    and news.created_at >= v_now - greatest(news.expected_interval_s * interval '2 seconds', interval '5 minutes')
    offset 0
  ), turning as (
    select
      judged.*,
      lag(judged.is_breach) over (partition by judged.rule_id, judged.device_id order by judged.created_at) as before
    from judged
    where judged.is_breach is not null
    or judged.rule_type in ('rate_of_change', 'stuck_value')
  )
  select
    array_agg(row(
      turning.rule_id, turning.rule_updated_at, turning.organization_id, turning.device_id, turning.created_at,
      case turning.rule_type when 'battery_low' then turning.battery_level else turning.flow_rate end,
      turning.is_breach, turning.created_at, turning.expected_interval_s
    )::private.alert_finding) filter (where turning.rule_type not in ('rate_of_change', 'stuck_value')),
    array_agg(row(
      turning.rule_id, turning.rule_updated_at, turning.device_id, turning.created_at, turning.flow_rate,
      turning.expected_interval_s,
      (
        select row(latest.flow_rate, latest.created_at)::private.flow_point
        from public.latest_readings as latest
        where latest.device_id = turning.device_id
        and latest.created_at < turning.created_at
        and latest.flow_rate is not null
        and not exists (
          select from news
          where news.created_at < v_now - greatest(news.expected_interval_s * interval '2 seconds', interval '5 minutes')
        )
      )
    )::private.flow_step) filter (where turning.rule_type in ('rate_of_change', 'stuck_value'))
  into v_findings, v_steps
  from turning
  -- Left out is what the loop would find nothing to do for: a value that stays
  -- on its side, a normal one with nothing open, a breach that is open already.
  where case
    when turning.is_breach is null then turning.flow_rate is not null
    when turning.before is not null
      then turning.before <> turning.is_breach or (turning.is_breach and turning.duration_minutes > 0)
    else turning.is_breach <> exists (
      select from public.alerts
      where alerts.organization_id = turning.organization_id
      and coalesce(alerts.rule_id::text, alerts.alert_type) = turning.rule_id::text
      and alerts.device_id = turning.device_id
      and alerts.gateway_id is null
      and alerts.job is null
      and not alerts.is_resolved
    )
    or (
      not turning.is_breach
      and turning.duration_minutes > 0
      and exists (
        select from private.pending_alerts
        where pending_alerts.rule_id = turning.rule_id
        and pending_alerts.device_id = turning.device_id
      )
    )
  end;
  if v_steps is not null then
    v_findings := v_findings || private.judge_flow_steps(v_steps);
  end if;
  if v_findings is not null then
    perform private.apply_alert_findings(v_findings);
  end if;

  -- Last, since it fires this trigger again for the rows it changes. Ingest has
  -- flagged its new rows; what is left are direct loads and merges.
  if exists (
    select from added
    where case
      when added.flow_rate = 0 or added.flags <> '{}'
        then private.zero_flag(added.flow_rate, added.totalizer, added.level, added.velocity)
        is distinct from private.flagged_zero(added.flags)
    end
  ) then
    perform private.flag_zeros(array_agg(added.device_id), array_agg(added.created_at)) from added;
  end if;
  return null;
end;
$$;
comment on function private.tg_flow_data__advance() is
'Move last_seen and latest_readings forward, open and resolve alerts, flag zeros, for a statement''s readings. Definer: only through a reading may a caller write those tables.';

drop function private.apply_alert_events(private.alert_event[]);
drop function private.alert_message(public.alert_rules, private.alert_event);
drop type private.alert_event;
