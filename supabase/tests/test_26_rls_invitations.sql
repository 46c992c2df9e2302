/*
 * Who sees and changes invitations: an organization's admins. Whoever else could
 * write one would let people in.
 */
begin;
select plan(13);

select tests.make_two_organizations();
insert into public.invitations (organization_id, email, role) values
(tests.organization_id('North'), 'north@example.test', 'operator'),
(tests.organization_id('South'), 'south@example.test', 'viewer');

select policies_are(
  'public', 'invitations', array['invitations_insert_admin', 'invitations_select_admin', 'invitations_update_admin'],
  'invitations: these policies and no other'
);
select table_privs_are('public', 'invitations', 'anon', array[]::text[], 'invitations: anon holds no privilege');
select table_privs_are('public', 'invitations', 'authenticated', array['SELECT'], 'invitations: what people hold of the whole table');
select table_privs_are('public', 'invitations', 'service_role', array['SELECT'], 'invitations: what service_role holds');
select bag_eq(
  $$
    select grantee::text, column_name::text from information_schema.column_privileges
    where table_schema = 'public' and table_name = 'invitations' and privilege_type = 'INSERT'
    and grantee in ('authenticated', 'service_role')
  $$,
  $$
    select grantee, column_name from unnest(array['authenticated', 'service_role']) as grantee
    cross join string_to_table('organization_id email role expires_at', ' ') as column_name
  $$,
  'invitations: the columns people and programs insert'
);
select bag_eq(
  $$
    select grantee::text, column_name::text from information_schema.column_privileges
    where table_schema = 'public' and table_name = 'invitations' and privilege_type = 'UPDATE'
    and grantee in ('authenticated', 'service_role')
  $$,
  $$
    select grantee, column_name from unnest(array['authenticated', 'service_role']) as grantee
    cross join string_to_table('role expires_at revoked_at', ' ') as column_name
  $$,
  'invitations: the columns people and programs update; who joined is none of them'
);
select results_eq(
  $$ select * from tests.sights('select email from public.invitations') $$,
  $$
    values
    ('north.viewer', 'nothing'),
    ('north.operator', 'nothing'),
    ('north.admin', 'north@example.test'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'nothing'),
    ('south.admin', 'south@example.test'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table invitations'),
    ('service_role', 'north@example.test,south@example.test')
  $$,
  'invitations: an admin sees those of their own organization'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      insert into public.invitations (organization_id, email) values (tests.organization_id('North'), 'b@example.test')
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 new row violates row-level security policy for table "invitations"'),
    ('north.operator', '42501 new row violates row-level security policy for table "invitations"'),
    ('north.admin', '1 rows'),
    ('north.inactive', '42501 new row violates row-level security policy for table "invitations"'),
    ('south.viewer', '42501 new row violates row-level security policy for table "invitations"'),
    ('south.admin', '42501 new row violates row-level security policy for table "invitations"'),
    ('stranger', '42501 new row violates row-level security policy for table "invitations"'),
    ('anon', '42501 permission denied for table invitations'),
    ('service_role', '1 rows')
  $$,
  'invitations: its admin makes one'
);
-- Without a condition no column is read, so only the update policy decides.
select results_eq(
  $$
    select * from tests.attempts($query$ update public.invitations set role = 'admin' $query$)
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
    ('anon', '42501 permission denied for table invitations')
  $$,
  'invitations: who changes all of them changes their own organization''s'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.invitations set revoked_at = now() where email = 'north@example.test'
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
    ('anon', '42501 permission denied for table invitations'),
    ('service_role', '1 rows')
  $$,
  'invitations: its admin revokes one'
);
select is_empty(
  $$
    select tried.statement, attempts.person, attempts.outcome
    from (
      values
      ('update public.invitations set organization_id = tests.organization_id(''South'')'),
      ('update public.invitations set email = ''stranger@example.test'''),
      ('update public.invitations set accepted_at = now()'),
      ('insert into public.invitations (organization_id, email, accepted_at)
        values (tests.organization_id(''North''), ''b@example.test'', now())'),
      ('delete from public.invitations'),
      ('truncate public.invitations')
    ) as tried (statement)
    cross join lateral tests.attempts(tried.statement) as attempts
    where attempts.outcome <> '42501 permission denied for table invitations'
  $$,
  'invitations: nobody moves, readdresses, accepts or deletes one'
);
select is_empty(
  $$
    select person, outcome
    from tests.attempts(format('select private.accept_invitation(%L)', tests.person_id('stranger')))
    where outcome not like '42501 permission denied for %'
  $$,
  'invitations: nobody takes themselves in past Auth'
);
select results_eq(
  $$ select email, role, accepted_at is null, revoked_at is null from public.invitations order by email $$,
  $$ values ('north@example.test', 'operator', true, true), ('south@example.test', 'viewer', true, true) $$,
  'invitations: both are as they were'
);

select finish();
rollback;
