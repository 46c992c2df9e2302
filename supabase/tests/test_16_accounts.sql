/* Accounts: a row for each, in no organization, and what that means. */
begin;
select plan(19);

select tests.make_two_organizations();

-- The row -----------------------------------------------------------------------

insert into auth.users (id, email, email_confirmed_at)
values (tests.person_id('new'), 'new@example.test', now());
select results_eq(
  $$ select organization_id, email, role, is_active from public.users where id = tests.person_id('new') $$,
  $$ values (null::uuid, 'new@example.test', 'viewer', true) $$,
  'a new account has a row with its address, the lowest role and no organization'
);
insert into auth.users (id) values (tests.person_id('nameless'));
select results_eq(
  $$ select organization_id, email, role from public.users where id = tests.person_id('nameless') $$,
  $$ values (null::uuid, null::text, 'viewer') $$,
  'so has one without an address'
);
delete from auth.users
where id = tests.person_id('nameless');
select is_empty(
  $$ select from public.users where id = tests.person_id('nameless') $$, 'the row goes with the account'
);
delete from public.users
where id = tests.person_id('new');
insert into public.users (id) values (tests.person_id('new'));
select results_eq(
  $$ select organization_id from public.users where id = tests.person_id('new') $$,
  $$ values (null::uuid) $$,
  'a row that names no organization is in none, not in the default one'
);
select tests.sign_in('service_role');
insert into public.users (id, organization_id, role, is_active)
values (tests.person_id('new'), tests.organization_id('South'), 'operator', true)
on conflict (id) do update
  set organization_id = excluded.organization_id, role = excluded.role, is_active = excluded.is_active;
select tests.sign_out();
select results_eq(
  $$ select organization_id, role from public.users where id = tests.person_id('new') $$,
  $$ values (tests.organization_id('South'), 'operator') $$,
  'service_role gives an account its place'
);
select is_empty(
  $$ select account.id from auth.users as account where account.id not in (select users.id from public.users) $$,
  'no account is without a row'
);

-- In no organization ------------------------------------------------------------

select throws_ok(
  $$ update public.users set role = 'admin' where id = tests.person_id('stranger') $$,
  '23514', null, 'there is no admin of nothing'
);
select results_eq(
  $$
    select
      tests.seen_by('stranger', 'select private.my_organization_id()::text || private.my_role()'),
      tests.seen_by(
        'stranger', 'select private.has_role(role) from unnest(array[''viewer'', ''operator'', ''admin'']) as role'
      ),
      tests.seen_by('stranger', 'select private.member_device_ids()')
  $$,
  $$ values ('nothing', 'false,false,false', 'nothing') $$,
  'a stranger has no organization, no role and no device'
);
select is(
  tests.seen_by('stranger', 'select email from public.users'), 'stranger@example.test',
  'they see their own row and no other'
);
select is(
  tests.seen_by('north.admin', 'select email from public.users where organization_id is null'), 'nothing',
  'an admin sees no stranger'
);
update public.users set is_active = false
where id = tests.person_id('stranger');
select is(
  tests.seen_by('stranger', 'select email from public.users'), 'nothing',
  'a deactivated stranger sees not even that'
);
update public.users set is_active = true
where id = tests.person_id('stranger');
select results_eq(
  $$
    select tests.attempt('stranger', statement) from unnest(array[
      'update public.users set full_name = ''Me'' where id = auth.uid()',
      'update public.users set role = ''admin'' where id = auth.uid()',
      'insert into public.sites (name) values (''Mine'')',
      'insert into public.alert_rules (rule_name, rule_type, threshold_value) values (''Mine'', ''high_flow'', 1)'
    ]) with ordinality as tried (statement, place) order by place
  $$,
  $$
    values
    ('0 rows'), ('0 rows'), ('42501 new row violates row-level security policy for table "sites"'),
    ('42501 new row violates row-level security policy for table "alert_rules"')
  $$,
  'and changes nothing: what names no organization would be the default one''s, and is refused'
);

-- Leaving -------------------------------------------------------------------------

select tests.sign_in('north.admin');
select lives_ok(
  $$
    update public.users set role = 'operator', is_active = false where id = tests.person_id('north.viewer');
    select public.remove_person(tests.person_id('north.viewer'))
  $$,
  'an admin removes a person, here one whom they had deactivated'
);
select tests.sign_out();
select results_eq(
  $$ select organization_id, role, is_active from public.users where id = tests.person_id('north.viewer') $$,
  $$ values (null::uuid, 'viewer', true) $$,
  'who is removed starts anew, as somebody in no organization'
);
select is(
  tests.seen_by('north.viewer', 'select full_name from public.users'), 'north.viewer',
  'and sees themselves and nobody else'
);
select is(
  tests.attempt('north.admin', format('select public.remove_person(%L)', tests.person_id('north.viewer'))),
  'UNKPN unknown person: ' || tests.person_id('north.viewer'),
  'a person who is gone is unknown'
);
select results_eq(
  $$
    select tests.attempt(person, format(statement, tests.person_id('north.admin')))
    from (
      values
      (1, 'north.admin', 'select public.remove_person(%L)'),
      (2, 'service_role', 'update public.users set organization_id = null, role = ''viewer'' where id = %L')
    ) as tried (place, person, statement)
    order by place
  $$,
  $$
    select 'LASTA the last active admin of an organization must stay: ' || tests.person_id('north.admin')
    from generate_series(1, 2)
  $$,
  'the last active admin is not removed, neither by themselves nor by service_role'
);
update public.users set is_active = true
where id = tests.person_id('north.inactive');
select is(
  tests.attempt('north.admin', 'select public.remove_person(auth.uid())'), '1 rows', 'one of two admins may go'
);
update public.users set organization_id = null
where id = tests.person_id('north.inactive');
select results_eq(
  $$ select organization_id, role from public.users where id = tests.person_id('north.inactive') $$,
  $$ values (null::uuid, 'viewer') $$,
  'whoever takes somebody out takes their role as well'
);

select finish();
rollback;
