/*
 * Backtest: what a rule would have done, before it is saved.
 *
 * It judges stored readings as the live path does (private.is_breach, spelled
 * out: a year of minutes is half a million readings), as if each had come in
 * time and in order, and no rule or device had been touched. So it tells more
 * than the live path where readings came late: those page nobody.
 *
 * It runs with the caller's rights, so people may execute the one helper it
 * asks, which is plain arithmetic.
 */
create function public.backtest_alert_rule(
  device_id text,
  rule_type text,
  threshold_value double precision default null,
  deadband double precision default 0,
  duration_minutes integer default 0,
  start_time timestamptz default now() - interval '30 days',
  end_time timestamptz default now()
)
returns table (
  opened_at timestamptz,
  resolved_at timestamptz,
  measured_at timestamptz,
  actual_value double precision,
  peak_value double precision
)
language plpgsql
stable
security invoker
set search_path = ''
as $$
#variable_conflict use_column
declare
  v_device public.devices;
  v_end constant timestamptz := least(backtest_alert_rule.end_time, now());
  v_threshold constant double precision := coalesce(backtest_alert_rule.threshold_value, 0);
  v_duration interval;
  v_window interval;
  v_before timestamptz;
begin
  if backtest_alert_rule.rule_type is null or backtest_alert_rule.rule_type not in (
    'high_flow', 'low_flow', 'zero_flow', 'no_data', 'device_offline', 'battery_low', 'rate_of_change', 'stuck_value'
  ) or (
    backtest_alert_rule.threshold_value is null
    and backtest_alert_rule.rule_type in ('high_flow', 'low_flow', 'battery_low', 'rate_of_change')
  ) or not coalesce(
    abs(coalesce(backtest_alert_rule.threshold_value, 0)) < 'infinity'
    and backtest_alert_rule.deadband >= 0 and backtest_alert_rule.deadband < 'infinity'
    and backtest_alert_rule.duration_minutes >= 0,
    false
  ) then
    raise exception 'no rule that could be saved: % % % %',
      coalesce(backtest_alert_rule.rule_type, 'null'), coalesce(backtest_alert_rule.threshold_value::text, 'null'),
      coalesce(backtest_alert_rule.deadband::text, 'null'), coalesce(backtest_alert_rule.duration_minutes::text, 'null')
      using errcode = 'RULBT', hint = 'Type, threshold, deadband and duration as in alert_rules.';
  end if;

  select devices.* into v_device
  from public.devices
  where devices.device_id = backtest_alert_rule.device_id;
  if not found then
    return;
  end if;
  v_duration := private.alert_duration(
    backtest_alert_rule.rule_type, backtest_alert_rule.duration_minutes, v_device.expected_interval_s
  );
  v_window := greatest(v_device.expected_interval_s * interval '2 seconds', interval '5 minutes');

  -- What came just before takes part, as the reading before or the last contact.
  select flow_data.created_at into v_before
  from public.flow_data
  where flow_data.device_id = backtest_alert_rule.device_id
  and flow_data.created_at < backtest_alert_rule.start_time
  and (flow_data.quality <> 'bad' or backtest_alert_rule.rule_type = 'device_offline')
  and (
    flow_data.flow_rate is not null or backtest_alert_rule.rule_type not in ('rate_of_change', 'stuck_value')
  )
  order by flow_data.created_at desc
  limit 1;

  if backtest_alert_rule.rule_type in ('no_data', 'device_offline') then
    return query
    with reading as (
      select flow_data.created_at
      from public.flow_data
      where flow_data.device_id = backtest_alert_rule.device_id
      and flow_data.created_at >= coalesce(v_before, backtest_alert_rule.start_time)
      and flow_data.created_at < v_end
      and (flow_data.quality <> 'bad' or backtest_alert_rule.rule_type = 'device_offline')
    ), heard as (
      select reading.created_at as since
      from reading
      union all
      -- Never heard before: as for the clock, from its registration.
      select registered.at
      from (select greatest(v_device.created_at, backtest_alert_rule.start_time) as at) as registered
      where v_before is null
      and registered.at < coalesce((select min(reading.created_at) from reading), v_end)
    ), gap as (
      select heard.since, lead(heard.since) over (order by heard.since) as until
      from heard
    )
    select
      greatest(gap.since + v_duration, backtest_alert_rule.start_time),
      gap.until,
      gap.since,
      (extract(epoch from v_duration) / 60)::double precision,
      (extract(epoch from coalesce(gap.until, v_end) - gap.since) / 60)::double precision
    from gap
    where gap.since + v_duration < coalesce(gap.until, v_end)
    and coalesce(gap.until, v_end) > backtest_alert_rule.start_time
    order by gap.since;
    return;
  end if;

  return query
  with reading as (
    select
      flow_data.created_at,
      flow_data.flow_rate,
      flow_data.battery_level,
      lead(flow_data.created_at) over (order by flow_data.created_at) as next_at
    from public.flow_data
    where flow_data.device_id = backtest_alert_rule.device_id
    and flow_data.created_at >= coalesce(v_before, backtest_alert_rule.start_time)
    and flow_data.created_at < v_end
    and flow_data.quality <> 'bad'
  ), pair as (
    select
      reading.*,
      lag(reading.flow_rate) over earlier as previous_flow_rate,
      lag(reading.created_at) over earlier as previous_at
    from reading
    where case backtest_alert_rule.rule_type
      when 'battery_low' then reading.battery_level is not null
      else reading.flow_rate is not null
    end
    window earlier as (order by reading.created_at)
  ), compared as (
    select
      pair.*,
      case backtest_alert_rule.rule_type
        when 'battery_low' then pair.battery_level
        when 'rate_of_change' then case
          when pair.created_at - pair.previous_at <= v_device.expected_interval_s * interval '2 seconds'
            then abs(pair.flow_rate - pair.previous_flow_rate) * 60
            / extract(epoch from pair.created_at - pair.previous_at)::double precision
        end
        else pair.flow_rate
      end as value,
      abs(pair.flow_rate - pair.previous_flow_rate) as flow_change
    from pair
    where pair.created_at >= backtest_alert_rule.start_time
    offset 0
  ), judged as (
    select
      compared.created_at, compared.next_at, compared.value,
      case backtest_alert_rule.rule_type
        when 'stuck_value' then compared.previous_at
        else compared.created_at
      end as since,
      case
        when backtest_alert_rule.rule_type in ('high_flow', 'rate_of_change') then case
          when compared.value > backtest_alert_rule.threshold_value then true
          when compared.value <= backtest_alert_rule.threshold_value - backtest_alert_rule.deadband then false
        end
        when backtest_alert_rule.rule_type in ('low_flow', 'battery_low') then case
          when backtest_alert_rule.rule_type = 'battery_low' and compared.value not between 0 and 100 then null
          when compared.value < backtest_alert_rule.threshold_value then true
          when compared.value >= backtest_alert_rule.threshold_value + backtest_alert_rule.deadband then false
        end
        when backtest_alert_rule.rule_type = 'zero_flow' then case
          when abs(compared.value) <= v_threshold then true
          when abs(compared.value) > v_threshold + backtest_alert_rule.deadband then false
        end
        else case
          when compared.flow_change is null then null
          when compared.flow_rate = 0 then false
          when compared.flow_change <= v_threshold then true
          when compared.flow_change > v_threshold + backtest_alert_rule.deadband then false
        end
      end as is_breach
    from compared
    offset 0
  ), turning as (
    select judged.*, lag(judged.is_breach) over (order by judged.created_at) as before
    from judged
    where judged.is_breach is not null
  ), excursion as (
    -- The readings beyond, and the one that ends them.
    select
      turning.*,
      count(*) filter (where turning.is_breach and turning.before is distinct from true)
      over (order by turning.created_at) as number
    from turning
    where turning.is_breach or turning.before
  ), timed as (
    select excursion.*, min(excursion.since) over (partition by excursion.number) + v_duration as elapsed_at
    from excursion
  ), opening as (
    -- By a reading, or by the clock while the latest one stands and is fresh.
    select
      timed.*,
      case
        when not timed.is_breach then null
        when timed.created_at >= timed.elapsed_at then timed.created_at
        when timed.elapsed_at < coalesce(timed.next_at, v_end)
          and timed.created_at >= timed.elapsed_at - v_window
          then timed.elapsed_at
      end as opens_at
    from timed
  ), first as (
    select
      opening.*,
      opening.opens_at is not null
      and lag(opening.opens_at) over (partition by opening.number order by opening.created_at) is null as is_first
    from opening
  )
  select
    min(first.opens_at),
    min(first.created_at) filter (where not first.is_breach),
    min(first.created_at) filter (where first.is_first),
    min(first.value) filter (where first.is_first),
    case
      when backtest_alert_rule.rule_type in ('high_flow', 'rate_of_change')
        then max(first.value) filter (where first.is_breach)
      when backtest_alert_rule.rule_type = 'zero_flow' then min(abs(first.value)) filter (where first.is_breach)
      when backtest_alert_rule.rule_type = 'stuck_value' then min(first.value) filter (where first.is_first)
      else min(first.value) filter (where first.is_breach)
    end
  from first
  group by first.number
  having min(first.opens_at) is not null
  order by 1;
end;
$$;
comment on function public.backtest_alert_rule(
  text, text, double precision, double precision, integer, timestamptz, timestamptz
) is
'The alerts a rule would have raised about one device over its readings with start_time <= created_at < end_time, as if saved at start_time; units and the meaning of 0 minutes as in alert_rules. opened_at, resolved_at (null: still open) by the meter''s clock; measured_at and actual_value of the reading that opened it; peak_value the furthest beyond the threshold. no_data and device_offline go by gaps between readings, since no history of contact is kept: bad readings are contact, measured_at is the last reading before, values are minutes. Late readings count as if they had come in time. Empty for a device the caller may not see. RULBT: no rule that alert_rules would take.';

revoke all on function public.backtest_alert_rule(
  text, text, double precision, double precision, integer, timestamptz, timestamptz
) from public, anon, authenticated, service_role;

grant execute on function public.backtest_alert_rule(
  text, text, double precision, double precision, integer, timestamptz, timestamptz
) to authenticated, service_role;
grant execute on function private.alert_duration(text, integer, integer) to authenticated, service_role;

notify pgrst, 'reload schema';
