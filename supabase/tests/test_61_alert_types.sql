/* Alerts: zero flow and low battery, and devices that are not watched. */
begin;
select plan(33);

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

select tests.make_device(device_id)
from unnest(array['TAP_ZERO', 'TAP_NEAR', 'TAP_WAIT', 'TAP_BATTERY', 'TAP_PUMP']) as device_id;
update public.devices set expected_interval_s = 60
where device_id like 'TAP\_%';
insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value, deadband, duration_minutes, severity) values
('TAP_ZERO', 'Zero', 'zero_flow', null, 0, 0, 'warning'),
('TAP_NEAR', 'Near zero', 'zero_flow', 0.5, 0.5, 0, 'critical'),
('TAP_WAIT', 'Long zero', 'zero_flow', 0, 0, 2, 'info'),
('TAP_BATTERY', 'Battery', 'battery_low', 20, 5, 0, 'warning');

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

-- Zero flow ----------------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_ZERO", "created_at": "@200 seconds", "flow_rate": 0.001},
       {"device_id": "TAP_ZERO", "created_at": "@195 seconds", "flow_rate": 0, "totalizer": 0},
       {"device_id": "TAP_ZERO", "created_at": "@190 seconds", "flow_rate": 0, "totalizer": 7, "quality": "bad"},
       {"device_id": "TAP_ZERO", "created_at": "@185 seconds", "level": 2}]'
    )
  $$,
  array['0 new', '1 new', '2 new', '3 new'], 'a little flow, a ghost, a bad zero and no flow value'
);
select is_empty($$ select pg_temp.life('TAP_ZERO') $$, 'are no zero flow');
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_ZERO", "created_at": "@170 seconds", "flow_rate": 0, "totalizer": 7},
       {"device_id": "TAP_ZERO", "created_at": "@160 seconds", "flow_rate": 0}]'
    )
  $$,
  array['0 new', '1 new'], 'a zero beside a totalizer, and one alone'
);
select results_eq(
  $$ select pg_temp.life('TAP_ZERO') $$, array['zero_flow warning 0 0 open 170'],
  'are one; without a threshold it is 0'
);
select alike(
  (
    select alerts.message from public.alerts
    where alerts.device_id = 'TAP_ZERO'
  ),
  'Zero: flow 0 m3/h is not above 0 m3/h (measured ____-__-__ __:__:__ UTC)', 'the message says so'
);
select results_eq(
  $$ select pg_temp.ingest('[{"device_id": "TAP_ZERO", "created_at": "@150 seconds", "flow_rate": -0.001}]') $$,
  array['0 new'], 'the least reverse flow'
);
select results_eq(
  $$ select pg_temp.life('TAP_ZERO') $$, array['zero_flow warning 0 0 resolved 170'], 'is flow'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_NEAR", "created_at": "@200 seconds", "flow_rate": 0.6},
       {"device_id": "TAP_NEAR", "created_at": "@190 seconds", "flow_rate": -0.5},
       {"device_id": "TAP_NEAR", "created_at": "@180 seconds", "flow_rate": 1.0}]'
    )
  $$,
  array['0 new', '1 new', '2 new'], 'reverse flow no larger than the threshold, and back by just the deadband'
);
select results_eq(
  $$ select pg_temp.life('TAP_NEAR') $$, array['zero_flow critical -0.5 0.5 open 190'],
  'is zero flow, and stays so'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_NEAR", "created_at": "@170 seconds", "flow_rate": -1.01},
       {"device_id": "TAP_NEAR", "created_at": "@160 seconds", "flow_rate": 0.2},
       {"device_id": "TAP_NEAR", "created_at": "@150 seconds", "flow_rate": 0.3}]'
    )
  $$,
  array['0 new', '1 new', '2 new'], 'back by more, and near zero again, in one batch'
);
select results_eq(
  $$ select pg_temp.life('TAP_NEAR') $$,
  array['zero_flow critical -0.5 0.5 resolved 190', 'zero_flow critical 0.2 0.5 open 160'],
  'resolves it and opens another'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_WAIT", "created_at": "@200 seconds", "flow_rate": 0, "level": 1},
       {"device_id": "TAP_WAIT", "created_at": "@100 seconds", "flow_rate": 0, "level": 1}]'
    )
  $$,
  array['0 new', '1 new'], 'zero for 100 s'
);
select is_empty($$ select pg_temp.life('TAP_WAIT') $$, 'is not two minutes');
select results_eq(
  $$ select pg_temp.ingest('[{"device_id": "TAP_WAIT", "created_at": "@80 seconds", "flow_rate": 0, "level": 1}]') $$,
  array['0 new'], 'zero for two minutes'
);
select results_eq(
  $$ select pg_temp.life('TAP_WAIT') $$, array['zero_flow info 0 0 open 80'], 'opens the alert'
);
select alike(
  (
    select alerts.message from public.alerts
    where alerts.device_id = 'TAP_WAIT'
  ),
  'Long zero: flow 0 m3/h is not above 0 m3/h for 2 min (measured %', 'which tells the duration'
);

-- Battery -----------------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_BATTERY", "created_at": "@200 seconds", "flow_rate": 1, "battery_level": 20},
       {"device_id": "TAP_BATTERY", "created_at": "@190 seconds", "flow_rate": 1, "battery_level": -1},
       {"device_id": "TAP_BATTERY", "created_at": "@180 seconds", "flow_rate": 1}]'
    )
  $$,
  array['0 new', '1 new', '2 new'], 'a battery at the threshold, an impossible one and none'
);
select is_empty($$ select pg_temp.life('TAP_BATTERY') $$, 'are not low');
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_BATTERY", "created_at": "@170 seconds", "battery_level": 19},
       {"device_id": "TAP_BATTERY", "created_at": "@160 seconds", "battery_level": 24},
       {"device_id": "TAP_BATTERY", "created_at": "@150 seconds", "battery_level": 255}]'
    )
  $$,
  array['0 new', '1 new', '2 new'], 'below it, back within the deadband, an impossible one'
);
select results_eq(
  $$ select pg_temp.life('TAP_BATTERY') $$, array['battery_low warning 19 20 open 170'], 'opens, and stays'
);
select alike(
  (
    select alerts.message from public.alerts
    where alerts.device_id = 'TAP_BATTERY'
  ),
  'Battery: battery 19 % is below the threshold of 20 % (measured %', 'the message tells per cent'
);
select results_eq(
  $$ select pg_temp.ingest('[{"device_id": "TAP_BATTERY", "created_at": "@140 seconds", "battery_level": 25}]') $$,
  array['0 new'], 'back by the deadband'
);
select results_eq(
  $$ select pg_temp.life('TAP_BATTERY') $$, array['battery_low warning 19 20 resolved 170'], 'resolves it'
);

-- Devices nobody wants to hear of -------------------------------------------------------

insert into public.alert_rules (id, device_id, rule_name, rule_type, threshold_value, duration_minutes) values
(md5('pump high')::uuid, 'TAP_PUMP', 'High', 'high_flow', 100, 0),
(md5('pump long')::uuid, 'TAP_PUMP', 'Long', 'high_flow', 100, 60),
(md5('pump zero')::uuid, 'TAP_PUMP', 'Zero', 'zero_flow', 0, 0);
update public.devices set organization_id = tests.organization_id('North')
where device_id = 'TAP_PUMP';
insert into public.flow_data (device_id, created_at, flow_rate) values
('TAP_PUMP', now() - interval '200 seconds', 500);
select results_eq(
  $$ select pg_temp.life('TAP_PUMP') $$, array['high_flow warning 500 100 open 200'], 'a device in use alerts'
);
select tests.sign_in('north.admin');
update public.devices
set status = 'maintenance'
where device_id = 'TAP_PUMP';
select is(auth.uid(), tests.person_id('north.admin'), 'whoever sets it to maintenance stays who they are');
select tests.sign_out();
select results_eq(
  $$ select is_resolved, resolved_by, resolution_note from public.alerts where device_id = 'TAP_PUMP' $$,
  $$ values (true, null::uuid, 'Its device is in maintenance.') $$,
  'that resolves its alerts, but not as that person'
);
select results_eq(
  $$
    select action, user_id from public.audit_logs
    where organization_id = tests.organization_id('North') and action in ('update', 'resolve')
    and resource_type in ('devices', 'alerts')
    order by id desc limit 2
  $$,
  $$ values ('update', tests.person_id('north.admin')), ('resolve', null::uuid) $$,
  'who set it is in the log, and the alert was nobody''s doing'
);
select is_empty(
  $$ select from private.pending_alerts where device_id = 'TAP_PUMP' $$, 'what was waiting is forgotten'
);
insert into public.flow_data (device_id, created_at, flow_rate) values
('TAP_PUMP', now() - interval '190 seconds', 500), ('TAP_PUMP', now() - interval '180 seconds', 0);
update public.devices set status = 'inactive'
where device_id = 'TAP_PUMP';
insert into public.flow_data (device_id, created_at, flow_rate) values ('TAP_PUMP', now() - interval '170 seconds', 500);
select results_eq(
  $$ select pg_temp.life('TAP_PUMP') $$, array['high_flow warning 500 100 resolved 200'],
  'in maintenance or inactive it is not judged'
);
select results_eq(
  $$ select created_at from public.latest_readings where device_id = 'TAP_PUMP' $$,
  $$ values (now() - interval '170 seconds') $$, 'its values are shown all the same'
);
update public.devices set status = 'error'
where device_id = 'TAP_PUMP';
insert into public.flow_data (device_id, created_at, flow_rate) values ('TAP_PUMP', now() - interval '160 seconds', 500);
select results_eq(
  $$ select pg_temp.life('TAP_PUMP') $$,
  array['high_flow warning 500 100 resolved 200', 'high_flow warning 500 100 open 160'],
  'back in use, or in error, it is'
);
update public.devices set status = 'inactive', location = 'Store'
where device_id = 'TAP_PUMP';
select results_eq(
  $$ select resolution_note from public.alerts where device_id = 'TAP_PUMP' order by measured_at $$,
  array['Its device is in maintenance.', 'Its device is inactive.'], 'the note tells which it was'
);
select results_eq(
  $$ select started_at from private.watch_starts where device_id = 'TAP_PUMP' $$, $$ values (now()) $$,
  'its silence counts from when it was last put back into use'
);

select finish();
rollback;
