/*
 * Flow steps: judging the types that compare a reading with the one before it,
 * rate_of_change and stuck_value.
 *
 * The reading before is the one before in the batch; for the first of a batch
 * latest_readings as it was; where that is this very reading, has no flow, or
 * came with readings too late to be judged, flow_data.
 */
create type private.flow_point as (
  flow_rate double precision,
  created_at timestamptz
);
comment on type private.flow_point is 'A flow [m3/h] and when it was measured.';

create type private.flow_step as (
  rule_id uuid,
  rule_updated_at timestamptz,
  device_id text,
  created_at timestamptz,
  flow_rate double precision,
  expected_interval_s integer,
  known private.flow_point
);
comment on type private.flow_step is
'A reading to be compared with the one before it, for the rule as it was. known: what latest_readings tells of that; null if nothing or nothing certain.';

create function private.previous_flow(device_id text, instant timestamptz)
returns private.flow_point
language sql
stable
security definer
set search_path = ''
as $$
  select flow_data.flow_rate, flow_data.created_at
  from public.flow_data
  where flow_data.device_id = previous_flow.device_id
  and flow_data.created_at < previous_flow.instant
  and flow_data.flow_rate is not null
  and flow_data.quality <> 'bad'
  and case
    when flow_data.flow_rate = 0 and not 'ghost_zero' = any (flow_data.flags)
      then private.zero_flag(flow_data.flow_rate, flow_data.totalizer, flow_data.level, flow_data.velocity)
      is distinct from 'ghost_zero'
    else true
  end
  order by flow_data.created_at desc
  limit 1;
$$;
comment on function private.previous_flow(text, timestamptz) is
'The last reading of a device before an instant that has a flow and is neither bad nor a ghost. It opens every partition. Definer: part of the trigger on flow_data and of the clock.';

create function private.judge_flow_steps(steps private.flow_step[])
returns private.alert_finding[]
language sql
stable
security definer
set search_path = ''
as $$
  with pair as (
    select
      step.*,
      lag(step.flow_rate) over earlier as batch_flow_rate,
      lag(step.created_at) over earlier as batch_at
    from unnest(judge_flow_steps.steps) as step
    window earlier as (partition by step.rule_id, step.device_id order by step.created_at)
  ), compared as materialized (
    select
      pair.*,
      case
        when pair.batch_at is not null then row(pair.batch_flow_rate, pair.batch_at)::private.flow_point
        when pair.known is not null then pair.known
        else private.previous_flow(pair.device_id, pair.created_at)
      end as previous
    from pair
  ), changed as materialized (
    select
      compared.*,
      abs(compared.flow_rate - (compared.previous).flow_rate) as flow_change,
      case
        when compared.created_at - (compared.previous).created_at
          <= compared.expected_interval_s * interval '2 seconds'
          then abs(compared.flow_rate - (compared.previous).flow_rate) * 60
          / extract(epoch from compared.created_at - (compared.previous).created_at)::double precision
      end as rate_of_change
    from compared
  ), judged as (
    select
      rule.id as rule_id, rule.updated_at as rule_updated_at, rule.organization_id, changed.device_id,
      changed.created_at, changed.expected_interval_s,
      case rule.rule_type when 'rate_of_change' then changed.rate_of_change else changed.flow_rate end as value,
      private.is_breach(
        rule.rule_type, rule.threshold_value, rule.deadband, changed.flow_rate, null,
        changed.flow_change, changed.rate_of_change
      ) as is_breach,
      case rule.rule_type when 'stuck_value' then (changed.previous).created_at else changed.created_at end as since,
      rule.rule_type = 'stuck_value' or rule.duration_minutes > 0 as has_duration
    from changed
    inner join public.alert_rules as rule
      on rule.id = changed.rule_id and rule.updated_at = changed.rule_updated_at
    offset 0
  ), turning as (
    select
      judged.*,
      lag(judged.is_breach) over (partition by judged.rule_id, judged.device_id order by judged.created_at) as before
    from judged
    where judged.is_breach is not null
  )
  select array_agg(row(
    turning.rule_id, turning.rule_updated_at, turning.organization_id, turning.device_id, turning.created_at,
    turning.value, turning.is_breach, turning.since, turning.expected_interval_s
  )::private.alert_finding)
  from turning
  -- As in the trigger: what the loop would find nothing to do for is left out.
  where case
    when turning.before is not null
      then turning.before <> turning.is_breach or (turning.is_breach and turning.has_duration)
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
      and turning.has_duration
      and exists (
        select from private.pending_alerts
        where pending_alerts.rule_id = turning.rule_id
        and pending_alerts.device_id = turning.device_id
      )
    )
  end;
$$;
comment on function private.judge_flow_steps(private.flow_step[]) is
'What these readings do to their rules; null if nothing. Called with the plan settings of the trigger. Definer: part of the trigger on flow_data.';
