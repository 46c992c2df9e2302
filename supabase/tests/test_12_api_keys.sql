/* API keys: shown once, stored as a hash, refused once expired or revoked. */
begin;
select plan(24);

select tests.make_two_organizations();

-- Making one ------------------------------------------------------------------

select function_privs_are(
  'public', 'create_api_key',
  array['text', 'uuid', 'uuid', 'text[]', 'timestamp with time zone', 'cidr[]', 'jsonb'], 'anon',
  array[]::text[], 'anon makes no key'
);
select tests.sign_in('north.admin');
create temporary table made on commit drop as
select
  api_key_id,
  api_key,
  key_prefix
from public.create_api_key('Pump house', device_ids => array['TAP_NORTH', 'TAP_LATER']);
select tests.sign_out();

select results_eq(
  $$
    select made.api_key ~ '^flx_[0-9a-f]{8}_[0-9a-f]{64}$', substr(made.api_key, 5, 8) = made.key_prefix
    from pg_temp.made
  $$,
  $$ values (true, true) $$,
  'a key is flx_, its prefix, and 64 random characters'
);
select results_eq(
  $$
    select api_keys.organization_id, name, api_keys.key_prefix = made.key_prefix,
      key_hash = sha256(convert_to(made.api_key, 'UTF8')), device_ids, expires_at, revoked_at, last_used_at
    from public.api_keys inner join pg_temp.made on made.api_key_id = api_keys.id
  $$,
  $$
    values (
      tests.organization_id('North'), 'Pump house', true, true, array['TAP_NORTH', 'TAP_LATER'],
      null::timestamptz, null::timestamptz, null::timestamptz
    )
  $$,
  'the row holds its hash, in the admin''s organization; a device may be named before it is registered'
);
select is_empty(
  $$
    select from public.api_keys inner join pg_temp.made on made.api_key_id = api_keys.id
    where api_keys::text like '%' || right(made.api_key, 20) || '%'
    union all
    select from public.audit_logs, pg_temp.made
    where details::text like '%' || right(made.api_key, 20) || '%' or details::text like '%key_hash%'
  $$,
  'neither the row nor the audit tells the key, nor the audit its hash'
);
select results_eq(
  $$ select * from tests.attempts('select * from public.create_api_key(''Mine'')') $$,
  $$
    values
    ('north.viewer', '42501 new row violates row-level security policy for table "api_keys"'),
    ('north.operator', '42501 new row violates row-level security policy for table "api_keys"'),
    ('north.admin', '1 rows'),
    ('north.inactive', '42501 new row violates row-level security policy for table "api_keys"'),
    ('south.viewer', '42501 new row violates row-level security policy for table "api_keys"'),
    ('south.admin', '1 rows'),
    ('stranger', '42501 new row violates row-level security policy for table "api_keys"'),
    ('anon', '42501 permission denied for function create_api_key'),
    ('service_role', '1 rows')
  $$,
  'an admin and service_role make keys, nobody else'
);
select is(
  tests.attempt(
    'south.admin',
    format('select * from public.create_api_key(''Theirs'', organization_id => %L)', tests.organization_id('North'))
  ),
  '42501 new row violates row-level security policy for table "api_keys"',
  'an admin makes no key of another organization'
);
select alike(
  tests.attempt(
    'south.admin',
    format('select * from public.create_api_key(''Theirs'', gateway_id => %L)', md5('gateway North')::uuid)
  ),
  '23503 %', 'nor one for another organization''s gateway'
);
select tests.sign_in('north.admin');
create temporary table limited on commit drop as
select api_key_id
from public.create_api_key(
  'Limited', allowed_networks => array['192.0.2.0/24', '2001:db8::/32']::cidr[], flat_units => '{"flow_rate": "l/s"}'
);
select tests.sign_out();
select results_eq(
  $$
    select allowed_networks, flat_units
    from public.api_keys inner join pg_temp.limited on limited.api_key_id = api_keys.id
  $$,
  $$ values (array['192.0.2.0/24', '2001:db8::/32']::cidr[], '{"flow_rate": "l/s"}'::jsonb) $$,
  'a key is limited from its first moment on'
);
select results_eq(
  $$
    select tests.attempt('north.admin', 'select * from public.create_api_key(''Wrong'', ' || argument || ')')
    from unnest(array[
      'allowed_networks => ''{}''', 'allowed_networks => ''{192.0.2.1/24}''',
      'flat_units => ''{"flow_rate": "gal/min"}''', 'flat_units => null'
    ]) as argument
  $$,
  $$
    values
    ('23514 new row for relation "api_keys" violates check constraint "api_keys_allowed_networks_check"'),
    ('22P02 invalid cidr value: "192.0.2.1/24"'),
    ('23514 new row for relation "api_keys" violates check constraint "api_keys_flat_units_check"'),
    ('1 rows')
  $$,
  'no network, half a network and a unit nobody knows make no key'
);
select is(
  tests.seen_by(
    'service_role',
    'select organization_id from public.api_keys where id = (select api_key_id from public.create_api_key(''Cli''))'
  ),
  'nothing', 'a statement does not see the key it makes itself'
);
select tests.sign_in('service_role');
create temporary table shared on commit drop as
select
  api_key_id,
  api_key,
  key_prefix
from public.create_api_key('Shared');
select tests.sign_out();
select results_eq(
  $$ select organization_id from public.api_keys inner join pg_temp.shared on shared.api_key_id = api_keys.id $$,
  $$ select private.default_organization_id() $$,
  'service_role''s key is the default organization''s if none is named'
);
select throws_ok(
  $$ update public.api_keys set device_ids = '{}' where name = 'North key' $$,
  '23514', null, 'a key for no device at all is a mistake: null means all'
);

-- Knowing one -----------------------------------------------------------------

select function_privs_are(
  'public', 'authenticate_api_key', array['text'], 'authenticated', array[]::text[], 'people try no keys'
);
select tests.sign_in('service_role');
select results_eq(
  $$
    select organization_id, gateway_id, device_ids, expires_at
    from public.authenticate_api_key(encode(sha256(convert_to('flx_0123abcd_North', 'UTF8')), 'hex'))
  $$,
  $$
    values (
      tests.organization_id('North'), md5('gateway North')::uuid, null::text[], null::timestamptz
    )
  $$,
  'a hash tells whose key it is'
);
select is_empty(
  $$
    select unknown.hash, answer.*
    from (
      values
      (encode(sha256('nobody''s'), 'hex')), (''), ('zz'), (repeat('g', 64)), (repeat('a', 10000)), (null)
    ) as unknown (hash)
    cross join lateral public.authenticate_api_key(unknown.hash) as answer
  $$,
  'an unknown or malformed hash answers no row and no error'
);
select tests.sign_out();
select results_eq(
  $$ select last_used_at from public.api_keys where id = md5('key North')::uuid $$,
  $$ select now() $$,
  'its use is noted'
);
update public.api_keys set last_used_at = now() - interval '59 seconds'
where id = md5('key North')::uuid;
select isnt_empty(
  $$ select * from public.authenticate_api_key(encode(sha256(convert_to('flx_0123abcd_North', 'UTF8')), 'hex')) $$,
  'it may be used again at once'
);
select results_eq(
  $$ select last_used_at from public.api_keys where id = md5('key North')::uuid $$,
  $$ select now() - interval '59 seconds' $$,
  'but is noted once a minute'
);
update public.api_keys set expires_at = now()
where id = md5('key North')::uuid;
select is_empty(
  $$ select * from public.authenticate_api_key(encode(sha256(convert_to('flx_0123abcd_North', 'UTF8')), 'hex')) $$,
  'an expired key is nobody''s'
);
update public.api_keys set expires_at = now() + interval '1 second'
where id = md5('key North')::uuid;
select isnt_empty(
  $$ select * from public.authenticate_api_key(encode(sha256(convert_to('flx_0123abcd_North', 'UTF8')), 'hex')) $$,
  'one that expires later is not yet'
);

-- Revoking one ----------------------------------------------------------------

select is(
  tests.attempt(
    'north.admin', $$ update public.api_keys set revoked_at = '2001-01-01' where name = 'North key' $$
  ),
  '1 rows', 'an admin revokes a key'
);
update public.api_keys set revoked_at = '2001-01-01'
where id = md5('key North')::uuid;
select results_eq(
  $$ select revoked_at from public.api_keys where id = md5('key North')::uuid $$,
  $$ select now() $$,
  'revoked is revoked now, whatever time was written'
);
select is_empty(
  $$ select * from public.authenticate_api_key(encode(sha256(convert_to('flx_0123abcd_North', 'UTF8')), 'hex')) $$,
  'a revoked key is nobody''s'
);
select throws_ok(
  $$ update public.api_keys set revoked_at = null where id = md5('key North')::uuid $$,
  'KEYRV', 'a revoked API key stays revoked: ' || md5('key North')::uuid, 'a revoked key stays revoked'
);

select finish();
rollback;
