/*
 * What a gateway says of itself is kept by input, never moves back in time, is
 * bounded, and is contact.
 */
begin;
select plan(18);

select tests.make_two_organizations();

insert into public.gateways (id, organization_id, name, metadata)
values
('00000000-0000-0000-0070-000000000001', tests.organization_id('North'), 'Router', '{"note": "roof"}'),
('00000000-0000-0000-0070-000000000002', tests.organization_id('North'), 'Other router', '{}');
insert into public.api_keys (id, organization_id, gateway_id, name, key_prefix, key_hash, expires_at)
values
(
  '00000000-0000-0000-0070-00000000000a', tests.organization_id('North'), '00000000-0000-0000-0070-000000000001',
  'Router', 'aaaaaaaa', sha256('a'), null
),
(
  '00000000-0000-0000-0070-00000000000b', tests.organization_id('North'), '00000000-0000-0000-0070-000000000001',
  'Ended', 'bbbbbbbb', sha256('b'), '2026-03-01T12:00:00Z'
),
('00000000-0000-0000-0070-00000000000c', tests.organization_id('North'), null, 'Nowhere', 'cccccccc', sha256('c'), null);

create function pg_temp.told(state jsonb, received_at timestamptz, key text default 'a')
returns boolean
language sql
volatile
as $$
  select public.record_gateway_state(('00000000-0000-0000-0070-00000000000' || key)::uuid, received_at, state);
$$;
create function pg_temp.kept()
returns jsonb
language sql
volatile
as $$
  select gateways.metadata
  from public.gateways
  where gateways.id = '00000000-0000-0000-0070-000000000001';
$$;

grant execute on all functions in schema pg_temp to service_role;

create temporary table before as
select
  gateways.updated_at,
  (select count(*) from public.audit_logs) as logged
from public.gateways
where gateways.id = '00000000-0000-0000-0070-000000000001';
grant select on before to service_role;

select tests.sign_in('service_role');

select is(pg_temp.told('{"cell": {"rssi": -67}}', '2026-03-01T12:00:00Z'), true, 'state is kept');
select is(
  pg_temp.kept(),
  '{"note": "roof", "state": {"cell": {"received_at": "2026-03-01T12:00:00+00:00", "told": {"rssi": -67}}}}',
  'beside what people noted'
);
select is(pg_temp.told('{"gw": {"serial": "1"}}', '2026-03-01T12:05:00Z'), true, 'another input is kept');
select is(
  pg_temp.kept() -> 'state',
  '{
    "cell": {"received_at": "2026-03-01T12:00:00+00:00", "told": {"rssi": -67}},
    "gw": {"received_at": "2026-03-01T12:05:00+00:00", "told": {"serial": "1"}}
  }',
  'beside the first'
);
select is(
  pg_temp.told('{"cell": {"rssi": -99}}', '2026-03-01T11:59:59Z'), false, 'what comes late is not kept'
);
select is(
  pg_temp.kept() #>> '{state,cell,told,rssi}', '-67', 'and takes nothing''s place'
);
select is(
  pg_temp.told('{"cell": {"rssi": -71}}', '2026-03-01T12:10:00Z'), true, 'what is newer is kept'
);
select is(pg_temp.kept() #>> '{state,cell,told,rssi}', '-71', 'in the older''s place');

select is(pg_temp.told('{}', '2026-03-01T12:30:00Z'), true, 'an empty state is contact');
select results_eq(
  $$ select last_seen from public.gateways where id = '00000000-0000-0000-0070-000000000001' $$,
  $$ values ('2026-03-01T12:30:00Z'::timestamptz) $$,
  'last_seen is the newest contact'
);
select is(
  pg_temp.told(jsonb_build_object('new', repeat('x', 16300)), '2026-03-01T12:31:00Z'), true,
  'a large input is kept'
);
select results_eq(
  $$ select jsonb_object_keys(pg_temp.kept() -> 'state') $$, $$ values ('new') $$,
  'older inputs give way to it'
);
select is(
  pg_temp.told(jsonb_build_object('new', repeat('x', 17000)), '2026-03-01T12:32:00Z'), false,
  'one that is too large is not'
);
select is(pg_temp.told('{"cell": {}}', '2026-03-01T12:00:00Z', 'b'), false, 'a key that had expired keeps nothing');
select is(pg_temp.told('{"cell": {}}', '2026-03-01T12:00:00Z', 'c'), false, 'a key without a gateway keeps nothing');
select throws_ok(
  $$ select public.record_gateway_state('00000000-0000-0000-0070-00000000000a', now(), '[]') $$,
  '22023', 'the state is no object: array', 'what is no object is refused'
);

select tests.sign_out();

select results_eq(
  $$
    select
      (select count(*) from public.audit_logs),
      (select updated_at from public.gateways where id = '00000000-0000-0000-0070-000000000001')
  $$,
  $$ select logged, updated_at from before $$,
  'state is no change of configuration'
);
select bag_eq(
  $$
    select role from unnest(array['anon', 'authenticated', 'service_role']) as role
    where has_function_privilege(role, 'public.record_gateway_state(uuid, timestamptz, jsonb)', 'execute')
  $$,
  $$ values ('service_role') $$,
  'the API alone records it'
);

select finish();
rollback;
