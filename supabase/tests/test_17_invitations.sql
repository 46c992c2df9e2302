/* Invitations: who joins by one, when, and what nobody learns from it. */
begin;
select plan(28);

select tests.make_two_organizations();

create function pg_temp.place(address text)
returns text
language sql
volatile
as $$
  select coalesce(organizations.name, 'nowhere') || ' ' || users.role
  from public.users
  left join public.organizations on organizations.id = users.organization_id
  where users.email = place.address;
$$;

create function pg_temp.invite(person text, address text, role text default 'viewer')
returns text
language plpgsql
volatile
as $$
declare
  v_answer text;
begin
  perform tests.sign_in(person);
  select format(
    'for %s, accepted %s', answer.expires_at - now(), case answer.accepted_at when now() then 'now' else 'no' end
  ) into v_answer
  from public.invite_person(address, invite.role) as answer;
  perform tests.sign_out();
  return v_answer;
end;
$$;

create function pg_temp.account(address text, is_confirmed boolean)
returns text
language sql
volatile
as $$
  insert into auth.users (id, email, email_confirmed_at)
  values (tests.person_id(account.address), account.address, case when account.is_confirmed then now() end)
  returning '# account ' || account.address;
$$;

-- What an invitation is -----------------------------------------------------------

select tests.sign_in('north.admin');
create temporary table invited on commit drop as
select
  invitation_id,
  expires_at,
  accepted_at
from public.invite_person('  New.Person@Example.test ', 'operator');
select tests.sign_out();
select results_eq(
  $$
    select invitations.organization_id, email, role, invited_by, created_at, invitations.expires_at,
      invitations.accepted_at, revoked_at
    from public.invitations join pg_temp.invited on invited.invitation_id = invitations.id
  $$,
  $$
    values (
      tests.organization_id('North'), 'new.person@example.test', 'operator', tests.person_id('north.admin'), now(),
      now() + interval '14 days', null::timestamptz, null::timestamptz
    )
  $$,
  'an admin invites an address into their own organization, for 14 days'
);
select results_eq(
  $$ select expires_at, accepted_at from pg_temp.invited $$,
  $$ values (now() + interval '14 days', null::timestamptz) $$,
  'the answer says until when it waits'
);
select results_eq(
  $$ select * from tests.attempts('select * from public.invite_person(''b@example.test'')') $$,
  $$
    values
    ('north.viewer', '42501 new row violates row-level security policy for table "invitations"'),
    ('north.operator', '42501 new row violates row-level security policy for table "invitations"'),
    ('north.admin', '1 rows'),
    ('north.inactive', '42501 new row violates row-level security policy for table "invitations"'),
    ('south.viewer', '42501 new row violates row-level security policy for table "invitations"'),
    ('south.admin', '1 rows'),
    ('stranger', '42501 new row violates row-level security policy for table "invitations"'),
    ('anon', '42501 permission denied for function invite_person'),
    ('service_role', '1 rows')
  $$,
  'an admin and service_role invite, nobody else'
);
select is(
  tests.attempt(
    'south.admin',
    format('select * from public.invite_person(''b@example.test'', ''admin'', %L)', tests.organization_id('North'))
  ),
  '42501 new row violates row-level security policy for table "invitations"',
  'nobody invites into another organization'
);
select results_eq(
  $$
    select tests.attempt('north.admin', format('select * from public.invite_person(%L, %L)', address, role))
      like refusal
    from (
      values
      ('nobody', 'viewer', '23514 %invitations_email_check%'),
      ('a b@example.test', 'viewer', '23514 %invitations_email_check%'),
      ('a@b@example.test', 'viewer', '23514 %invitations_email_check%'),
      (null, 'viewer', '23502 %'),
      ('b@example.test', 'owner', '23514 %invitations_role_check%')
    ) as tried (address, role, refusal)
  $$,
  array[true, true, true, true, true],
  'what is no address or no role is refused'
);
select is(
  tests.attempt('north.admin', 'select * from public.invite_person(''North.Viewer@example.test'')'),
  'ISMEM already in the organization: north.viewer@example.test',
  'who is in it already is not invited'
);
select is(
  tests.attempt(
    'south.admin', format(
      'insert into public.invitations (organization_id, email) values (%L, ''north.viewer@example.test'')',
      tests.organization_id('North')
    )
  ),
  '42501 new row violates row-level security policy for table "invitations"',
  'and whether they are, another organization is not told'
);

-- Who joins -----------------------------------------------------------------------

select pg_temp.account('unconfirmed@example.test', false);
select results_eq(
  $$
    select address, pg_temp.invite('north.admin', address, 'operator'), pg_temp.place(address)
    from unnest(array[
      'stranger@example.test', 'unknown@example.test', 'south.viewer@example.test', 'unconfirmed@example.test'
    ]) as address
  $$,
  $$
    values
    ('stranger@example.test', 'for 14 days, accepted now', 'North operator'),
    ('unknown@example.test', 'for 14 days, accepted no', null),
    ('south.viewer@example.test', 'for 14 days, accepted no', 'South viewer'),
    ('unconfirmed@example.test', 'for 14 days, accepted no', 'nowhere viewer')
  $$,
  'an account in no organization joins at once; a member elsewhere, an unconfirmed and an unknown address answer alike'
);
select results_eq(
  $$
    select email, invited_by = tests.person_id('north.admin'), accepted_at is not null
    from public.invitations where organization_id = tests.organization_id('North') order by email
  $$,
  $$
    values
    ('new.person@example.test', true, false), ('south.viewer@example.test', true, false),
    ('stranger@example.test', true, true), ('unconfirmed@example.test', true, false),
    ('unknown@example.test', true, false)
  $$,
  'only that one is marked as accepted'
);
select pg_temp.account('Unknown@Example.test', true);
select is(pg_temp.place('Unknown@Example.test'), 'North operator', 'an account that is made confirmed joins');
select pg_temp.account('new.person@example.test', false);
select is(
  pg_temp.place('new.person@example.test'), 'nowhere viewer', 'an account with somebody''s address does not'
);
update auth.users set encrypted_password = 'changed'
where email = 'new.person@example.test';
select is(pg_temp.place('new.person@example.test'), 'nowhere viewer', 'whatever it changes');
update auth.users set email_confirmed_at = now()
where email = 'new.person@example.test';
select is(pg_temp.place('new.person@example.test'), 'North operator', 'until Auth confirms the address');
select pg_temp.account('other@example.test', true);
select '# ' || pg_temp.invite('north.admin', 'later@example.test', 'admin');
update auth.users set email = 'later@example.test'
where email = 'other@example.test';
select is(pg_temp.place('later@example.test'), 'North admin', 'a changed address counts as well');

-- Which one -----------------------------------------------------------------------

insert into public.invitations (organization_id, email, role, created_at, expires_at, revoked_at) values
(
  tests.organization_id('North'), 'wanted@example.test', 'admin', now() - interval '9 days',
  now() + interval '1 day', now() - interval '8 days'
),
(
  private.default_organization_id(), 'wanted@example.test', 'admin', now() - interval '8 days', now(), null
),
(
  tests.organization_id('South'), 'wanted@example.test', 'operator', now() - interval '7 days',
  now() + interval '1 second', null
),
(
  tests.organization_id('North'), 'wanted@example.test', 'admin', now() - interval '6 days',
  now() + interval '1 day', null
);
select pg_temp.account('wanted@example.test', true);
select is(
  pg_temp.place('wanted@example.test'), 'South operator',
  'the oldest that is neither revoked nor expired counts'
);
select is(
  pg_temp.invite('north.admin', 'wanted@example.test', 'viewer'), 'for 14 days, accepted no',
  'who is in an organization is moved by no invitation'
);
select is(pg_temp.place('wanted@example.test'), 'South operator', 'and stays what they were');
select tests.sign_in('south.admin');
select lives_ok(
  $$ select public.remove_person(tests.person_id('wanted@example.test')) $$, 'the other organization lets them go'
);
select tests.sign_out();
select is(pg_temp.place('wanted@example.test'), 'North viewer', 'and the invitation that waited is taken up');
insert into public.invitations (organization_id, email) values (tests.organization_id('South'), 'moved@example.test');
select pg_temp.account('moved@example.test', true);
update public.users set organization_id = tests.organization_id('North')
where email = 'moved@example.test';
insert into public.invitations (organization_id, email) values (tests.organization_id('South'), 'moved@example.test');
update public.users set organization_id = tests.organization_id('South')
where email = 'moved@example.test';
update public.users set organization_id = null
where email = 'moved@example.test';
select is(
  pg_temp.place('moved@example.test'), 'nowhere viewer',
  'nobody comes back to where they were removed by an old invitation of it'
);
update public.users set is_active = false
where email = 'moved@example.test';
select '# ' || pg_temp.invite('north.admin', 'moved@example.test');
select is(pg_temp.place('moved@example.test'), 'nowhere viewer', 'an account that was deactivated joins nothing');

-- Renewing and revoking -------------------------------------------------------------

select '# ' || pg_temp.invite('north.admin', 'again@example.test', 'operator');
update public.invitations set expires_at = now() + interval '1 day'
where email = 'again@example.test';
select is(
  pg_temp.invite('north.admin', 'Again@example.test', 'viewer'), 'for 14 days, accepted no',
  'inviting again renews the time'
);
select is(
  tests.seen_by('north.admin', 'select role from public.invitations where email = ''again@example.test'''), 'viewer',
  'of the one there is, with the role of the last word'
);
select throws_ok(
  $$
    insert into public.invitations (organization_id, email, created_at, expires_at)
    select organization_id, email, now(), now() from public.invitations where email = 'again@example.test'
  $$,
  '23505', null, 'there is one open invitation an address and organization'
);
alter table public.invitations disable trigger _110_stamp;
update public.invitations set created_at = now() - interval '20 days', expires_at = now() - interval '6 days'
where email = 'again@example.test';
alter table public.invitations enable trigger _110_stamp;
select '# ' || pg_temp.invite('north.admin', 'again@example.test');
select results_eq(
  $$ select created_at, expires_at from public.invitations where email = 'again@example.test' $$,
  $$ values (now(), now() + interval '14 days') $$,
  'one that had expired takes its place in the row anew'
);
update public.invitations set revoked_at = '2001-01-01'
where email = 'again@example.test';
select results_eq(
  $$ select revoked_at from public.invitations where email = 'again@example.test' $$, array[now()],
  'revoked is revoked now, whatever time was written'
);
select pg_temp.account('again@example.test', true);
select is(pg_temp.place('again@example.test'), 'nowhere viewer', 'nobody joins by a revoked one');
select is_empty(
  $$
    select email, outcome from public.invitations, tests.attempt('north.admin', format(
      'update public.invitations set expires_at = now() + interval ''1 day'', revoked_at = null where id = %L', id
    )) as outcome
    where num_nonnulls(accepted_at, revoked_at) > 0 and organization_id = tests.organization_id('North')
    and outcome <> 'INVEN the invitation has ended: ' || id
  $$,
  'what was accepted or revoked stays so'
);

select finish();
rollback;
