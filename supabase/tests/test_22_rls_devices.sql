/*
 * Who sees and changes gateways and devices. Queried alone, never joined: another
 * table's policy would hide a hole.
 */
begin;
select plan(28);

select tests.make_two_organizations();

select policies_are(
  'public', 'gateways', array['gateways_delete_admin', 'gateways_insert_admin', 'gateways_select_member', 'gateways_update_admin'], 'gateways: these policies and no other'
);
select table_privs_are('public', 'gateways', 'anon', array[]::text[], 'gateways: anon holds no privilege');
select table_privs_are('public', 'gateways', 'authenticated', array['DELETE', 'SELECT'], 'gateways: what people hold of the whole table');
select table_privs_are('public', 'gateways', 'service_role', array['INSERT', 'SELECT', 'UPDATE'], 'gateways: what service_role holds');
select bag_eq(
  $$
    select column_name::text from information_schema.column_privileges
    where table_schema = 'public' and table_name = 'gateways' and grantee = 'authenticated'
    and privilege_type = 'INSERT'
  $$,
  $$ select unnest(string_to_array('organization_id site_id name serial metadata', ' ')) $$,
  'gateways: the columns people insert'
);
select bag_eq(
  $$
    select column_name::text from information_schema.column_privileges
    where table_schema = 'public' and table_name = 'gateways' and grantee = 'authenticated'
    and privilege_type = 'UPDATE'
  $$,
  $$ select unnest(string_to_array('site_id name serial metadata', ' ')) $$,
  'gateways: the columns people update'
);
select results_eq(
  $$
    select * from tests.sights($query$
      select name from public.gateways where name in ('North gateway', 'South gateway')
    $query$)
  $$,
  $$
    values
    ('north.viewer', 'North gateway'),
    ('north.operator', 'North gateway'),
    ('north.admin', 'North gateway'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'South gateway'),
    ('south.admin', 'South gateway'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table gateways'),
    ('service_role', 'North gateway,South gateway')
  $$,
  'gateways: a person sees those of their own organization'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      insert into public.gateways (name) values ('TAP new')
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 new row violates row-level security policy for table "gateways"'),
    ('north.operator', '42501 new row violates row-level security policy for table "gateways"'),
    ('north.admin', '1 rows'),
    ('north.inactive', '42501 new row violates row-level security policy for table "gateways"'),
    ('south.viewer', '42501 new row violates row-level security policy for table "gateways"'),
    ('south.admin', '1 rows'),
    ('stranger', '42501 new row violates row-level security policy for table "gateways"'),
    ('anon', '42501 permission denied for table gateways'),
    ('service_role', '1 rows')
  $$,
  'gateways: an admin makes one, in their own organization if they name none'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      insert into public.gateways (organization_id, name)
      values (tests.organization_id('North'), 'TAP new')
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 new row violates row-level security policy for table "gateways"'),
    ('north.operator', '42501 new row violates row-level security policy for table "gateways"'),
    ('north.admin', '1 rows'),
    ('north.inactive', '42501 new row violates row-level security policy for table "gateways"'),
    ('south.viewer', '42501 new row violates row-level security policy for table "gateways"'),
    ('south.admin', '42501 new row violates row-level security policy for table "gateways"'),
    ('stranger', '42501 new row violates row-level security policy for table "gateways"'),
    ('anon', '42501 permission denied for table gateways'),
    ('service_role', '1 rows')
  $$,
  'gateways: and in no other'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.gateways set metadata = '{}' where name = 'North gateway'
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
    ('anon', '42501 permission denied for table gateways'),
    ('service_role', '1 rows')
  $$,
  'gateways: its admin changes one'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.gateways set last_seen = now() where name = 'North gateway'
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table gateways'),
    ('north.operator', '42501 permission denied for table gateways'),
    ('north.admin', '42501 permission denied for table gateways'),
    ('north.inactive', '42501 permission denied for table gateways'),
    ('south.viewer', '42501 permission denied for table gateways'),
    ('south.admin', '42501 permission denied for table gateways'),
    ('stranger', '42501 permission denied for table gateways'),
    ('anon', '42501 permission denied for table gateways'),
    ('service_role', '1 rows')
  $$,
  'gateways: people forge no contact'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.gateways set organization_id = tests.organization_id('North') where name = 'South gateway'
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table gateways'),
    ('north.operator', '42501 permission denied for table gateways'),
    ('north.admin', '42501 permission denied for table gateways'),
    ('north.inactive', '42501 permission denied for table gateways'),
    ('south.viewer', '42501 permission denied for table gateways'),
    ('south.admin', '42501 permission denied for table gateways'),
    ('stranger', '42501 permission denied for table gateways'),
    ('anon', '42501 permission denied for table gateways'),
    ('service_role', '23503 update or delete on table "gateways" violates foreign key constraint "api_keys_organization_id_gateway_id_fkey" on table "api_keys"')
  $$,
  'gateways: people take none from another organization'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      delete from public.gateways where name = 'North gateway'
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
    ('anon', '42501 permission denied for table gateways'),
    ('service_role', '42501 permission denied for table gateways')
  $$,
  'gateways: its admin deletes one'
);

select policies_are(
  'public', 'devices', array['devices_delete_admin', 'devices_insert_admin', 'devices_select_member', 'devices_update_admin'], 'devices: these policies and no other'
);
select table_privs_are('public', 'devices', 'anon', array[]::text[], 'devices: anon holds no privilege');
select table_privs_are('public', 'devices', 'authenticated', array['DELETE', 'SELECT'], 'devices: what people hold of the whole table');
select table_privs_are('public', 'devices', 'service_role', array['INSERT', 'SELECT', 'UPDATE'], 'devices: what service_role holds');
select bag_eq(
  $$
    select column_name::text from information_schema.column_privileges
    where table_schema = 'public' and table_name = 'devices' and grantee = 'authenticated'
    and privilege_type = 'INSERT'
  $$,
  $$ select unnest(string_to_array('device_id organization_id site_id gateway_id device_name device_type location description status expected_interval_s profile totalizer_max reverse_policy metadata', ' ')) $$,
  'devices: the columns people insert'
);
select bag_eq(
  $$
    select column_name::text from information_schema.column_privileges
    where table_schema = 'public' and table_name = 'devices' and grantee = 'authenticated'
    and privilege_type = 'UPDATE'
  $$,
  $$ select unnest(string_to_array('site_id gateway_id device_name device_type location description status expected_interval_s profile totalizer_max reverse_policy metadata', ' ')) $$,
  'devices: the columns people update'
);
select results_eq(
  $$
    select * from tests.sights($query$
      select device_name from public.devices where device_name in ('North inlet', 'South inlet')
    $query$)
  $$,
  $$
    values
    ('north.viewer', 'North inlet'),
    ('north.operator', 'North inlet'),
    ('north.admin', 'North inlet'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'South inlet'),
    ('south.admin', 'South inlet'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table devices'),
    ('service_role', 'North inlet,South inlet')
  $$,
  'devices: a person sees those of their own organization'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      insert into public.devices (device_id) values ('TAP new')
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 new row violates row-level security policy for table "devices"'),
    ('north.operator', '42501 new row violates row-level security policy for table "devices"'),
    ('north.admin', '1 rows'),
    ('north.inactive', '42501 new row violates row-level security policy for table "devices"'),
    ('south.viewer', '42501 new row violates row-level security policy for table "devices"'),
    ('south.admin', '1 rows'),
    ('stranger', '42501 new row violates row-level security policy for table "devices"'),
    ('anon', '42501 permission denied for table devices'),
    ('service_role', '1 rows')
  $$,
  'devices: an admin makes one, in their own organization if they name none'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      insert into public.devices (organization_id, device_id)
      values (tests.organization_id('North'), 'TAP new')
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 new row violates row-level security policy for table "devices"'),
    ('north.operator', '42501 new row violates row-level security policy for table "devices"'),
    ('north.admin', '1 rows'),
    ('north.inactive', '42501 new row violates row-level security policy for table "devices"'),
    ('south.viewer', '42501 new row violates row-level security policy for table "devices"'),
    ('south.admin', '42501 new row violates row-level security policy for table "devices"'),
    ('stranger', '42501 new row violates row-level security policy for table "devices"'),
    ('anon', '42501 permission denied for table devices'),
    ('service_role', '1 rows')
  $$,
  'devices: and in no other'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.devices set metadata = '{}' where device_name = 'North inlet'
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
    ('anon', '42501 permission denied for table devices'),
    ('service_role', '1 rows')
  $$,
  'devices: its admin changes one'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.devices set last_seen = now() where device_name = 'North inlet'
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table devices'),
    ('north.operator', '42501 permission denied for table devices'),
    ('north.admin', '42501 permission denied for table devices'),
    ('north.inactive', '42501 permission denied for table devices'),
    ('south.viewer', '42501 permission denied for table devices'),
    ('south.admin', '42501 permission denied for table devices'),
    ('stranger', '42501 permission denied for table devices'),
    ('anon', '42501 permission denied for table devices'),
    ('service_role', '1 rows')
  $$,
  'devices: people forge no contact'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.devices set organization_id = tests.organization_id('North') where device_name = 'South inlet'
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table devices'),
    ('north.operator', '42501 permission denied for table devices'),
    ('north.admin', '42501 permission denied for table devices'),
    ('north.inactive', '42501 permission denied for table devices'),
    ('south.viewer', '42501 permission denied for table devices'),
    ('south.admin', '42501 permission denied for table devices'),
    ('stranger', '42501 permission denied for table devices'),
    ('anon', '42501 permission denied for table devices'),
    ('service_role', '1 rows')
  $$,
  'devices: people take none from another organization'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      delete from public.devices where device_name = 'North inlet'
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
    ('anon', '42501 permission denied for table devices'),
    ('service_role', '42501 permission denied for table devices')
  $$,
  'devices: its admin deletes one'
);

select tests.sign_in('north.viewer');
select results_eq(
  $$ select id from private.member_device_ids() as id where id like 'TAP%' $$, $$ values ('TAP_NORTH') $$,
  'member_device_ids: the caller''s devices'
);
select tests.sign_in('north.inactive');
select is_empty($$ select private.member_device_ids() $$, 'member_device_ids: none for who was deactivated');
select tests.sign_out();

select finish();
rollback;
