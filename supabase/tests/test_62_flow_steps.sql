/* Alerts: rate of change and stuck values, which compare a reading with the one before. */
begin;
select plan(32);

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
from unnest(array['TAP_RATE', 'TAP_GAP', 'TAP_STUCK', 'TAP_SLACK', 'TAP_IDLE', 'TAP_LATE']) as device_id;
update public.devices set expected_interval_s = 300
where device_id like 'TAP\_%';
insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value, deadband, duration_minutes, severity) values
('TAP_RATE', 'Burst', 'rate_of_change', 10, 4, 0, 'critical'),
('TAP_GAP', 'Burst', 'rate_of_change', 10, 0, 0, 'warning'),
('TAP_LATE', 'Burst', 'rate_of_change', 10, 0, 0, 'warning'),
('TAP_STUCK', 'Stuck', 'stuck_value', null, 0, 3, 'warning'),
('TAP_SLACK', 'Nearly stuck', 'stuck_value', 0.5, 0.5, 2, 'warning'),
('TAP_IDLE', 'Stuck for an hour', 'stuck_value', null, 0, 0, 'info');

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

-- Rate of change ------------------------------------------------------------------------

select results_eq(
  $$ select pg_temp.ingest('[{"device_id": "TAP_RATE", "created_at": "@540 seconds", "flow_rate": 50}]') $$,
  array['0 new'], 'a first reading'
);
select is_empty($$ select pg_temp.life('TAP_RATE') $$, 'has not changed');
select results_eq(
  $$ select pg_temp.ingest('[{"device_id": "TAP_RATE", "created_at": "@420 seconds", "flow_rate": 70}]') $$,
  array['0 new'], '20 m3/h in two minutes'
);
select is_empty($$ select pg_temp.life('TAP_RATE') $$, 'are the threshold, not beyond');
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_RATE", "created_at": "@360 seconds", "level": 3},
       {"device_id": "TAP_RATE", "created_at": "@350 seconds", "flow_rate": 0, "totalizer": 0},
       {"device_id": "TAP_RATE", "created_at": "@300 seconds", "flow_rate": 46}]'
    )
  $$,
  array['0 new', '1 new', '2 new'], 'a fall of 24 m3/h in two minutes, what has no flow and a ghost left out'
);
select results_eq(
  $$ select pg_temp.life('TAP_RATE') $$, array['rate_of_change critical 12 10 open 300'],
  'is 12 m3/h per minute'
);
select alike(
  (
    select alerts.message from public.alerts
    where alerts.device_id = 'TAP_RATE'
  ),
  'Burst: flow changes by 12 m3/h per minute, above the threshold of 10 m3/h per minute (measured %',
  'the message tells the unit'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_RATE", "created_at": "@240 seconds", "flow_rate": 53},
       {"device_id": "TAP_RATE", "created_at": "@180 seconds", "flow_rate": 75}]'
    )
  $$,
  array['0 new', '1 new'], 'slower, but within the deadband, and fast again'
);
select results_eq(
  $$ select pg_temp.life('TAP_RATE') $$, array['rate_of_change critical 12 10 open 300'], 'change nothing'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_RATE", "created_at": "@60 seconds", "flow_rate": 88},
       {"device_id": "TAP_RATE", "created_at": "@120 seconds", "flow_rate": 69}]'
    )
  $$,
  array['0 new', '1 new'], 'slower by the deadband and fast again, in one batch and in no order'
);
select results_eq(
  $$ select pg_temp.life('TAP_RATE') $$,
  array['rate_of_change critical 12 10 resolved 300', 'rate_of_change critical 19 10 open 60'],
  'is judged in order'
);
select results_eq(
  $$
    select pg_temp.ingest('[{"device_id": "TAP_GAP", "created_at": "@610 seconds", "flow_rate": 0, "level": 1}]')
    union all
    select pg_temp.ingest('[{"device_id": "TAP_GAP", "created_at": "@9 seconds", "flow_rate": 900}]')
  $$,
  array['0 new', '0 new'], 'more than two intervals between two readings'
);
select is_empty($$ select pg_temp.life('TAP_GAP') $$, 'tell no rate');
select results_eq(
  $$
    select pg_temp.ingest('[{"device_id": "TAP_GAP", "created_at": "@6 seconds", "level": 1}]')
    union all
    select pg_temp.ingest('[{"device_id": "TAP_GAP", "created_at": "@6 seconds", "flow_rate": 910}]')
  $$,
  array['0 new', '0 merged'], 'a reading that gets its flow later'
);
select results_eq(
  $$ select pg_temp.life('TAP_GAP') $$, array['rate_of_change warning 200 10 open 6'],
  'is compared with the one before it, not with itself'
);
select results_eq(
  $$
    select pg_temp.ingest('[{"device_id": "TAP_LATE", "created_at": "@700 seconds", "flow_rate": 10}]')
    union all
    select pg_temp.ingest(
      '[{"device_id": "TAP_LATE", "created_at": "@660 seconds", "flow_rate": 900},
       {"device_id": "TAP_LATE", "created_at": "@500 seconds", "flow_rate": 901}]'
    )
  $$,
  array['0 new', '0 new', '1 new'], 'a jump that came too late to be judged, and the reading after it'
);
select is_empty($$ select pg_temp.life('TAP_LATE') $$, 'page nobody');

-- Stuck values --------------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest('[{"device_id": "TAP_STUCK", "created_at": "@540 seconds", "flow_rate": 12.5}]')
    union all
    select pg_temp.ingest(
      '[{"device_id": "TAP_STUCK", "created_at": "@480 seconds", "flow_rate": 12.5},
       {"device_id": "TAP_STUCK", "created_at": "@400 seconds", "flow_rate": 12.5}]'
    )
  $$,
  array['0 new', '0 new', '1 new'], 'the same for 140 s'
);
select is_empty($$ select pg_temp.life('TAP_STUCK') $$, 'is not three minutes');
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_STUCK", "created_at": "@390 seconds", "level": 1}]'
    )
    union all
    select pg_temp.ingest('[{"device_id": "TAP_STUCK", "created_at": "@360 seconds", "flow_rate": 12.5}]')
  $$,
  array['0 new', '0 new'], 'three minutes after the first of them'
);
select results_eq(
  $$ select pg_temp.life('TAP_STUCK') $$, array['stuck_value warning 12.5 0 open 360'], 'it is stuck'
);
select alike(
  (
    select alerts.message from public.alerts
    where alerts.device_id = 'TAP_STUCK'
  ),
  'Stuck: flow 12.5 m3/h has not changed for 3 min (measured %', 'the message says so'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_STUCK", "created_at": "@350 seconds", "flow_rate": 12.6},
       {"device_id": "TAP_STUCK", "created_at": "@250 seconds", "flow_rate": 12.6},
       {"device_id": "TAP_STUCK", "created_at": "@160 seconds", "flow_rate": 12.6}]'
    )
  $$,
  array['0 new', '1 new', '2 new'], 'a change, and then the same for over three minutes'
);
select results_eq(
  $$ select pg_temp.life('TAP_STUCK') $$,
  array['stuck_value warning 12.5 0 resolved 360', 'stuck_value warning 12.6 0 open 160'],
  'resolves it, and it is stuck again'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_STUCK", "created_at": "@150 seconds", "flow_rate": 0, "level": 1},
       {"device_id": "TAP_STUCK", "created_at": "@5 seconds", "flow_rate": 0, "level": 1}]'
    )
  $$,
  array['0 new', '1 new'], 'zero'
);
select results_eq(
  $$ select pg_temp.life('TAP_STUCK') $$,
  array['stuck_value warning 12.5 0 resolved 360', 'stuck_value warning 12.6 0 resolved 160'],
  'is no value to be stuck at'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_SLACK", "created_at": "@500 seconds", "flow_rate": 10},
       {"device_id": "TAP_SLACK", "created_at": "@430 seconds", "flow_rate": 10.5},
       {"device_id": "TAP_SLACK", "created_at": "@380 seconds", "flow_rate": 10.25},
       {"device_id": "TAP_SLACK", "created_at": "@370 seconds", "flow_rate": 9.25}]'
    )
  $$,
  array['0 new', '1 new', '2 new', '3 new'], 'changes up to the threshold, then up to the deadband'
);
select results_eq(
  $$ select pg_temp.life('TAP_SLACK') $$, array['stuck_value warning 10.25 0.5 open 380'],
  'are none, and are not yet one'
);
select results_eq(
  $$
    select pg_temp.ingest('[{"device_id": "TAP_IDLE", "created_at": "@500 seconds", "flow_rate": 5}]')
    union all
    select pg_temp.ingest('[{"device_id": "TAP_IDLE", "created_at": "@10 seconds", "flow_rate": 5}]')
  $$,
  array['0 new', '0 new'], 'the same twice, under a rule without a duration'
);
select results_eq(
  $$
    select extract(epoch from now() - first_breach_at)::integer, (select count(*) from pg_temp.life('TAP_IDLE'))
    from private.pending_alerts where device_id = 'TAP_IDLE'
  $$,
  $$ values (500, 0::bigint) $$, 'waits for an hour'
);
select results_eq(
  $$
    select pg_temp.ingest('[{"device_id": "TAP_IDLE", "created_at": "@8 seconds", "flow_rate": 5.1}]')
  $$,
  array['0 new'], 'a change'
);
select is_empty($$ select from private.pending_alerts where device_id = 'TAP_IDLE' $$, 'ends that');

select finish();
rollback;
