/*
 * Who sees and changes organizations and sites. A refused read or update shows
 * no row; a refused insert and a missing grant raise.
 */
begin;
select plan(20);

select tests.make_two_organizations();

select policies_are(
  'public', 'organizations', array['organizations_select_member'], 'organizations: these policies and no other'
);
select table_privs_are('public', 'organizations', 'anon', array[]::text[], 'organizations: anon holds no privilege');
select table_privs_are('public', 'organizations', 'authenticated', array['SELECT'], 'organizations: what people hold of the whole table');
select table_privs_are('public', 'organizations', 'service_role', array['INSERT', 'SELECT', 'UPDATE'], 'organizations: what service_role holds');
select results_eq(
  $$
    select * from tests.sights($query$
      select name from public.organizations where name in ('North', 'South')
    $query$)
  $$,
  $$
    values
    ('north.viewer', 'North'),
    ('north.operator', 'North'),
    ('north.admin', 'North'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'South'),
    ('south.admin', 'South'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table organizations'),
    ('service_role', 'North,South')
  $$,
  'organizations: a person sees their own, nobody elses'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.organizations set name = 'Mine' where name = 'North'
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table organizations'),
    ('north.operator', '42501 permission denied for table organizations'),
    ('north.admin', '42501 permission denied for table organizations'),
    ('north.inactive', '42501 permission denied for table organizations'),
    ('south.viewer', '42501 permission denied for table organizations'),
    ('south.admin', '42501 permission denied for table organizations'),
    ('stranger', '42501 permission denied for table organizations'),
    ('anon', '42501 permission denied for table organizations'),
    ('service_role', '1 rows')
  $$,
  'organizations: people change none'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      insert into public.organizations (name) values ('East')
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table organizations'),
    ('north.operator', '42501 permission denied for table organizations'),
    ('north.admin', '42501 permission denied for table organizations'),
    ('north.inactive', '42501 permission denied for table organizations'),
    ('south.viewer', '42501 permission denied for table organizations'),
    ('south.admin', '42501 permission denied for table organizations'),
    ('stranger', '42501 permission denied for table organizations'),
    ('anon', '42501 permission denied for table organizations'),
    ('service_role', '1 rows')
  $$,
  'organizations: people make none'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      delete from public.organizations where name = 'North'
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table organizations'),
    ('north.operator', '42501 permission denied for table organizations'),
    ('north.admin', '42501 permission denied for table organizations'),
    ('north.inactive', '42501 permission denied for table organizations'),
    ('south.viewer', '42501 permission denied for table organizations'),
    ('south.admin', '42501 permission denied for table organizations'),
    ('stranger', '42501 permission denied for table organizations'),
    ('anon', '42501 permission denied for table organizations'),
    ('service_role', '42501 permission denied for table organizations')
  $$,
  'organizations: nobody deletes one'
);

select policies_are(
  'public', 'sites', array['sites_delete_admin', 'sites_insert_admin', 'sites_select_member', 'sites_update_admin'], 'sites: these policies and no other'
);
select table_privs_are('public', 'sites', 'anon', array[]::text[], 'sites: anon holds no privilege');
select table_privs_are('public', 'sites', 'authenticated', array['DELETE', 'SELECT'], 'sites: what people hold of the whole table');
select table_privs_are('public', 'sites', 'service_role', array['INSERT', 'SELECT', 'UPDATE'], 'sites: what service_role holds');
select bag_eq(
  $$
    select column_name::text from information_schema.column_privileges
    where table_schema = 'public' and table_name = 'sites' and grantee = 'authenticated'
    and privilege_type = 'INSERT'
  $$,
  $$ select unnest(string_to_array('organization_id name time_zone day_start', ' ')) $$,
  'sites: the columns people insert'
);
select bag_eq(
  $$
    select column_name::text from information_schema.column_privileges
    where table_schema = 'public' and table_name = 'sites' and grantee = 'authenticated'
    and privilege_type = 'UPDATE'
  $$,
  $$ select unnest(string_to_array('name time_zone day_start', ' ')) $$,
  'sites: the columns people update'
);
select results_eq(
  $$
    select * from tests.sights($query$
      select name from public.sites where name in ('North plant', 'South plant')
    $query$)
  $$,
  $$
    values
    ('north.viewer', 'North plant'),
    ('north.operator', 'North plant'),
    ('north.admin', 'North plant'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'South plant'),
    ('south.admin', 'South plant'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table sites'),
    ('service_role', 'North plant,South plant')
  $$,
  'sites: a person sees those of their own organization'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      insert into public.sites (name) values ('New plant')
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 new row violates row-level security policy for table "sites"'),
    ('north.operator', '42501 new row violates row-level security policy for table "sites"'),
    ('north.admin', '1 rows'),
    ('north.inactive', '42501 new row violates row-level security policy for table "sites"'),
    ('south.viewer', '42501 new row violates row-level security policy for table "sites"'),
    ('south.admin', '1 rows'),
    ('stranger', '42501 new row violates row-level security policy for table "sites"'),
    ('anon', '42501 permission denied for table sites'),
    ('service_role', '1 rows')
  $$,
  'sites: an admin makes one, in their own organization if they name none'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      insert into public.sites (organization_id, name)
      values (tests.organization_id('North'), 'New plant')
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 new row violates row-level security policy for table "sites"'),
    ('north.operator', '42501 new row violates row-level security policy for table "sites"'),
    ('north.admin', '1 rows'),
    ('north.inactive', '42501 new row violates row-level security policy for table "sites"'),
    ('south.viewer', '42501 new row violates row-level security policy for table "sites"'),
    ('south.admin', '42501 new row violates row-level security policy for table "sites"'),
    ('stranger', '42501 new row violates row-level security policy for table "sites"'),
    ('anon', '42501 permission denied for table sites'),
    ('service_role', '1 rows')
  $$,
  'sites: and in no other'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.sites set name = 'Renamed' where name = 'North plant'
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
    ('anon', '42501 permission denied for table sites'),
    ('service_role', '1 rows')
  $$,
  'sites: its admin renames one'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.sites set organization_id = tests.organization_id('South') where name = 'North plant'
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table sites'),
    ('north.operator', '42501 permission denied for table sites'),
    ('north.admin', '42501 permission denied for table sites'),
    ('north.inactive', '42501 permission denied for table sites'),
    ('south.viewer', '42501 permission denied for table sites'),
    ('south.admin', '42501 permission denied for table sites'),
    ('stranger', '42501 permission denied for table sites'),
    ('anon', '42501 permission denied for table sites'),
    ('service_role', '23503 update or delete on table "sites" violates foreign key constraint "gateways_organization_id_site_id_fkey" on table "gateways"')
  $$,
  'sites: people move none to another organization'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      delete from public.sites where name = 'North plant'
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
    ('anon', '42501 permission denied for table sites'),
    ('service_role', '42501 permission denied for table sites')
  $$,
  'sites: its admin deletes one'
);

select finish();
rollback;
