/* The networks an API key may be used from, and the schema's version. */
begin;
select plan(16);

select tests.make_two_organizations();

create function pg_temp.answered(key text)
returns text
language sql
volatile
as $$
  select coalesce(answer.allowed_networks::text, 'anywhere')
  from public.authenticate_api_key(encode(sha256(convert_to(answered.key, 'UTF8')), 'hex')) as answer;
$$;

select is(pg_temp.answered('flx_0123abcd_North'), 'anywhere', 'a key may be used anywhere unless it is limited');

-- Who limits one ----------------------------------------------------------------

select results_eq(
  $$
    select * from tests.attempts($query$
      update public.api_keys set allowed_networks = '{192.0.2.0/24}' where name = 'North key'
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
  'its admin limits a key'
);
select tests.sign_in('north.admin');
update public.api_keys
set allowed_networks = '{192.0.2.0/24,2001:db8::/32}'
where name = 'North key';
select tests.sign_out();
select is(
  pg_temp.answered('flx_0123abcd_North'), '{192.0.2.0/24,2001:db8::/32}', 'authentication answers the networks as texts'
);
select results_eq(
  $$
    select organization_id, user_id, action, details #> '{changed,allowed_networks}'
    from public.audit_logs
    where resource_type = 'api_keys' and resource_id = md5('key North')::uuid::text and action = 'update'
  $$,
  $$
    values (
      tests.organization_id('North'), tests.person_id('north.admin'), 'update',
      '{"old": null, "new": ["192.0.2.0/24", "2001:db8::/32"]}'::jsonb
    )
  $$,
  'the audit tells who limited it, and to what'
);
select results_eq(
  $$
    select * from tests.sights($query$
      select allowed_networks from public.api_keys where name in ('North key', 'South key')
    $query$)
    where person in ('north.viewer', 'north.admin', 'south.admin', 'anon')
  $$,
  $$
    values
    ('north.viewer', 'nothing'),
    ('north.admin', '{192.0.2.0/24,2001:db8::/32}'),
    ('south.admin', 'nothing'),
    ('anon', '42501 permission denied for table api_keys')
  $$,
  'an admin sees the networks of their own keys'
);

-- What is a list of networks ------------------------------------------------------

select throws_ok(
  $$ update public.api_keys set allowed_networks = '{}' where name = 'North key' $$,
  '23514', null, 'a key for nowhere is a mistake: null means anywhere'
);
select throws_ok(
  $$ update public.api_keys set allowed_networks = '{192.0.2.0/24,null}' where name = 'North key' $$,
  '23514', null, 'null is no network'
);
select throws_ok(
  $$ update public.api_keys set allowed_networks = array[array[cidr '192.0.2.0/24']] where name = 'North key' $$,
  '23514', null, 'a list of lists is none'
);
select throws_ok(
  $$ update public.api_keys set allowed_networks = '{192.0.2.1/24}' where name = 'North key' $$,
  '22P02', null, 'an address is not taken for its network'
);
select lives_ok(
  $$ update public.api_keys set allowed_networks = '{192.0.2.1,2001:db8::/32}' where name = 'North key' $$,
  'one address is a network too'
);

-- Who takes over --------------------------------------------------------------------

select tests.sign_in('north.admin');
create temporary table rotated on commit drop as
select
  new_api_key_id,
  api_key
from public.rotate_api_key(md5('key North')::uuid);
select tests.sign_out();
select results_eq(
  $$ select pg_temp.answered(api_key) from pg_temp.rotated $$, $$ values ('{192.0.2.1/32,2001:db8::/32}') $$,
  'a rotated key hands its networks on'
);
select tests.sign_in('north.admin');
insert into public.api_keys (organization_id, name, key_prefix, key_hash, rotated_from, allowed_networks)
values (
  tests.organization_id('North'), 'Moved', 'abcd0123', sha256('moved'),
  (
    select rotated.new_api_key_id
    from pg_temp.rotated
  ),
  '{198.51.100.0/24}'
);
select tests.sign_out();
select is(pg_temp.answered('moved'), '{198.51.100.0/24}', 'unless its successor is told others');
select is(
  tests.attempt(
    'south.admin',
    format(
      'insert into public.api_keys (organization_id, name, key_prefix, key_hash, rotated_from) values (%L, %L, %L, %L, %L)',
      tests.organization_id('South'), 'Theirs', 'abcd0124', sha256('theirs'), md5('key North')::uuid
    )
  ) ~ '^23503 ',
  true, 'another organization''s key hands nothing on'
);

-- The version -------------------------------------------------------------------------

select function_privs_are(
  'public', 'schema_version', array[]::text[], 'authenticated', array[]::text[], 'people need no version'
);
select function_privs_are(
  'public', 'schema_version', array[]::text[], 'service_role', array['EXECUTE'], 'the API asks for it'
);
select matches(public.schema_version(), '^[0-9]{14}$', 'the version is a migration''s timestamp');

select finish();
rollback;
