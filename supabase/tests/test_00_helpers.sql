/*
 * The helpers of all other test files: made here and committed, in a schema of
 * test databases only. Run this file first; pytest does so by itself.
 *
 * Two ways to be somebody. `select tests.sign_in('north.admin')` until
 * tests.sign_out(); or tests.seen_by and tests.attempt, which try something as
 * one persona and take it back, so that one query asks all of tests.people().
 *
 * Helpers answer a line of TAP, a comment: pytest-pgtap reads the first column
 * of every row as one, and trips over null and over anything but text.
 */
begin;

set local client_min_messages = warning;
drop schema if exists tests cascade;
reset client_min_messages;

create schema tests;
comment on schema tests is 'Helpers of the pgTAP files; never in production.';
grant usage on schema tests to anon, authenticated, service_role;

create function tests.people()
returns table (person text)
language sql
immutable
as $$
  select listed.person
  from unnest(array[
    'north.viewer', 'north.operator', 'north.admin', 'north.inactive', 'south.viewer', 'south.admin',
    'stranger', 'anon', 'service_role'
  ]) with ordinality as listed (person, place)
  order by listed.place;
$$;
comment on function tests.people() is
'Every kind of caller. north.inactive is an admin who was deactivated, the stranger has an account and belongs to no organization.';

create function tests.person_id(person text)
returns uuid
language sql
immutable
as $$
  -- md5 is a uuid's length; the same person has the same id in every file.
  select md5('person ' || person_id.person)::uuid;
$$;
comment on function tests.person_id(text) is 'auth.uid() of a person made by make_person.';

create function tests.sign_in(person text)
returns text
language plpgsql
volatile
as $$
begin
  perform
    set_config('role', case when person in ('anon', 'service_role') then person else 'authenticated' end, true),
    set_config(
      'request.jwt.claims',
      case
        when person in ('anon', 'service_role') then jsonb_build_object('role', person)
        else jsonb_build_object('role', 'authenticated', 'sub', tests.person_id(person))
      end::text,
      true
    );
  return '# as ' || person;
end;
$$;
comment on function tests.sign_in(text) is 'Be this person, anon or service_role until `reset role` or the end of the transaction.';

create function tests.sign_out()
returns text
language plpgsql
volatile
as $$
begin
  perform set_config('role', 'none', true), set_config('request.jwt.claims', '', true);
  return '# as the owner';
end;
$$;
comment on function tests.sign_out() is 'Be the owner again, with nobody''s token.';

create function tests.attempt(person text, statement text)
returns text
language plpgsql
volatile
as $$
declare
  v_rows bigint;
begin
  perform tests.sign_in(person);
  execute statement;
  get diagnostics v_rows = row_count;
  raise exception using errcode = 'TBACK';
exception
  when sqlstate 'TBACK' then
    return v_rows || ' rows';
  when others then
    return sqlstate || ' ' || sqlerrm;
end;
$$;
comment on function tests.attempt(text, text) is
'What happens if this person runs the statement: "N rows", or SQLSTATE and message. It is taken back either way.';

create function tests.attempt_as_owner(statement text)
returns text
language plpgsql
volatile
as $$
declare
  v_rows bigint;
begin
  execute statement;
  get diagnostics v_rows = row_count;
  raise exception using errcode = 'TBACK';
exception
  when sqlstate 'TBACK' then
    return v_rows || ' rows';
  when others then
    return sqlstate || ' ' || sqlerrm;
end;
$$;
comment on function tests.attempt_as_owner(text) is 'tests.attempt by whoever runs the tests, with nobody''s token.';

create function tests.seen_by(person text, query text)
returns text
language plpgsql
volatile
as $$
declare
  v_seen text;
begin
  perform tests.sign_in(person);
  execute format(
    'select string_agg(asked.seen::text, '','' order by asked.seen::text) from (%s) as asked (seen)', query
  )
  into v_seen;
  raise exception using errcode = 'TBACK';
exception
  when sqlstate 'TBACK' then
    return coalesce(v_seen, 'nothing');
  when others then
    return sqlstate || ' ' || sqlerrm;
end;
$$;
comment on function tests.seen_by(text, text) is
'The values of a query of one column as this person sees them, sorted and joined by commas; "nothing"; or SQLSTATE and message.';

create function tests.attempts(statement text)
returns table (person text, outcome text)
language sql
volatile
as $$
  select people.person, tests.attempt(people.person, attempts.statement)
  from tests.people() as people;
$$;
comment on function tests.attempts(text) is 'tests.attempt by each of tests.people(), in that order.';

create function tests.sights(query text)
returns table (person text, seen text)
language sql
volatile
as $$
  select people.person, tests.seen_by(people.person, sights.query)
  from tests.people() as people;
$$;
comment on function tests.sights(text) is 'tests.seen_by for each of tests.people(), in that order.';

create function tests.make_person(
  person text, role text, organization_id uuid, is_active boolean default true
)
returns text
language sql
volatile
as $$
  insert into auth.users (id, email, email_confirmed_at)
  values (tests.person_id(make_person.person), make_person.person || '@example.test', now());

  update public.users
  set
    organization_id = make_person.organization_id,
    full_name = make_person.person,
    role = make_person.role,
    is_active = make_person.is_active
  where users.id = tests.person_id(make_person.person)
  returning '# made ' || make_person.person;
$$;
comment on function tests.make_person(text, text, uuid, boolean) is
'An account with a confirmed address and its place in an organization.';

create function tests.organization_id(name text)
returns uuid
language sql
immutable
as $$
  select md5('organization ' || organization_id.name)::uuid;
$$;
comment on function tests.organization_id(text) is 'organizations.id of one made by make_organization.';

create function tests.make_organization(name text)
returns text
language sql
volatile
as $$
  insert into public.organizations (id, name)
  values (tests.organization_id(make_organization.name), make_organization.name)
  returning '# made ' || make_organization.name;
$$;
comment on function tests.make_organization(text) is 'An empty organization.';

create function tests.make_device(device_id text, organization_id uuid default null, name text default null)
returns text
language sql
volatile
as $$
  insert into public.devices (device_id, organization_id, device_name)
  values (make_device.device_id, make_device.organization_id, make_device.name)
  returning '# made ' || make_device.device_id;
$$;
comment on function tests.make_device(text, uuid, text) is 'A device; of the default organization if none is named.';

create function tests.make_two_organizations()
returns text
language plpgsql
volatile
as $$
declare
  v_name text;
  v_id uuid;
begin
  foreach v_name in array array['North', 'South'] loop
    v_id := tests.organization_id(v_name);
    perform tests.make_organization(v_name);
    perform tests.make_person(lower(v_name) || '.viewer', 'viewer', v_id);
    perform tests.make_person(lower(v_name) || '.operator', 'operator', v_id);
    perform tests.make_person(lower(v_name) || '.admin', 'admin', v_id);
    perform tests.make_person(lower(v_name) || '.inactive', 'admin', v_id, false);

    insert into public.sites (id, organization_id, name)
    values (md5('site ' || v_name)::uuid, v_id, v_name || ' plant');
    insert into public.gateways (id, organization_id, site_id, name, serial)
    values (
      md5('gateway ' || v_name)::uuid, v_id, md5('site ' || v_name)::uuid, v_name || ' gateway', 'SN-' || v_name
    );
    perform tests.make_device('TAP_' || upper(v_name), v_id, v_name || ' inlet');

    insert into public.alert_rules (id, device_id, rule_name, rule_type, threshold_value)
    values (md5('rule ' || v_name)::uuid, 'TAP_' || upper(v_name), v_name || ' rule', 'high_flow', 100);
    insert into public.alerts (id, organization_id, device_id, rule_id, alert_type, severity, message)
    values (
      md5('alert ' || v_name)::uuid, v_id, 'TAP_' || upper(v_name), md5('rule ' || v_name)::uuid,
      'high_flow', 'warning', v_name || ' alert'
    );
    insert into public.api_keys (id, organization_id, gateway_id, name, key_prefix, key_hash)
    values (
      md5('key ' || v_name)::uuid, v_id, md5('gateway ' || v_name)::uuid, v_name || ' key', '0123abcd',
      sha256(convert_to('flx_0123abcd_' || v_name, 'UTF8'))
    );
  end loop;
  perform tests.make_person('stranger', 'viewer', null);
  return '# made North and South';
end;
$$;
comment on function tests.make_two_organizations() is
'North and South, each with a viewer, an operator, an admin, an inactive admin (north.viewer ...), a site, a gateway, a key, the device TAP_NORTH or TAP_SOUTH, a rule and an open alert; and the stranger. Ids are md5(kind name), as md5(''site North'').';

grant execute on all functions in schema tests to anon, authenticated, service_role;

commit;

-- They work, and what they make here is taken back.
begin;
select plan(5);

select tests.make_two_organizations();

select tests.sign_in('north.viewer');
select is(
  concat_ws(' ', current_user, auth.uid()), concat_ws(' ', 'authenticated', tests.person_id('north.viewer')),
  'sign_in: becomes a person, as the database and as auth.uid() see it'
);
select tests.sign_in('anon');
select is(concat_ws(' ', current_user, auth.uid()), 'anon', 'sign_in: becomes anon, who is nobody');
select tests.sign_out();
select is(concat_ws(' ', current_user, auth.uid()), session_user::text, 'sign_out: the owner again');
select is(
  concat_ws(
    ', ',
    tests.attempt('service_role', $$ update public.sites set name = 'gone' where name = 'North plant' $$),
    current_user,
    (
      select sites.name
      from public.sites
      where sites.id = md5('site North')::uuid
    )
  ),
  concat_ws(', ', '1 rows', session_user, 'North plant'),
  'attempt: tells the outcome, takes it back and changes nobody'
);
select results_eq(
  $$
    select seen from tests.sights('select current_user')
    where person in ('north.admin', 'anon')
  $$,
  $$ values ('authenticated'), ('anon') $$,
  'sights: asks as each person'
);

select finish();
rollback;
