/* Alerts: one open per rule and subject, and stamps that say who and when. */
begin;
select plan(19);

select tests.make_two_organizations();

-- One open --------------------------------------------------------------------

create function pg_temp.open_alert(
  alert_type text,
  rule_id uuid default null,
  device_id text default null,
  gateway_id uuid default null,
  job text default null
)
returns bigint
language sql
volatile
as $$
  with opened as (
    insert into public.alerts (organization_id, rule_id, alert_type, device_id, gateway_id, job, severity, message)
    values (
      tests.organization_id('North'), open_alert.rule_id, open_alert.alert_type, open_alert.device_id,
      open_alert.gateway_id, open_alert.job, 'info', 'made by open_alert'
    )
    on conflict do nothing
    returning id
  )

  select count(*)
  from opened;
$$;

select results_eq(
  $$ select pg_temp.open_alert('high_flow', md5('rule North')::uuid, 'TAP_NORTH') $$, array[0::bigint],
  'a rule has one open alert about a device'
);
select results_eq(
  $$ select pg_temp.open_alert('low_flow', md5('rule North')::uuid, 'TAP_NORTH') $$, array[0::bigint],
  'also after its type was changed'
);
select results_eq(
  $$
    select pg_temp.open_alert('gateway_offline', gateway_id => md5('gateway North')::uuid)
    from generate_series(1, 2)
  $$,
  array[1::bigint, 0], 'a built-in check has one about a gateway'
);
select results_eq(
  $$ select pg_temp.open_alert('job_failed', job => job) from unnest(array['rollup', 'rollup', 'cleanup']) as job $$,
  array[1::bigint, 0, 1], 'and one about each job'
);
select results_eq(
  $$ select pg_temp.open_alert('high_flow', device_id => 'TAP_NORTH') $$, array[1::bigint],
  'a built-in check does not stand in a rule''s way'
);
update public.alerts
set is_resolved = true
where message = 'North alert';
select results_eq(
  $$ select pg_temp.open_alert('high_flow', md5('rule North')::uuid, 'TAP_NORTH') $$, array[1::bigint],
  'a resolved one makes room'
);
select throws_ok(
  $$ select pg_temp.open_alert('both', device_id => 'TAP_NORTH', job => 'rollup') $$,
  '23514', null, 'an alert has one subject'
);
select throws_ok(
  $$ select pg_temp.open_alert('none') $$,
  '23514', null, 'not none'
);
select throws_ok(
  $$ select pg_temp.open_alert('offline', device_id => 'TAP_SOUTH') $$,
  '23503', null, 'of its own organization'
);

-- Stamps ----------------------------------------------------------------------

select tests.sign_in('south.operator');
update public.alerts
set acknowledged_at = '2001-01-01T00:00:00Z', acknowledgement_note = 'On my way'
where message = 'South alert';
select tests.sign_out();
select results_eq(
  $$
    select acknowledged_at, acknowledged_by, is_resolved, resolved_at, resolved_by
    from public.alerts where message = 'South alert'
  $$,
  $$ values (now(), tests.person_id('south.operator'), false, null::timestamptz, null::uuid) $$,
  'acknowledged is acknowledged now, by who did it'
);
select tests.sign_in('south.admin');
update public.alerts
set acknowledged_at = null, is_resolved = true, resolution_note = 'Valve closed'
where message = 'South alert';
select tests.sign_out();
select results_eq(
  $$
    select acknowledged_at, acknowledged_by, is_resolved, resolved_at, resolved_by, resolution_note
    from public.alerts where message = 'South alert'
  $$,
  $$
    values (
      now(), tests.person_id('south.operator'), true, now(), tests.person_id('south.admin'), 'Valve closed'
    )
  $$,
  'resolved is resolved now, by who did it; the acknowledgement stays'
);
select tests.sign_in('south.operator');
update public.alerts
set is_resolved = true, resolution_note = 'And opened again'
where message = 'South alert';
select tests.sign_out();
select results_eq(
  $$ select resolved_by, resolution_note from public.alerts where message = 'South alert' $$,
  $$ values (tests.person_id('south.admin'), 'And opened again') $$,
  'who resolves it a second time did not resolve it'
);
select is(
  tests.attempt('south.admin', $$ update public.alerts set is_resolved = false where message = 'South alert' $$),
  'ALRES a resolved alert stays resolved: ' || md5('alert South')::uuid,
  'a resolved alert stays resolved'
);
select tests.sign_in('south.admin');
update public.alerts
set acknowledged_at = now(), acknowledgement_note = 'Later'
where message = 'South alert';
select tests.sign_out();
select results_eq(
  $$ select acknowledgement_note, acknowledged_by from public.alerts where message = 'South alert' $$,
  $$ values ('On my way'::text, tests.person_id('south.operator')) $$,
  'who acknowledges a second time leaves no note in the name of the first'
);
select throws_ok(
  $$ update public.alerts set acknowledgement_note = 'seen' where message = 'North alert' $$,
  '23514', null, 'there is no note on an acknowledgement that did not happen'
);
select results_eq(
  $$ select resolved_at, resolved_by from public.alerts where message = 'North alert' $$,
  $$ values (now(), null::uuid) $$,
  'a program resolves as nobody'
);

-- A deleted rule --------------------------------------------------------------

select tests.sign_in('north.operator');
delete from public.alert_rules
where rule_name = 'North rule';
select tests.sign_out();
select is_empty(
  $$ select from public.alert_rules where rule_name = 'North rule' $$, 'a rule with an open alert can be deleted'
);
select results_eq(
  $$
    select is_resolved, resolved_by, resolution_note, rule_id from public.alerts
    where alert_type = 'high_flow' and message = 'made by open_alert'
    order by is_resolved
  $$,
  $$
    values
    (false, null::uuid, null, null::uuid),
    (true, tests.person_id('north.operator'), 'Its rule was deleted.', null)
  $$,
  'its open alert is resolved with it, another''s is not'
);
select throws_ok(
  $$ update public.alerts set resolution_note = repeat('x', 2001) $$,
  '23514', null, 'a note has at most 2,000 characters'
);

select finish();
rollback;
