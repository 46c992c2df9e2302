/* Alerts: which readings are judged, and by which rules. */
begin;
select plan(24);

select tests.make_two_organizations();

create function pg_temp.ingest(readings text)
returns setof text
language plpgsql
volatile
as $$
begin
  -- "@90 seconds" in a time is so long before this transaction's now().
  perform tests.sign_in('service_role');
  return query
  select rtrim(concat_ws(' ', answer.index, answer.verdict, answer.code, answer.pointer))
  from public.ingest_readings((
    select coalesce(jsonb_agg(
      case when jsonb_typeof(element) <> 'object' then element else element || (
        select coalesce(jsonb_object_agg(field.key, now() - substr(field.value, 2)::interval), '{}')
        from jsonb_each_text(element) as field
        where field.value like '@%'
      ) end
      order by ordinality
    ), '[]')
    from jsonb_array_elements(ingest.readings::jsonb) with ordinality as listed (element, ordinality)
  )) as answer
  order by answer.index;
  perform tests.sign_out();
end;
$$;

select tests.make_device('TAP_LOW');
select tests.make_device('TAP_ANY');
select tests.make_device('TAP_BOTH');
update public.devices set expected_interval_s = 60
where device_id in ('TAP_LOW', 'TAP_ANY', 'TAP_BOTH');
insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value, severity)
values ('TAP_LOW', 'Low', 'low_flow', 5, 'critical');

-- Its life, as one line an alert: values, how it stands, who.
create function pg_temp.life(device_id text)
returns setof text
language sql
stable
as $$
  select concat_ws(
    ' ', alerts.alert_type, alerts.severity, alerts.actual_value, alerts.threshold_value,
    case when alerts.is_resolved then 'resolved' else 'open' end,
    extract(epoch from now() - alerts.measured_at)::integer, alerts.resolved_by
  )
  from public.alerts
  where alerts.device_id = life.device_id
  order by alerts.measured_at, alerts.alert_type, alerts.threshold_value;
$$;

-- What is not judged --------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_LOW", "created_at": "@180 seconds", "flow_rate": 0, "level": 1, "quality": "bad"},
       {"device_id": "TAP_LOW", "created_at": "@170 seconds", "flow_rate": 6}]'
    )
  $$,
  array['0 new', '1 new'],
  'where the flow is not low'
);

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_LOW", "created_at": "@160 seconds", "flow_rate": 0, "totalizer": 0}]'
    )
  $$,
  array['0 new'],
  'a ghost'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_LOW", "created_at": "@175 seconds", "flow_rate": 1}]'
    )
  $$,
  array['0 new'],
  'a reading behind the latest'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_LOW", "created_at": "@180 seconds", "velocity": 1}]'
    )
  $$,
  array['0 merged'],
  'one that is completed behind it'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_LOW", "created_at": "@150 seconds", "flow_rate": 1, "quality": "bad"}]'
    )
  $$,
  array['0 new'],
  'a bad one'
);
select results_eq(
  $$ select pg_temp.life('TAP_LOW') $$,
  array[]::text[],
  'open nothing'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_ANY", "created_at": "@301 seconds", "received_at": "@301 seconds", "flow_rate": 500}]'
    )
  $$,
  array['0 new'],
  'a reading older than five minutes, though it came at once and waited on a spool'
);
update public.alert_rules set threshold_value = 50
where device_id = 'TAP_H';
insert into public.alert_rules (rule_name, rule_type, threshold_value, severity) values ('Any', 'high_flow', 400, 'warning');
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_ANY", "created_at": "@300.5 seconds", "flow_rate": 500}]'
    )
  $$,
  array['0 new'],
  'the latest it has'
);
select results_eq(
  $$ select pg_temp.life('TAP_ANY') $$,
  array[]::text[],
  'opens nothing'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_ANY", "created_at": "@290 seconds", "level": 2}]'
    )
  $$,
  array['0 new'],
  'a reading without flow'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_ANY", "created_at": "@290 seconds", "flow_rate": 500}]'
    )
  $$,
  array['0 merged'],
  'that is completed while it is the latest'
);
select results_eq(
  $$ select pg_temp.life('TAP_ANY') $$,
  array['high_flow warning 500 400 open 290'],
  'is judged, by the rule for every device'
);
update public.alert_rules set is_enabled = false
where rule_name = 'Any';
select results_eq(
  $$ select pg_temp.life('TAP_ANY') $$,
  array['high_flow warning 500 400 resolved 290'],
  'a rule that is switched off resolves what nothing would clear any more'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_BOTH", "created_at": "@20 seconds", "flow_rate": 500}]'
    )
  $$,
  array['0 new'],
  'a rule that is switched off'
);
select results_eq(
  $$ select pg_temp.life('TAP_BOTH') $$,
  array[]::text[],
  'judges nothing'
);
update public.alert_rules set is_enabled = true
where rule_name = 'Any';
insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value, severity) values ('TAP_BOTH', 'Own', 'high_flow', 300, 'info');
insert into public.flow_data (device_id, created_at, flow_rate) values ('TAP_BOTH', now() - interval '10 seconds', 500);
select results_eq(
  $$ select pg_temp.life('TAP_BOTH') $$,
  array['high_flow info 500 300 open 10', 'high_flow warning 500 400 open 10'],
  'a direct load is judged like any other; each rule has its own alert'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_BOTH", "created_at": "1970-01-01T00:00:00Z", "flow_rate": 1}]'
    )
  $$,
  array['0 new'],
  'a reading with an impossible clock is at the receive time'
);
select results_eq($$ select count(*) from public.alerts where device_id = 'TAP_BOTH' and is_resolved $$, array[2::bigint], 'and is judged');
delete from public.alert_rules
where rule_name = 'Any';

-- Rules that change under an open alert ---------------------------------------------------

select tests.make_device('TAP_OLD');
select tests.make_device('TAP_NEW');
insert into public.alert_rules (rule_name, rule_type, threshold_value) values ('Moving', 'high_flow', 400);
insert into public.flow_data (device_id, created_at, flow_rate) values
('TAP_OLD', now() - interval '10 seconds', 500), ('TAP_NEW', now() - interval '10 seconds', 500);
update public.alert_rules set device_id = 'TAP_NEW', rule_name = 'Moved', severity = 'info', threshold_value = 450
where rule_name = 'Moving';
select results_eq(
  $$ select pg_temp.life('TAP_OLD') $$, array['high_flow warning 500 400 resolved 10'],
  'a rule that is given to one device resolves the alerts of the others'
);
select results_eq(
  $$ select resolution_note from public.alerts where device_id = 'TAP_OLD' $$, array['Its rule no longer watches this.'],
  'and says why'
);
select results_eq(
  $$ select pg_temp.life('TAP_NEW') $$, array['high_flow warning 500 400 open 10'],
  'that of the device stays'
);
update public.alert_rules set rule_type = 'stuck_value'
where rule_name = 'Moved';
select results_eq(
  $$ select pg_temp.life('TAP_NEW') $$, array['high_flow warning 500 400 resolved 10'],
  'until the rule is of another type'
);

-- The largest interval a device can have
update public.devices set expected_interval_s = 2147483647
where device_id = 'TAP_OLD';
insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value) values ('TAP_OLD', 'Rare', 'high_flow', 400);
select results_eq(
  $$ select pg_temp.ingest('[{"device_id": "TAP_OLD", "created_at": "@5 seconds", "flow_rate": 600}]') $$, array['0 new'],
  'a device with the longest interval there is'
);
select results_eq(
  $$ select pg_temp.life('TAP_OLD') $$,
  array['high_flow warning 500 400 resolved 10', 'high_flow warning 600 400 open 5'],
  'is judged'
);

select finish();
rollback;
