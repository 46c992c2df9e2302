/*
 * Who sees and changes keys, and who reads the log. Both are an admin's.
 */
begin;
select plan(22);

select tests.make_two_organizations();

select policies_are(
  'public', 'api_keys', array['api_keys_insert_admin', 'api_keys_select_admin', 'api_keys_update_admin'], 'api_keys: these policies and no other'
);
select table_privs_are('public', 'api_keys', 'anon', array[]::text[], 'api_keys: anon holds no privilege');
select table_privs_are('public', 'api_keys', 'authenticated', array[]::text[], 'api_keys: what people hold of the whole table');
select table_privs_are('public', 'api_keys', 'service_role', array['INSERT', 'SELECT', 'UPDATE'], 'api_keys: what service_role holds');
select bag_eq(
  $$
    select column_name::text from information_schema.column_privileges
    where table_schema = 'public' and table_name = 'api_keys' and grantee = 'authenticated'
    and privilege_type = 'SELECT'
  $$,
  $$ select unnest(string_to_array('id organization_id gateway_id name key_prefix device_ids expires_at revoked_at last_used_at created_at updated_at rotated_from flat_units allowed_networks', ' ')) $$,
  'api_keys: the columns people select'
);
select bag_eq(
  $$
    select column_name::text from information_schema.column_privileges
    where table_schema = 'public' and table_name = 'api_keys' and grantee = 'authenticated'
    and privilege_type = 'INSERT'
  $$,
  $$ select unnest(string_to_array('organization_id gateway_id name key_prefix key_hash device_ids expires_at rotated_from flat_units allowed_networks', ' ')) $$,
  'api_keys: the columns people insert'
);
select bag_eq(
  $$
    select column_name::text from information_schema.column_privileges
    where table_schema = 'public' and table_name = 'api_keys' and grantee = 'authenticated'
    and privilege_type = 'UPDATE'
  $$,
  $$ select unnest(string_to_array('name device_ids expires_at revoked_at flat_units allowed_networks', ' ')) $$,
  'api_keys: the columns people update'
);
select results_eq(
  $$
    select * from tests.sights($query$
      select name from public.api_keys where name in ('North key', 'South key')
    $query$)
  $$,
  $$
    values
    ('north.viewer', 'nothing'),
    ('north.operator', 'nothing'),
    ('north.admin', 'North key'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'nothing'),
    ('south.admin', 'South key'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table api_keys'),
    ('service_role', 'North key,South key')
  $$,
  'api_keys: an admin sees those of their own organization'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      select key_hash from public.api_keys where name = 'North key'
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table api_keys'),
    ('north.operator', '42501 permission denied for table api_keys'),
    ('north.admin', '42501 permission denied for table api_keys'),
    ('north.inactive', '42501 permission denied for table api_keys'),
    ('south.viewer', '42501 permission denied for table api_keys'),
    ('south.admin', '42501 permission denied for table api_keys'),
    ('stranger', '42501 permission denied for table api_keys'),
    ('anon', '42501 permission denied for table api_keys'),
    ('service_role', '1 rows')
  $$,
  'api_keys: people read no hash, not even their own'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.api_keys set revoked_at = now() where name = 'North key'
    $query$)
  $$,
  $$
    values
    ('north.viewer', '0 rows'),
    ('north.operator', '0 rows'),
    ('north.admin', '1 rows'),
    ('north.inactive', '0 rows'),
    ('south.viewer', '0 rows'),
    ('south.admin', '0 rows'),
    ('stranger', '0 rows'),
    ('anon', '42501 permission denied for table api_keys'),
    ('service_role', '1 rows')
  $$,
  'api_keys: its admin revokes one'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      insert into public.api_keys (organization_id, name, key_prefix, key_hash)
      values (tests.organization_id('North'), 'Mine', 'abcd0123', sha256('mine'))
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 new row violates row-level security policy for table "api_keys"'),
    ('north.operator', '42501 new row violates row-level security policy for table "api_keys"'),
    ('north.admin', '1 rows'),
    ('north.inactive', '42501 new row violates row-level security policy for table "api_keys"'),
    ('south.viewer', '42501 new row violates row-level security policy for table "api_keys"'),
    ('south.admin', '42501 new row violates row-level security policy for table "api_keys"'),
    ('stranger', '42501 new row violates row-level security policy for table "api_keys"'),
    ('anon', '42501 permission denied for table api_keys'),
    ('service_role', '1 rows')
  $$,
  'api_keys: only its admin adds one to an organization'
);
-- Without a condition no column is read, so only the update policy decides.
select results_eq(
  $$
    select * from tests.attempts($query$ update public.api_keys set name = 'Mine' $query$)
    where person <> 'service_role'
  $$,
  $$
    values
    ('north.viewer', '0 rows'),
    ('north.operator', '0 rows'),
    ('north.admin', '1 rows'),
    ('north.inactive', '0 rows'),
    ('south.viewer', '0 rows'),
    ('south.admin', '1 rows'),
    ('stranger', '0 rows'),
    ('anon', '42501 permission denied for table api_keys')
  $$,
  'api_keys: who changes all of them changes their own organization''s'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.api_keys set key_hash = sha256('mine') where name = 'North key'
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table api_keys'),
    ('north.operator', '42501 permission denied for table api_keys'),
    ('north.admin', '42501 permission denied for table api_keys'),
    ('north.inactive', '42501 permission denied for table api_keys'),
    ('south.viewer', '42501 permission denied for table api_keys'),
    ('south.admin', '42501 permission denied for table api_keys'),
    ('stranger', '42501 permission denied for table api_keys'),
    ('anon', '42501 permission denied for table api_keys'),
    ('service_role', '1 rows')
  $$,
  'api_keys: people exchange no key'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      delete from public.api_keys where name = 'North key'
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table api_keys'),
    ('north.operator', '42501 permission denied for table api_keys'),
    ('north.admin', '42501 permission denied for table api_keys'),
    ('north.inactive', '42501 permission denied for table api_keys'),
    ('south.viewer', '42501 permission denied for table api_keys'),
    ('south.admin', '42501 permission denied for table api_keys'),
    ('stranger', '42501 permission denied for table api_keys'),
    ('anon', '42501 permission denied for table api_keys'),
    ('service_role', '42501 permission denied for table api_keys')
  $$,
  'api_keys: nobody deletes one'
);

select policies_are(
  'public', 'audit_logs', array['audit_logs_select_admin'], 'audit_logs: these policies and no other'
);
select table_privs_are('public', 'audit_logs', 'anon', array[]::text[], 'audit_logs: anon holds no privilege');
select table_privs_are('public', 'audit_logs', 'authenticated', array['SELECT'], 'audit_logs: what people hold of the whole table');
select table_privs_are('public', 'audit_logs', 'service_role', array[]::text[], 'audit_logs: what service_role holds');
select results_eq(
  $$
    select * from tests.sights($query$
      select resource_id from public.audit_logs where resource_type = 'devices' and resource_id in ('TAP_NORTH', 'TAP_SOUTH')
    $query$)
  $$,
  $$
    values
    ('north.viewer', 'nothing'),
    ('north.operator', 'nothing'),
    ('north.admin', 'TAP_NORTH'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'nothing'),
    ('south.admin', 'TAP_SOUTH'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table audit_logs'),
    ('service_role', '42501 permission denied for table audit_logs')
  $$,
  'audit_logs: an admin reads their own organization''s'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      insert into public.audit_logs (organization_id, action, resource_type, resource_id)
      values (tests.organization_id('North'), 'insert', 'devices', 'forged')
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table audit_logs'),
    ('north.operator', '42501 permission denied for table audit_logs'),
    ('north.admin', '42501 permission denied for table audit_logs'),
    ('north.inactive', '42501 permission denied for table audit_logs'),
    ('south.viewer', '42501 permission denied for table audit_logs'),
    ('south.admin', '42501 permission denied for table audit_logs'),
    ('stranger', '42501 permission denied for table audit_logs'),
    ('anon', '42501 permission denied for table audit_logs'),
    ('service_role', '42501 permission denied for table audit_logs')
  $$,
  'audit_logs: nobody writes an entry'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.audit_logs set user_id = null
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table audit_logs'),
    ('north.operator', '42501 permission denied for table audit_logs'),
    ('north.admin', '42501 permission denied for table audit_logs'),
    ('north.inactive', '42501 permission denied for table audit_logs'),
    ('south.viewer', '42501 permission denied for table audit_logs'),
    ('south.admin', '42501 permission denied for table audit_logs'),
    ('stranger', '42501 permission denied for table audit_logs'),
    ('anon', '42501 permission denied for table audit_logs'),
    ('service_role', '42501 permission denied for table audit_logs')
  $$,
  'audit_logs: nobody changes one'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      delete from public.audit_logs
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table audit_logs'),
    ('north.operator', '42501 permission denied for table audit_logs'),
    ('north.admin', '42501 permission denied for table audit_logs'),
    ('north.inactive', '42501 permission denied for table audit_logs'),
    ('south.viewer', '42501 permission denied for table audit_logs'),
    ('south.admin', '42501 permission denied for table audit_logs'),
    ('stranger', '42501 permission denied for table audit_logs'),
    ('anon', '42501 permission denied for table audit_logs'),
    ('service_role', '42501 permission denied for table audit_logs')
  $$,
  'audit_logs: nobody removes one'
);

select finish();
rollback;
