/*
 * Alert judging: what each type of rule compares, and with what.
 *
 * is_breach is the definition. It costs more than a microsecond a reading, and a
 * function that is inlined cannot pin its search_path; so the two places that
 * judge readings by the hundred thousand, the trigger on flow_data and the
 * backtest, spell the same comparisons out. A test feeds the same readings to
 * all three.
 *
 * no_data and device_offline are not in it: they compare a silence with the
 * clock. A duration of 0 is the type's own where none would be nonsense, so
 * rules written before their type was judged need no change.
 */
create function private.alert_duration(rule_type text, duration_minutes integer, expected_interval_s integer)
returns interval
language sql
immutable
security invoker
set search_path = ''
as $$
  select case
    when duration_minutes > 0 then duration_minutes * interval '1 minute'
    when rule_type = 'no_data' then greatest(expected_interval_s * interval '3 seconds', interval '5 minutes')
    when rule_type = 'device_offline' then greatest(expected_interval_s * interval '3 seconds', interval '15 minutes')
    when rule_type = 'stuck_value' then greatest(expected_interval_s * interval '3 seconds', interval '60 minutes')
    else interval '0'
  end;
$$;
comment on function private.alert_duration(text, integer, integer) is
'How long a rule''s condition must hold for a device. Without one of its own: no_data three expected intervals, at least 5 minutes; device_offline the same, at least 15; stuck_value the same, at least 60; the others none.';

create function private.is_breach(
  rule_type text,
  threshold_value double precision,
  deadband double precision,
  flow_rate double precision,
  battery_level integer,
  flow_change double precision,
  rate_of_change double precision
)
returns boolean
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
  return case rule_type
    when 'high_flow' then case
      when flow_rate > threshold_value then true
      when flow_rate <= threshold_value - deadband then false
    end
    when 'low_flow' then case
      when flow_rate < threshold_value then true
      when flow_rate >= threshold_value + deadband then false
    end
    when 'zero_flow' then case
      when abs(flow_rate) <= coalesce(threshold_value, 0) then true
      when abs(flow_rate) > coalesce(threshold_value, 0) + deadband then false
    end
    when 'battery_low' then case
      when battery_level not between 0 and 100 then null
      when battery_level < threshold_value then true
      when battery_level >= threshold_value + deadband then false
    end
    when 'rate_of_change' then case
      when rate_of_change > threshold_value then true
      when rate_of_change <= threshold_value - deadband then false
    end
    when 'stuck_value' then case
      when flow_change is null then null
      when flow_rate = 0 then false
      when flow_change <= coalesce(threshold_value, 0) then true
      when flow_change > coalesce(threshold_value, 0) + deadband then false
    end
  end;
end;
$$;
comment on function private.is_breach(
  text, double precision, double precision, double precision, integer, double precision, double precision
) is
'Whether a reading is beyond a rule''s threshold; false once it is back by the deadband, null in between and where the reading says nothing. Flow [m3/h], battery [%]; flow_change [m3/h]: by how much the flow differs from that of the reading before, rate_of_change the same a minute, where no more than two expected intervals lie between. Zero is no value to be stuck at. plpgsql: a third of the cost of the same in SQL.';

comment on table public.alert_rules is 'What an operator wants watched. Readings are judged as they come, silence by private.job_alert_clock.';
comment on column public.alert_rules.rule_type is
'high_flow, low_flow; zero_flow: at or below the threshold in magnitude; battery_low: below it; rate_of_change: flow changes faster; stuck_value: flow is not zero and does not change; no_data: no reading with a value; device_offline: no contact at all.';
comment on column public.alert_rules.threshold_value is
'In the unit of the watched quantity: flow m3/h, battery %, rate_of_change m3/h per minute. zero_flow and stuck_value: m3/h that still count as zero, as no change between readings; null is 0. Ignored by no_data and device_offline.';
comment on column public.alert_rules.duration_minutes is
'[min] How long the condition must hold before an alert opens. 0: at once; for no_data, device_offline and stuck_value the time of private.alert_duration.';
comment on column public.alerts.threshold_value is
'The rule''s threshold when it opened, in the unit of the watched quantity; of a silence, the minutes it may last.';
comment on column public.alerts.actual_value is 'The first value beyond it, in the same unit; of a silence, the minutes it had lasted.';
comment on column public.alerts.metadata is 'silent_since: of a silence, when it began. failed_at: of a job, when its run ended.';
