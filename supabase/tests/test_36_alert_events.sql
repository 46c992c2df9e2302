/* Alerts: what opens one, and what resolves it. */
begin;
select plan(29);

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

select tests.make_device('TAP_H');
select tests.make_device('TAP_LOW');
select tests.make_device('TAP_SLOW');
update public.devices set expected_interval_s = 60
where device_id in ('TAP_H', 'TAP_LOW');
insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value, deadband, duration_minutes, severity) values
('TAP_H', 'High', 'high_flow', 100, 10, 0, 'warning'),
('TAP_LOW', 'Low', 'low_flow', 5, 0, 0, 'critical'),
('TAP_SLOW', 'Long', 'high_flow', 100, 0, 3, 'info');

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

-- Opening and resolving ---------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_H", "created_at": "@240 seconds", "flow_rate": 100},
       {"device_id": "TAP_H", "created_at": "@220 seconds", "flow_rate": 130},
       {"device_id": "TAP_H", "created_at": "@230 seconds", "flow_rate": 120}]'
    )
  $$,
  array['0 new', '1 new', '2 new'],
  'a batch that goes beyond the threshold'
);
select results_eq(
  $$ select pg_temp.life('TAP_H') $$,
  array['high_flow warning 120 100 open 230'],
  'opens one alert, by the first value beyond it in time; the threshold itself is not beyond'
);
select alike(
  (
    select alerts.message from public.alerts
    where alerts.device_id = 'TAP_H'
  ),
  'High: flow 120 m3/h is above the threshold of 100 m3/h (measured ____-__-__ __:__:__ UTC)',
  'the message tells value, threshold, unit and time'
);
select results_eq(
  $$ select organization_id, rule_id is not null, gateway_id, job, acknowledged_at from public.alerts where device_id = 'TAP_H' $$,
  $$ values (private.default_organization_id(), true, null::uuid, null::text, null::timestamptz) $$,
  'it names its organization and rule'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_H", "created_at": "@210 seconds", "flow_rate": 150},
       {"device_id": "TAP_H", "created_at": "@200 seconds", "flow_rate": 95}]'
    )
  $$,
  array['0 new', '1 new'],
  'more of it, and back, but within the deadband'
);
select results_eq(
  $$ select pg_temp.life('TAP_H') $$,
  array['high_flow warning 120 100 open 230'],
  'change nothing'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_H", "created_at": "@190 seconds", "flow_rate": 90}]'
    )
  $$,
  array['0 new'],
  'back by the whole deadband'
);
select results_eq(
  $$ select pg_temp.life('TAP_H') $$,
  array['high_flow warning 120 100 resolved 230'],
  'resolves it, by nobody'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_H", "created_at": "@180 seconds", "flow_rate": 140},
       {"device_id": "TAP_H", "created_at": "@170 seconds", "flow_rate": 80},
       {"device_id": "TAP_H", "created_at": "@160 seconds", "flow_rate": 170}]'
    )
  $$,
  array['0 new', '1 new', '2 new'],
  'beyond, back and beyond in one batch'
);
select results_eq(
  $$ select pg_temp.life('TAP_H') $$,
  array['high_flow warning 120 100 resolved 230', 'high_flow warning 140 100 resolved 180', 'high_flow warning 170 100 open 160'],
  'is two alerts, one of them open'
);
update public.alerts set is_resolved = true
where device_id = 'TAP_H' and not is_resolved;
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_H", "created_at": "@160 seconds", "level": 1}]'
    )
  $$,
  array['0 merged'],
  'when a person has resolved it, completing the same reading'
);
select results_eq(
  $$ select pg_temp.life('TAP_H') $$,
  array['high_flow warning 120 100 resolved 230', 'high_flow warning 140 100 resolved 180', 'high_flow warning 170 100 resolved 160'],
  'does not open it again'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_H", "created_at": "@150 seconds", "flow_rate": 180}]'
    )
  $$,
  array['0 new'],
  'the next reading'
);
select results_eq(
  $$ select pg_temp.life('TAP_H') $$,
  array['high_flow warning 120 100 resolved 230', 'high_flow warning 140 100 resolved 180', 'high_flow warning 170 100 resolved 160', 'high_flow warning 180 100 open 150'],
  'does'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_LOW", "created_at": "@200 seconds", "level": 1},
       {"device_id": "TAP_LOW", "created_at": "@190 seconds", "flow_rate": 5},
       {"device_id": "TAP_LOW", "created_at": "@180 seconds", "flow_rate": 0, "level": 1}]'
    )
  $$,
  array['0 new', '1 new', '2 new'],
  'low flow'
);
select results_eq(
  $$ select pg_temp.life('TAP_LOW') $$,
  array['low_flow critical 0 5 open 180'],
  'is below the threshold; a real zero counts, no flow value does not'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_LOW", "created_at": "@170 seconds", "flow_rate": 5}]'
    )
  $$,
  array['0 new'],
  'at the threshold again'
);
select results_eq(
  $$ select pg_temp.life('TAP_LOW') $$,
  array['low_flow critical 0 5 resolved 180'],
  'it is resolved, without a deadband'
);

-- Rules with a duration --------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_SLOW", "created_at": "@500 seconds", "flow_rate": 150},
       {"device_id": "TAP_SLOW", "created_at": "@400 seconds", "flow_rate": 160}]'
    )
  $$,
  array['0 new', '1 new'],
  'beyond the threshold for 100 s'
);
select results_eq(
  $$ select pg_temp.life('TAP_SLOW') $$,
  array[]::text[],
  'is not three minutes'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_SLOW", "created_at": "@390 seconds", "flow_rate": 99},
       {"device_id": "TAP_SLOW", "created_at": "@300 seconds", "flow_rate": 150},
       {"device_id": "TAP_SLOW", "created_at": "@200 seconds", "flow_rate": 151}]'
    )
  $$,
  array['0 new', '1 new', '2 new'],
  'a value within it'
);
select results_eq(
  $$ select pg_temp.life('TAP_SLOW') $$,
  array[]::text[],
  'starts the count anew'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_SLOW", "created_at": "@120 seconds", "flow_rate": 170},
       {"device_id": "TAP_SLOW", "created_at": "@110 seconds", "flow_rate": 171}]'
    )
  $$,
  array['0 new', '1 new'],
  'three minutes beyond'
);
select results_eq(
  $$ select pg_temp.life('TAP_SLOW') $$,
  array['high_flow info 170 100 open 120'],
  'opens the alert'
);
select alike(
  (
    select alerts.message from public.alerts
    where alerts.device_id = 'TAP_SLOW'
  ),
  'Long: flow 170 m3/h is above the threshold of 100 m3/h for 3 min (measured %', 'which tells the duration'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_SLOW", "created_at": "@100 seconds", "flow_rate": 50},
       {"device_id": "TAP_SLOW", "created_at": "@90 seconds", "flow_rate": 150}]'
    )
  $$,
  array['0 new', '1 new'],
  'back, and beyond again'
);
select results_eq(
  $$ select pg_temp.life('TAP_SLOW') $$,
  array['high_flow info 170 100 resolved 120'],
  'resolves it, and counts from there'
);
select results_eq(
  $$ select extract(epoch from now() - first_breach_at)::integer from private.pending_alerts where device_id = 'TAP_SLOW' $$, array[90],
  'the wait is kept apart'
);
update public.alert_rules set threshold_value = 120
where device_id = 'TAP_SLOW';
select is_empty($$ select from private.pending_alerts where device_id = 'TAP_SLOW' $$, 'a changed rule forgets it');

select finish();
rollback;
