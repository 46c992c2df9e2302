/*
 * Register profiles: who reads and writes them, what a version is, what decodes
 * a device. Each table is queried alone: another's policy would hide a hole.
 */
begin;
select plan(29);

select tests.make_two_organizations();

create function pg_temp.columns_of(relation text, privilege text)
returns setof text
language sql
stable
as $$
  select column_name::text from information_schema.column_privileges
  where table_schema = 'public' and table_name = columns_of.relation
  and grantee = 'authenticated' and privilege_type = columns_of.privilege;
$$;

insert into public.register_profiles (id, organization_id, name, model) values
(md5('profile North')::uuid, tests.organization_id('North'), 'tap_north', 'North model'),
(md5('profile South')::uuid, tests.organization_id('South'), 'tap_south', 'South model');
insert into public.register_profile_registers (profile_id, metric, function_code, address, type, source_unit) values
(md5('profile North')::uuid, 'flow_rate', 3, 1, 'int16', 'north'),
(md5('profile South')::uuid, 'flow_rate', 3, 2, 'int16', 'south');
insert into public.register_profile_status (profile_id, function_code, address, value, flag) values
(md5('profile North')::uuid, 3, 9, 1, 'north_flag'),
(md5('profile South')::uuid, 3, 9, 1, 'south_flag');

-- Rights ------------------------------------------------------------------------------------

select policies_are(
  'public', 'register_profiles', array['register_profiles_delete_admin', 'register_profiles_insert_admin', 'register_profiles_select_member', 'register_profiles_update_admin'], 'profiles: these policies and no other'
);
select table_privs_are('public', 'register_profiles', 'anon', array[]::text[], 'profiles: anon holds no privilege');
select table_privs_are('public', 'register_profiles', 'authenticated', array['DELETE', 'SELECT'], 'profiles: what people hold of the whole table');
select table_privs_are('public', 'register_profiles', 'service_role', array['SELECT'], 'profiles: service_role reads');
select bag_eq(
  $$ select pg_temp.columns_of('register_profiles', 'INSERT') $$,
  $$ select unnest(string_to_array('organization_id name version model source description', ' ')) $$,
  'profiles: the columns people insert'
);
select bag_eq(
  $$ select pg_temp.columns_of('register_profiles', 'UPDATE') $$,
  $$ select unnest(string_to_array('name version model source description published_at', ' ')) $$,
  'profiles: the columns people update'
);
select policies_are(
  'public', 'register_profile_registers', array['register_profile_registers_delete_admin', 'register_profile_registers_insert_admin', 'register_profile_registers_select_member', 'register_profile_registers_update_admin'], 'registers: these policies and no other'
);
select table_privs_are('public', 'register_profile_registers', 'anon', array[]::text[], 'registers: anon holds no privilege');
select table_privs_are('public', 'register_profile_registers', 'authenticated', array['DELETE', 'SELECT'], 'registers: what people hold of the whole table');
select table_privs_are('public', 'register_profile_registers', 'service_role', array['SELECT'], 'registers: service_role reads');
select bag_eq(
  $$ select 'profile_id' union all select pg_temp.columns_of('register_profile_registers', 'UPDATE') $$,
  $$ select pg_temp.columns_of('register_profile_registers', 'INSERT') $$,
  'registers: one stays with its profile'
);
select policies_are(
  'public', 'register_profile_status', array['register_profile_status_delete_admin', 'register_profile_status_insert_admin', 'register_profile_status_select_member', 'register_profile_status_update_admin'], 'status: these policies and no other'
);
select table_privs_are('public', 'register_profile_status', 'anon', array[]::text[], 'status: anon holds no privilege');
select table_privs_are('public', 'register_profile_status', 'authenticated', array['DELETE', 'SELECT'], 'status: what people hold of the whole table');
select table_privs_are('public', 'register_profile_status', 'service_role', array['SELECT'], 'status: service_role reads');
select bag_eq(
  $$ select 'profile_id' union all select pg_temp.columns_of('register_profile_status', 'UPDATE') $$,
  $$ select pg_temp.columns_of('register_profile_status', 'INSERT') $$,
  'status: one stays with its profile'
);

-- Who sees ------------------------------------------------------------------------------------

select results_eq(
  $$ select * from tests.sights('select name from public.register_profiles') $$,
  $$
    values
    ('north.viewer', 'nivus_750,nivusonic,tap_north'),
    ('north.operator', 'nivus_750,nivusonic,tap_north'),
    ('north.admin', 'nivus_750,nivusonic,tap_north'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'nivus_750,nivusonic,tap_south'),
    ('south.admin', 'nivus_750,nivusonic,tap_south'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table register_profiles'),
    ('service_role', 'nivus_750,nivusonic,tap_north,tap_south')
  $$,
  'profiles: a member sees the shipped ones and their organization''s'
);
select results_eq(
  $$ select * from tests.sights('select distinct source_unit from public.register_profile_registers where function_code = 3 or address = 5200') $$,
  $$
    values
    ('north.viewer', 'm3,north'),
    ('north.operator', 'm3,north'),
    ('north.admin', 'm3,north'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'm3,south'),
    ('south.admin', 'm3,south'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table register_profile_registers'),
    ('service_role', 'm3,north,south')
  $$,
  'registers: of those profiles'
);
select results_eq(
  $$ select * from tests.sights('select distinct flag from public.register_profile_status') $$,
  $$
    values
    ('north.viewer', 'north_flag,sensor_invalid'),
    ('north.operator', 'north_flag,sensor_invalid'),
    ('north.admin', 'north_flag,sensor_invalid'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'sensor_invalid,south_flag'),
    ('south.admin', 'sensor_invalid,south_flag'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table register_profile_status'),
    ('service_role', 'north_flag,sensor_invalid,south_flag')
  $$,
  'status: of those profiles'
);

-- Who writes ----------------------------------------------------------------------------------

create function pg_temp.outcomes(statement text)
returns setof text
language sql
volatile
as $$
  -- Who may not, in one word: by row security (row), or for want of a grant (grant).
  select string_agg(
    tried.person || ' ' || regexp_replace(
      regexp_replace(tried.outcome, '^42501 permission denied.*', 'grant'), '^42501 new row violates.*', 'row'
    ),
    ', ' order by tried.place
  )
  from tests.attempts(outcomes.statement) with ordinality as tried (person, outcome, place)
  where tried.person not in ('north.operator', 'north.inactive', 'south.viewer');
$$;

select results_eq(
  $$ select pg_temp.outcomes('insert into public.register_profiles (name, model) values (''tap_mine'', ''m'') returning name') $$,
  array['north.viewer row, north.admin 1 rows, south.admin 1 rows, stranger row, anon grant, service_role grant'],
  'profiles: an admin makes one'
);
select results_eq(
  $$
    select pg_temp.outcomes($query$
      insert into public.register_profiles (organization_id, name, model)
      values (tests.organization_id('North'), 'tap_mine', 'm')
    $query$)
  $$,
  array['north.viewer row, north.admin 1 rows, south.admin row, stranger row, anon grant, service_role grant'],
  'profiles: in no other organization'
);
select results_eq(
  $$ select pg_temp.outcomes('update public.register_profiles set description = ''x'' where name in (''tap_north'', ''nivus_750'')') $$,
  array['north.viewer 0 rows, north.admin 1 rows, south.admin 0 rows, stranger 0 rows, anon grant, service_role grant'],
  'profiles: its admin changes a draft, nobody a shipped one'
);
select results_eq(
  $$ select pg_temp.outcomes('delete from public.register_profiles where name in (''tap_north'', ''nivus_750'')') $$,
  array['north.viewer 0 rows, north.admin 1 rows, south.admin 0 rows, stranger 0 rows, anon grant, service_role grant'],
  'profiles: its admin deletes a draft'
);
select results_eq(
  $$
    select pg_temp.outcomes($query$
      insert into public.register_profile_registers (profile_id, metric, function_code, address, type, source_unit)
      values (md5('profile North')::uuid, 'level', 3, 2, 'int16', 'm') returning metric
    $query$)
  $$,
  array['north.viewer row, north.admin 1 rows, south.admin row, stranger row, anon grant, service_role grant'],
  'registers: its admin adds one to a draft'
);
select results_eq(
  $$ select pg_temp.outcomes('update public.register_profile_registers set scale = 2 where source_unit in (''north'', ''m3'')') $$,
  array['north.viewer 0 rows, north.admin 1 rows, south.admin 0 rows, stranger 0 rows, anon grant, service_role grant'],
  'registers: its admin changes a draft''s'
);
select results_eq(
  $$ select pg_temp.outcomes('delete from public.register_profile_registers where source_unit in (''north'', ''m3'')') $$,
  array['north.viewer 0 rows, north.admin 1 rows, south.admin 0 rows, stranger 0 rows, anon grant, service_role grant'],
  'registers: its admin takes one from a draft'
);
select results_eq(
  $$
    select pg_temp.outcomes($query$
      insert into public.register_profile_status (profile_id, function_code, address, value, flag)
      values (md5('profile North')::uuid, 3, 9, 2, 'x') returning flag
    $query$)
  $$,
  array['north.viewer row, north.admin 1 rows, south.admin row, stranger row, anon grant, service_role grant'],
  'status: its admin adds a meaning to a draft'
);
select results_eq(
  $$ select pg_temp.outcomes('update public.register_profile_status set quality = ''bad'' where flag in (''north_flag'', ''sensor_invalid'')') $$,
  array['north.viewer 0 rows, north.admin 1 rows, south.admin 0 rows, stranger 0 rows, anon grant, service_role grant'],
  'status: its admin changes a draft''s'
);
select results_eq(
  $$ select pg_temp.outcomes('delete from public.register_profile_status where flag in (''north_flag'', ''sensor_invalid'')') $$,
  array['north.viewer 0 rows, north.admin 1 rows, south.admin 0 rows, stranger 0 rows, anon grant, service_role grant'],
  'status: its admin takes one from a draft'
);

select finish();
rollback;
