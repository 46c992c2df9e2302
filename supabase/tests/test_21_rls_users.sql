/*
 * Who sees and changes people. Whoever could write this table could become
 * anybody.
 */
begin;
select plan(14);

select tests.make_two_organizations();

select policies_are(
  'public', 'users', array['users_select_member', 'users_update_admin'], 'users: these policies and no other'
);
select table_privs_are('public', 'users', 'anon', array[]::text[], 'users: anon holds no privilege');
select table_privs_are('public', 'users', 'authenticated', array['SELECT'], 'users: what people hold of the whole table');
select table_privs_are('public', 'users', 'service_role', array['INSERT', 'SELECT', 'UPDATE'], 'users: what service_role holds');
select is_empty(
  $$
    select column_name::text from information_schema.column_privileges
    where table_schema = 'public' and table_name = 'users' and grantee = 'authenticated'
    and privilege_type = 'INSERT'
  $$,
  'users: people insert none'
);
select bag_eq(
  $$
    select column_name::text from information_schema.column_privileges
    where table_schema = 'public' and table_name = 'users' and grantee = 'authenticated'
    and privilege_type = 'UPDATE'
  $$,
  $$ select unnest(string_to_array('full_name role is_active', ' ')) $$,
  'users: the columns people update'
);
select results_eq(
  $$
    select * from tests.sights($query$
      select full_name from public.users where email like '%@example.test'
    $query$)
  $$,
  $$
    values
    ('north.viewer', 'north.admin,north.inactive,north.operator,north.viewer'),
    ('north.operator', 'north.admin,north.inactive,north.operator,north.viewer'),
    ('north.admin', 'north.admin,north.inactive,north.operator,north.viewer'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'south.admin,south.inactive,south.operator,south.viewer'),
    ('south.admin', 'south.admin,south.inactive,south.operator,south.viewer'),
    ('stranger', 'stranger'),
    ('anon', '42501 permission denied for table users'),
    (
      'service_role',
      'north.admin,north.inactive,north.operator,north.viewer,south.admin,south.inactive,south.operator,south.viewer,stranger'
    )
  $$,
  'users: a person sees the people of their own organization; who is in none, themselves'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      insert into public.users (id, organization_id, role)
      values (tests.person_id('stranger'), tests.organization_id('North'), 'viewer')
      on conflict (id) do update set organization_id = excluded.organization_id
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table users'),
    ('north.operator', '42501 permission denied for table users'),
    ('north.admin', '42501 permission denied for table users'),
    ('north.inactive', '42501 permission denied for table users'),
    ('south.viewer', '42501 permission denied for table users'),
    ('south.admin', '42501 permission denied for table users'),
    ('stranger', '42501 permission denied for table users'),
    ('anon', '42501 permission denied for table users'),
    ('service_role', '1 rows')
  $$,
  'users: nobody takes themselves or others into an organization past an invitation, service_role does'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.users set role = 'operator' where id = tests.person_id('north.viewer')
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
    ('anon', '42501 permission denied for table users'),
    ('service_role', '1 rows')
  $$,
  'users: only an admin of the same organization gives a role'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.users set role = 'admin', is_active = true where id = (select auth.uid())
    $query$)
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
    ('anon', '42501 permission denied for table users'),
    ('service_role', '0 rows')
  $$,
  'users: nobody but an admin raises themselves'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.users set organization_id = tests.organization_id('South')
      where id = tests.person_id('north.viewer')
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table users'),
    ('north.operator', '42501 permission denied for table users'),
    ('north.admin', '42501 permission denied for table users'),
    ('north.inactive', '42501 permission denied for table users'),
    ('south.viewer', '42501 permission denied for table users'),
    ('south.admin', '42501 permission denied for table users'),
    ('stranger', '42501 permission denied for table users'),
    ('anon', '42501 permission denied for table users'),
    ('service_role', '1 rows')
  $$,
  'users: no admin moves anybody to another organization'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.users set email = 'mine@example.test' where id = (select auth.uid())
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table users'),
    ('north.operator', '42501 permission denied for table users'),
    ('north.admin', '42501 permission denied for table users'),
    ('north.inactive', '42501 permission denied for table users'),
    ('south.viewer', '42501 permission denied for table users'),
    ('south.admin', '42501 permission denied for table users'),
    ('stranger', '42501 permission denied for table users'),
    ('anon', '42501 permission denied for table users'),
    ('service_role', '0 rows')
  $$,
  'users: nobody writes an address'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      delete from public.users where id = tests.person_id('north.viewer')
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 permission denied for table users'),
    ('north.operator', '42501 permission denied for table users'),
    ('north.admin', '42501 permission denied for table users'),
    ('north.inactive', '42501 permission denied for table users'),
    ('south.viewer', '42501 permission denied for table users'),
    ('south.admin', '42501 permission denied for table users'),
    ('stranger', '42501 permission denied for table users'),
    ('anon', '42501 permission denied for table users'),
    ('service_role', '42501 permission denied for table users')
  $$,
  'users: nobody deletes one, the row goes with the account'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      select public.remove_person(tests.person_id('north.viewer'))
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 only an admin removes people'),
    ('north.operator', '42501 only an admin removes people'),
    ('north.admin', '1 rows'),
    ('north.inactive', '42501 only an admin removes people'),
    ('south.viewer', '42501 only an admin removes people'),
    ('south.admin', 'UNKPN unknown person: ' || tests.person_id('north.viewer')),
    ('stranger', '42501 only an admin removes people'),
    ('anon', '42501 permission denied for function remove_person'),
    ('service_role', '42501 permission denied for function remove_person')
  $$,
  'users: an admin lets people of their organization go, and sees nobody else''s'
);

select finish();
rollback;
