/*
 * Who sees and changes alert rules.
 */
begin;
select plan(12);

select tests.make_two_organizations();

select policies_are(
  'public', 'alert_rules', array['alert_rules_delete_operator', 'alert_rules_insert_operator', 'alert_rules_select_member', 'alert_rules_update_operator'], 'alert_rules: these policies and no other'
);
select table_privs_are('public', 'alert_rules', 'anon', array[]::text[], 'alert_rules: anon holds no privilege');
select table_privs_are('public', 'alert_rules', 'authenticated', array['DELETE', 'SELECT'], 'alert_rules: what people hold of the whole table');
select table_privs_are('public', 'alert_rules', 'service_role', array['INSERT', 'SELECT', 'UPDATE'], 'alert_rules: what service_role holds');
select bag_eq(
  $$
    select column_name::text from information_schema.column_privileges
    where table_schema = 'public' and table_name = 'alert_rules' and grantee = 'authenticated'
    and privilege_type = 'INSERT'
  $$,
  $$ select unnest(string_to_array('device_id organization_id rule_name rule_type threshold_value deadband duration_minutes severity is_enabled notification_channels', ' ')) $$,
  'alert_rules: the columns people insert'
);
select bag_eq(
  $$
    select column_name::text from information_schema.column_privileges
    where table_schema = 'public' and table_name = 'alert_rules' and grantee = 'authenticated'
    and privilege_type = 'UPDATE'
  $$,
  $$ select unnest(string_to_array('device_id rule_name rule_type threshold_value deadband duration_minutes severity is_enabled notification_channels', ' ')) $$,
  'alert_rules: the columns people update'
);
select results_eq(
  $$
    select * from tests.sights($query$
      select rule_name from public.alert_rules where rule_name in ('North rule', 'South rule')
    $query$)
  $$,
  $$
    values
    ('north.viewer', 'North rule'),
    ('north.operator', 'North rule'),
    ('north.admin', 'North rule'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'South rule'),
    ('south.admin', 'South rule'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table alert_rules'),
    ('service_role', 'North rule,South rule')
  $$,
  'alert_rules: a person sees those of their own organization'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      insert into public.alert_rules (rule_name, rule_type, threshold_value) values ('New', 'low_flow', 1)
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 new row violates row-level security policy for table "alert_rules"'),
    ('north.operator', '1 rows'),
    ('north.admin', '1 rows'),
    ('north.inactive', '42501 new row violates row-level security policy for table "alert_rules"'),
    ('south.viewer', '42501 new row violates row-level security policy for table "alert_rules"'),
    ('south.admin', '1 rows'),
    ('stranger', '42501 new row violates row-level security policy for table "alert_rules"'),
    ('anon', '42501 permission denied for table alert_rules'),
    ('service_role', '1 rows')
  $$,
  'alert_rules: an operator makes one, in their own organization if they name no device'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      insert into public.alert_rules (organization_id, rule_name, rule_type, threshold_value)
      values (tests.organization_id('North'), 'New', 'low_flow', 1)
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 new row violates row-level security policy for table "alert_rules"'),
    ('north.operator', '1 rows'),
    ('north.admin', '1 rows'),
    ('north.inactive', '42501 new row violates row-level security policy for table "alert_rules"'),
    ('south.viewer', '42501 new row violates row-level security policy for table "alert_rules"'),
    ('south.admin', '42501 new row violates row-level security policy for table "alert_rules"'),
    ('stranger', '42501 new row violates row-level security policy for table "alert_rules"'),
    ('anon', '42501 permission denied for table alert_rules'),
    ('service_role', '1 rows')
  $$,
  'alert_rules: and in no other'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.alert_rules set threshold_value = 1 where rule_name = 'North rule'
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
    ('anon', '42501 permission denied for table alert_rules'),
    ('service_role', '1 rows')
  $$,
  'alert_rules: its operators change one'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.alert_rules set organization_id = tests.organization_id('North') where rule_name = 'South rule'
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table alert_rules'),
    ('north.operator', '42501 permission denied for table alert_rules'),
    ('north.admin', '42501 permission denied for table alert_rules'),
    ('north.inactive', '42501 permission denied for table alert_rules'),
    ('south.viewer', '42501 permission denied for table alert_rules'),
    ('south.admin', '42501 permission denied for table alert_rules'),
    ('stranger', '42501 permission denied for table alert_rules'),
    ('anon', '42501 permission denied for table alert_rules'),
    ('service_role', '1 rows')
  $$,
  'alert_rules: people take none from another organization'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      delete from public.alert_rules where rule_name = 'North rule'
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
    ('anon', '42501 permission denied for table alert_rules'),
    ('service_role', '42501 permission denied for table alert_rules')
  $$,
  'alert_rules: its operators delete one'
);

select finish();
rollback;
