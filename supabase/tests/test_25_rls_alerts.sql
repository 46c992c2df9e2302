/*
 * Who sees, acknowledges and resolves alerts.
 */
begin;
select plan(12);

select tests.make_two_organizations();

select policies_are(
  'public', 'alerts', array['alerts_select_member', 'alerts_update_operator'], 'alerts: these policies and no other'
);
select table_privs_are('public', 'alerts', 'anon', array[]::text[], 'alerts: anon holds no privilege');
select table_privs_are('public', 'alerts', 'authenticated', array['SELECT'], 'alerts: what people hold of the whole table');
select table_privs_are('public', 'alerts', 'service_role', array['SELECT'], 'alerts: what service_role holds');
select bag_eq(
  $$
    select column_name::text from information_schema.column_privileges
    where table_schema = 'public' and table_name = 'alerts' and grantee = 'authenticated'
    and privilege_type = 'UPDATE'
  $$,
  $$ select unnest(string_to_array('acknowledged_at acknowledgement_note is_resolved resolution_note', ' ')) $$,
  'alerts: the columns people update'
);
select results_eq(
  $$
    select * from tests.sights($query$
      select message from public.alerts where message in ('North alert', 'South alert')
    $query$)
  $$,
  $$
    values
    ('north.viewer', 'North alert'),
    ('north.operator', 'North alert'),
    ('north.admin', 'North alert'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'South alert'),
    ('south.admin', 'South alert'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table alerts'),
    ('service_role', 'North alert,South alert')
  $$,
  'alerts: a person sees those of their own organization'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.alerts set is_resolved = true, resolution_note = 'done' where message = 'North alert'
    $query$)
  $$,
  $$
    values
    ('north.viewer', '0 rows'),
    ('north.operator', '1 rows'),
    ('north.admin', '1 rows'),
    ('north.inactive', '0 rows'),
    ('south.viewer', '0 rows'),
    ('south.admin', '0 rows'),
    ('stranger', '0 rows'),
    ('anon', '42501 permission denied for table alerts'),
    ('service_role', '42501 permission denied for table alerts')
  $$,
  'alerts: its operators resolve one'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.alerts set acknowledged_at = now() where message = 'North alert'
    $query$)
  $$,
  $$
    values
    ('north.viewer', '0 rows'),
    ('north.operator', '1 rows'),
    ('north.admin', '1 rows'),
    ('north.inactive', '0 rows'),
    ('south.viewer', '0 rows'),
    ('south.admin', '0 rows'),
    ('stranger', '0 rows'),
    ('anon', '42501 permission denied for table alerts'),
    ('service_role', '42501 permission denied for table alerts')
  $$,
  'alerts: its operators acknowledge one'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.alerts set resolved_by = tests.person_id('north.viewer') where message = 'North alert'
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table alerts'),
    ('north.operator', '42501 permission denied for table alerts'),
    ('north.admin', '42501 permission denied for table alerts'),
    ('north.inactive', '42501 permission denied for table alerts'),
    ('south.viewer', '42501 permission denied for table alerts'),
    ('south.admin', '42501 permission denied for table alerts'),
    ('stranger', '42501 permission denied for table alerts'),
    ('anon', '42501 permission denied for table alerts'),
    ('service_role', '42501 permission denied for table alerts')
  $$,
  'alerts: nobody signs for another'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.alerts set message = 'nothing happened' where message = 'North alert'
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table alerts'),
    ('north.operator', '42501 permission denied for table alerts'),
    ('north.admin', '42501 permission denied for table alerts'),
    ('north.inactive', '42501 permission denied for table alerts'),
    ('south.viewer', '42501 permission denied for table alerts'),
    ('south.admin', '42501 permission denied for table alerts'),
    ('stranger', '42501 permission denied for table alerts'),
    ('anon', '42501 permission denied for table alerts'),
    ('service_role', '42501 permission denied for table alerts')
  $$,
  'alerts: nobody rewrites one'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      insert into public.alerts (organization_id, job, alert_type, severity, message)
      values (tests.organization_id('North'), 'rollup', 'forged', 'info', 'forged')
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table alerts'),
    ('north.operator', '42501 permission denied for table alerts'),
    ('north.admin', '42501 permission denied for table alerts'),
    ('north.inactive', '42501 permission denied for table alerts'),
    ('south.viewer', '42501 permission denied for table alerts'),
    ('south.admin', '42501 permission denied for table alerts'),
    ('stranger', '42501 permission denied for table alerts'),
    ('anon', '42501 permission denied for table alerts'),
    ('service_role', '42501 permission denied for table alerts')
  $$,
  'alerts: nobody makes one by hand'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      delete from public.alerts where message = 'North alert'
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table alerts'),
    ('north.operator', '42501 permission denied for table alerts'),
    ('north.admin', '42501 permission denied for table alerts'),
    ('north.inactive', '42501 permission denied for table alerts'),
    ('south.viewer', '42501 permission denied for table alerts'),
    ('south.admin', '42501 permission denied for table alerts'),
    ('stranger', '42501 permission denied for table alerts'),
    ('anon', '42501 permission denied for table alerts'),
    ('service_role', '42501 permission denied for table alerts')
  $$,
  'alerts: nobody deletes one'
);

select finish();
rollback;
