/* API keys: one takes over from another without a gap, and one is revoked with an answer. */
begin;
select plan(21);

select tests.make_two_organizations();

create function pg_temp.known(key text)
returns text
language sql
volatile
as $$
  -- Whether the API lets the key in.
  select coalesce(string_agg(answer.organization_id::text || coalesce(' ' || answer.device_ids::text, ''), ','), 'unknown')
  from public.authenticate_api_key(encode(sha256(convert_to(known.key, 'UTF8')), 'hex')) as answer;
$$;

create function pg_temp.stored(key_id uuid, second integer)
returns text
language sql
volatile
as $$
  -- What becomes of a reading that came with it.
  select answer.verdict || coalesce(' ' || answer.code, '')
  from public.ingest_readings(jsonb_build_array(jsonb_build_object(
    'device_id', 'TAP_NORTH', 'flow_rate', 12.5, 'api_key_id', stored.key_id,
    'created_at', now() - stored.second * interval '1 second', 'received_at', now()
  ))) as answer;
$$;

-- What there is to rotate: a key for one device that lives 90 days, and one that does not end.
update public.api_keys
set
  device_ids = array['TAP_NORTH'], created_at = now() - interval '30 days', expires_at = now() + interval '60 days'
where id = md5('key North')::uuid;

-- Rotating ----------------------------------------------------------------------

select tests.sign_in('north.admin');
create temporary table rotated on commit drop as
select
  new_api_key_id,
  api_key,
  key_prefix,
  expires_at,
  old_expires_at
from public.rotate_api_key(md5('key North')::uuid);
select tests.sign_out();
select results_eq(
  $$
    select api_key ~ '^flx_[0-9a-f]{8}_[0-9a-f]{64}$', substr(api_key, 5, 8) = key_prefix, expires_at, old_expires_at
    from pg_temp.rotated
  $$,
  $$ values (true, true, now() + interval '90 days', now() + interval '24 hours') $$,
  'a rotated key answers another, with the lifetime of the old one, which ends in a day'
);
select results_eq(
  $$
    select api_keys.organization_id, gateway_id, name, api_keys.key_prefix = rotated.key_prefix,
      key_hash = sha256(convert_to(rotated.api_key, 'UTF8')), device_ids, api_keys.expires_at, revoked_at,
      last_used_at, rotated_from
    from public.api_keys join pg_temp.rotated on rotated.new_api_key_id = api_keys.id
  $$,
  $$
    values (
      tests.organization_id('North'), md5('gateway North')::uuid, 'North key', true, true, array['TAP_NORTH'],
      now() + interval '90 days', null::timestamptz, null::timestamptz, md5('key North')::uuid
    )
  $$,
  'its row has the name, gateway and devices of the old one, and says where it came from'
);
select is_empty(
  $$
    select from public.api_keys, pg_temp.rotated
    where api_keys::text like '%' || right(rotated.api_key, 20) || '%'
    union all
    select from public.audit_logs, pg_temp.rotated
    where details::text like '%' || right(rotated.api_key, 20) || '%' or details::text like '%key_hash%'
  $$,
  'and nothing tells the key again'
);
select results_eq(
  $$
    select pg_temp.known('flx_0123abcd_North'), pg_temp.known(rotated.api_key),
      pg_temp.stored(md5('key North')::uuid, 1), pg_temp.stored(rotated.new_api_key_id, 2)
    from pg_temp.rotated
  $$,
  $$
    select place, place, 'new', 'new' from concat(tests.organization_id('North'), ' {TAP_NORTH}') as place
  $$,
  'while they overlap, both let readings in'
);
update public.api_keys set expires_at = now()
where id = md5('key North')::uuid;
select results_eq(
  $$
    select pg_temp.known('flx_0123abcd_North'), pg_temp.known(rotated.api_key),
      pg_temp.stored(md5('key North')::uuid, 3), pg_temp.stored(rotated.new_api_key_id, 4)
    from pg_temp.rotated
  $$,
  $$
    select 'unknown', place, 'rejected invalid_key', 'new'
    from concat(tests.organization_id('North'), ' {TAP_NORTH}') as place
  $$,
  'then only the new one does'
);
select is(
  tests.attempt('north.admin', format('select * from public.rotate_api_key(%L)', md5('key North')::uuid)),
  'KEYEN the API key has ended or was rotated already: ' || md5('key North')::uuid,
  'an expired key is not rotated'
);

-- How long the old one lives ------------------------------------------------------

select results_eq(
  $$
    select tests.seen_by('south.admin', format(
      'select coalesce(expires_at::text, ''never'') || '' '' || (old_expires_at - now())::text
      from public.rotate_api_key(%L, %L)',
      md5('key South')::uuid, overlap
    ))
    from unnest(array['24 hours', '7 days', '0']) with ordinality as tried (overlap, place) order by place
  $$,
  array['never 1 day', 'never 7 days', 'never 00:00:00'],
  'a key without end gets a successor without end, and ends itself after the overlap asked for'
);
update public.api_keys set expires_at = now() + interval '1 hour', created_at = now() - interval '1 hour'
where id = md5('key South')::uuid;
select is(
  tests.seen_by('south.admin', format(
    'select (expires_at - now())::text || '' '' || (old_expires_at - now())::text from public.rotate_api_key(%L)',
    md5('key South')::uuid
  )),
  '02:00:00 01:00:00', 'never later than it would have'
);
select results_eq(
  $$
    select tests.attempt('south.admin', format('select * from public.rotate_api_key(%L, %L)', md5('key South')::uuid, overlap))
      like '22023 no time to overlap: %'
    from unnest(array['-1 second', null]) as overlap
  $$,
  array[true, true], 'an overlap before now is a mistake'
);

-- Once ------------------------------------------------------------------------------

select tests.sign_in('south.admin');
create temporary table first_successor on commit drop as
select new_api_key_id
from public.rotate_api_key(md5('key South')::uuid);
select tests.sign_out();
select is(
  tests.attempt('south.admin', format('select * from public.rotate_api_key(%L)', md5('key South')::uuid)),
  'KEYEN the API key has ended or was rotated already: ' || md5('key South')::uuid,
  'a key is rotated once'
);
select results_eq(
  $$
    select tests.attempt('south.admin', format('select * from public.rotate_api_key(%L)', new_api_key_id))
    from pg_temp.first_successor
  $$,
  array['1 rows'], 'then its successor is'
);
select throws_ok(
  $$
    insert into public.api_keys (organization_id, name, key_prefix, key_hash, rotated_from)
    select tests.organization_id('North'), 'Mixed', '0123abcd', sha256('mixed'), new_api_key_id
    from pg_temp.first_successor
  $$,
  '23503', null, 'no key takes over from one of another organization'
);

-- Who -------------------------------------------------------------------------------

select results_eq(
  $$
    select attempts.* from pg_temp.first_successor
    cross join lateral tests.attempts(format('select * from public.rotate_api_key(%L)', new_api_key_id)) as attempts
  $$,
  $$
    select person, case person
      when 'south.admin' then '1 rows'
      when 'service_role' then '1 rows'
      when 'anon' then '42501 permission denied for function rotate_api_key'
      else 'UNKKY unknown API key: ' || new_api_key_id
    end
    from tests.people(), pg_temp.first_successor
  $$,
  'its admin and service_role rotate a key; to everybody else there is none'
);
select results_eq(
  $$ select * from tests.attempts(format('select public.revoke_api_key(%L)', md5('key South')::uuid)) $$,
  $$
    select person, case person
      when 'south.admin' then '1 rows'
      when 'service_role' then '1 rows'
      when 'anon' then '42501 permission denied for function revoke_api_key'
      else 'UNKKY unknown API key: ' || md5('key South')::uuid
    end
    from tests.people()
  $$,
  'and revoke it'
);

-- Revoking ----------------------------------------------------------------------------

select is(
  tests.seen_by('south.admin', format('select public.revoke_api_key(%L) = now()', md5('key South')::uuid)), 'true',
  'a key is revoked from now on'
);
update public.api_keys set revoked_at = now()
where id = md5('key South')::uuid;
alter table public.api_keys disable trigger _110_revoke;
update public.api_keys set revoked_at = now() - interval '1 day'
where id = md5('key South')::uuid;
alter table public.api_keys enable trigger _110_revoke;
select is(
  tests.seen_by('south.admin', format('select now() - public.revoke_api_key(%L)', md5('key South')::uuid)), '1 day',
  'one that was revoked before tells when'
);
select is(pg_temp.known('flx_0123abcd_South'), 'unknown', 'and is nobody''s, although it has not expired');
select results_eq(
  $$
    select revoked_at is null, expires_at > now() from public.api_keys
    join pg_temp.first_successor on first_successor.new_api_key_id = api_keys.id
  $$,
  $$ values (true, true) $$,
  'its successor stays'
);
select is(
  tests.attempt('south.admin', format('select * from public.rotate_api_key(%L)', md5('key South')::uuid)),
  'KEYEN the API key has ended or was rotated already: ' || md5('key South')::uuid,
  'a revoked key is not rotated'
);
update public.api_keys set rotated_from = null
where rotated_from = md5('key South')::uuid;
select is(
  tests.attempt('south.admin', format('select * from public.rotate_api_key(%L)', md5('key South')::uuid)),
  'KEYEN the API key has ended or was rotated already: ' || md5('key South')::uuid,
  'not even one without a successor'
);
delete from public.gateways
where id = md5('gateway North')::uuid;
select is_empty(
  $$ select from public.api_keys where organization_id = tests.organization_id('North') $$,
  'a deleted gateway takes the whole chain along'
);

select finish();
rollback;
