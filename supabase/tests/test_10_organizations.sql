/* Organizations, sites and people: what they may be, and who must stay. */
begin;
select plan(18);

select tests.make_two_organizations();

-- Names and zones -------------------------------------------------------------

select throws_ok(
  $$ insert into public.organizations (name) values ('North') $$,
  '23505', null, 'an organization''s name is taken once'
);
select throws_ok(
  $$ insert into public.organizations (name) values (' ') $$,
  '23514', null, 'a blank is no name'
);
select throws_ok(
  $$ insert into public.organizations (name, time_zone) values ('East', 'Mars/Base') $$,
  'UNKTZ', 'unknown time zone: Mars/Base', 'a time zone must exist'
);
select throws_ok(
  $$ update public.sites set time_zone = 'XYZ9' where name = 'North plant' $$,
  'UNKTZ', 'unknown time zone: XYZ9', 'a made-up POSIX zone is no time zone'
);
select lives_ok(
  $$ update public.sites set time_zone = 'Europe/Berlin' where name = 'North plant' $$,
  'a site may have its own time zone'
);
select lives_ok(
  $$ update public.sites set time_zone = null where name = 'North plant' $$,
  'and give it up for the organization''s'
);
select is(
  tests.attempt('service_role', $$ insert into public.sites (name) values ('Somewhere') $$), '1 rows',
  'a site needs no organization: it falls to the default one'
);

-- People ----------------------------------------------------------------------

select results_eq(
  $$ select email from public.users where id = tests.person_id('north.viewer') $$,
  $$ values ('north.viewer@example.test') $$,
  'the address comes from the account'
);
update public.users set email = 'forged@example.test'
where id = tests.person_id('north.viewer');
select results_eq(
  $$ select email from public.users where id = tests.person_id('north.viewer') $$,
  $$ values ('north.viewer@example.test') $$,
  'and cannot be written'
);
update auth.users set email = 'new.address@example.test'
where id = tests.person_id('north.viewer');
select results_eq(
  $$ select email from public.users where id = tests.person_id('north.viewer') $$,
  $$ values ('new.address@example.test') $$,
  'a changed address of the account is followed'
);
select throws_ok(
  $$ update public.users set role = 'owner' where id = tests.person_id('north.viewer') $$,
  '23514', null, 'there are three roles'
);
delete from auth.users
where id = tests.person_id('north.viewer');
select is_empty(
  $$ select from public.users where id = tests.person_id('north.viewer') $$,
  'a deleted account leaves its organization'
);

-- The last admin --------------------------------------------------------------

select results_eq(
  $$
    select statement, tests.attempt('service_role', format(statement, tests.person_id('north.admin')))
    from (
      values
      (1, 'update public.users set role = ''operator'' where id = %L'),
      (2, 'update public.users set is_active = false where id = %L'),
      (3, 'update public.users set organization_id = tests.organization_id(''South'') where id = %L')
    ) as tried (place, statement)
    order by place
  $$,
  $$
    select statement, 'LASTA the last active admin of an organization must stay: ' || tests.person_id('north.admin')
    from (
      values
      (1, 'update public.users set role = ''operator'' where id = %L'),
      (2, 'update public.users set is_active = false where id = %L'),
      (3, 'update public.users set organization_id = tests.organization_id(''South'') where id = %L')
    ) as tried (place, statement)
    order by place
  $$,
  'the last active admin is not demoted, deactivated or moved, not even by service_role'
);
select throws_ok(
  $$ delete from public.users where id = tests.person_id('north.admin') $$,
  'LASTA', null, 'nor deleted'
);
select throws_ok(
  $$ delete from auth.users where id = tests.person_id('north.admin') $$,
  'LASTA', null, 'nor deleted by way of the account'
);
select is(
  tests.attempt('north.admin', $$ update public.users set role = 'viewer' where id = auth.uid() $$),
  'LASTA the last active admin of an organization must stay: ' || tests.person_id('north.admin'),
  'nor do they resign'
);
select lives_ok(
  $$
    update public.users set is_active = true where id = tests.person_id('north.inactive');
    delete from public.users where id = tests.person_id('north.admin')
  $$,
  'one of two may go'
);
select throws_ok(
  $$
    update public.users set is_active = true, role = 'admin' where organization_id = tests.organization_id('South');
    update public.users set role = 'viewer' where organization_id = tests.organization_id('South')
  $$,
  'LASTA', null, 'all of them at once may not'
);

select finish();
rollback;
