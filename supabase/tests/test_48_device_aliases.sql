/* Device aliases: who reads and writes them, and which device a gateway means. */
begin;
select plan(27);

select tests.make_two_organizations();

insert into public.device_aliases (organization_id, gateway_id, kind, alias, device_id) values
(tests.organization_id('North'), md5('gateway North')::uuid, 'server_name', 'inlet north', 'TAP_NORTH'),
(tests.organization_id('South'), md5('gateway South')::uuid, 'server_name', 'inlet south', 'TAP_SOUTH');

-- Rights ------------------------------------------------------------------------------------

select policies_are(
  'public', 'device_aliases', array['device_aliases_delete_admin', 'device_aliases_insert_admin', 'device_aliases_select_member', 'device_aliases_update_admin'], 'these policies and no other'
);
select table_privs_are('public', 'device_aliases', 'anon', array[]::text[], 'anon holds no privilege');
select table_privs_are('public', 'device_aliases', 'authenticated', array['DELETE', 'SELECT'], 'what people hold of the whole table');
select table_privs_are('public', 'device_aliases', 'service_role', array['INSERT', 'SELECT', 'UPDATE'], 'what service_role holds');
select bag_eq(
  $$
    select column_name::text from information_schema.column_privileges
    where table_schema = 'public' and table_name = 'device_aliases' and grantee = 'authenticated'
    and privilege_type = 'INSERT'
  $$,
  $$ select unnest(string_to_array('organization_id gateway_id kind alias device_id', ' ')) $$,
  'the columns people insert'
);
select bag_eq(
  $$
    select column_name::text from information_schema.column_privileges
    where table_schema = 'public' and table_name = 'device_aliases' and grantee = 'authenticated'
    and privilege_type = 'UPDATE'
  $$,
  $$ select unnest(string_to_array('gateway_id kind alias device_id', ' ')) $$,
  'the columns people update'
);
select results_eq(
  $$ select * from tests.sights('select alias from public.device_aliases') $$,
  $$
    values
    ('north.viewer', 'inlet north'),
    ('north.operator', 'inlet north'),
    ('north.admin', 'inlet north'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'inlet south'),
    ('south.admin', 'inlet south'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table device_aliases'),
    ('service_role', 'inlet north,inlet south')
  $$,
  'a person sees those of their own organization'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      insert into public.device_aliases (kind, alias, device_id) values ('input_name', 'pipe1', 'TAP_NORTH') returning id
    $query$)
  $$,
  $$
    values
    ('north.viewer', '42501 new row violates row-level security policy for table "device_aliases"'),
    ('north.operator', '42501 new row violates row-level security policy for table "device_aliases"'),
    ('north.admin', '1 rows'),
    ('north.inactive', '42501 new row violates row-level security policy for table "device_aliases"'),
    ('south.viewer', '42501 new row violates row-level security policy for table "device_aliases"'),
    ('south.admin', '23503 insert or update on table "device_aliases" violates foreign key constraint "device_aliases_organization_id_device_id_fkey"'),
    ('stranger', '42501 new row violates row-level security policy for table "device_aliases"'),
    ('anon', '42501 permission denied for table device_aliases'),
    ('service_role', '23503 insert or update on table "device_aliases" violates foreign key constraint "device_aliases_organization_id_device_id_fkey"')
  $$,
  'an admin makes one, for a device of their own organization'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      insert into public.device_aliases (organization_id, gateway_id, kind, alias, device_id)
      values (tests.organization_id('North'), md5('gateway North')::uuid, 'ip', '10.0.0.1', 'TAP_NORTH')
    $query$)
    where person in ('north.admin', 'south.admin', 'service_role')
  $$,
  $$
    values
    ('north.admin', '1 rows'),
    ('south.admin', '42501 new row violates row-level security policy for table "device_aliases"'),
    ('service_role', '1 rows')
  $$,
  'and in no other'
);
select is(
  tests.attempt('north.admin', $$
    insert into public.device_aliases (gateway_id, kind, alias, device_id)
    values (md5('gateway South')::uuid, 'ip', '10.0.0.1', 'TAP_NORTH')
  $$),
  '23503 insert or update on table "device_aliases" violates foreign key constraint "device_aliases_organization_id_gateway_id_fkey"',
  'nor for another organization''s gateway'
);
select results_eq(
  $$ select * from tests.attempts('update public.device_aliases set alias = ''x'' where alias = ''inlet north''') $$,
  $$
    values
    ('north.viewer', '0 rows'),
    ('north.operator', '0 rows'),
    ('north.admin', '1 rows'),
    ('north.inactive', '0 rows'),
    ('south.viewer', '0 rows'),
    ('south.admin', '0 rows'),
    ('stranger', '0 rows'),
    ('anon', '42501 permission denied for table device_aliases'),
    ('service_role', '1 rows')
  $$,
  'its admin changes one'
);
select results_eq(
  $$ select * from tests.attempts('delete from public.device_aliases where alias = ''inlet north''') $$,
  $$
    values
    ('north.viewer', '0 rows'),
    ('north.operator', '0 rows'),
    ('north.admin', '1 rows'),
    ('north.inactive', '0 rows'),
    ('south.viewer', '0 rows'),
    ('south.admin', '0 rows'),
    ('stranger', '0 rows'),
    ('anon', '42501 permission denied for table device_aliases'),
    ('service_role', '42501 permission denied for table device_aliases')
  $$,
  'its admin deletes one'
);
select is_empty(
  $$
    select row, outcome
    from unnest(array[
      '''serial'', ''a''', '''ip'', ''''', '''ip'', '' a''', '''ip'', E''a\n''', '''ip'', repeat(''a'', 201)'
    ]) as row
    cross join lateral tests.attempt('north.admin', format(
      'insert into public.device_aliases (kind, alias, device_id) values (%s, ''TAP_NORTH'')', row
    )) as outcome
    where outcome not like '23514 %'
  $$,
  'an alias is a name of a kind that gateways have'
);

-- One meaning each -----------------------------------------------------------------------------

insert into public.gateways (id, organization_id, name)
values (md5('second')::uuid, tests.organization_id('North'), 'Second');
insert into public.devices (device_id, organization_id)
select
  device_id,
  tests.organization_id('North') as organization_id
from unnest(array['TAP_A', 'TAP_B', 'TAP_C', 'TAP_D', 'TAP_E']) as device_id;
insert into public.device_aliases (organization_id, gateway_id, kind, alias, device_id)
select
  tests.organization_id('North') as organization_id,
  md5(listed.gateway)::uuid as gateway_id,
  listed.kind,
  listed.alias,
  listed.device_id
from (
  values
  ('gateway North', 'server_id', '1', 'TAP_A'), ('second', 'server_id', '1', 'TAP_B'), (null, 'server_id', '1', 'TAP_C'),
  (null, 'server_name', 'shared', 'TAP_C'), ('second', 'server_name', 'shared', 'TAP_D'),
  ('gateway North', 'ip', '192.168.1.7', 'TAP_D'), ('gateway North', 'input_name', 'pipe1', 'TAP_E'),
  (null, 'device_id', 'OLD_NAME', 'TAP_E'), (null, 'server_name', 'TAP_A', 'TAP_B')
) as listed (gateway, kind, alias, device_id);
select throws_ok(
  $$
    insert into public.device_aliases (organization_id, gateway_id, kind, alias, device_id)
    values (tests.organization_id('North'), md5('second')::uuid, 'server_id', '1', 'TAP_A')
  $$,
  '23505', null, 'an alias of a gateway means one device'
);
select throws_ok(
  $$
    insert into public.device_aliases (organization_id, kind, alias, device_id)
    values (tests.organization_id('North'), 'server_name', 'shared', 'TAP_A')
  $$,
  '23505', null, 'and so does one of all gateways'
);

-- Which device ------------------------------------------------------------------------------------

insert into public.api_keys (id, organization_id, gateway_id, name, key_prefix, key_hash) values
(md5('key second')::uuid, tests.organization_id('North'), md5('second')::uuid, 'second', '0123abcd', sha256('second')),
(md5('key alone')::uuid, tests.organization_id('North'), null, 'alone', '0123abcd', sha256('alone'));

create function pg_temp.resolve(key text, names jsonb)
returns setof text
language plpgsql
volatile
as $$
begin
  perform tests.sign_in('service_role');
  return query
  select concat_ws(' ', answer.index, coalesce(answer.device_id, '?'), answer.matched_by)
  from public.resolve_devices(md5(key)::uuid, names) as answer
  order by answer.index;
  perform tests.sign_out();
end;
$$;

select results_eq(
  $$
    select pg_temp.resolve('key North', '[
      {"server_name": "inlet north", "server_id": "1", "input_name": "pipe1"}, {"server_id": 1, "input_name": "pipe1"},
      {"ip": "192.168.1.7", "input_name": "pipe1"}, {"input_name": "pipe1"}, {"server_name": "unheard of", "server_id": "2"},
      {"server_name": "unheard of", "input_name": "pipe1"}]')
  $$,
  array['0 TAP_NORTH server_name', '1 TAP_A server_id', '2 TAP_D ip', '3 TAP_E input_name', '4 ?', '5 TAP_E input_name'],
  'the name of the server counts first, then its number or address, then that of the input'
);
select results_eq(
  $$
    select pg_temp.resolve('key second', '[
      {"server_id": 1}, {"server_name": "shared"}, {"ip": "192.168.1.7"}, {"input_name": "pipe1"},
      {"server_name": "inlet north"}]')
  $$,
  array['0 TAP_B server_id', '1 TAP_D server_name', '2 ?', '3 ?', '4 ?'],
  'a gateway''s names are its own, and go before those of all'
);
select results_eq(
  $$ select pg_temp.resolve('key North', '[{"server_name": "shared"}, {"device_id": "OLD_NAME"}]') $$,
  array['0 TAP_C server_name', '1 TAP_E device_id'],
  'a name of all gateways counts for each'
);
select results_eq(
  $$ select pg_temp.resolve('key North', '[{"ip": "1"}, {"server_id": "1"}, {"server_id": 1.0}]') $$,
  array['0 ?', '1 TAP_A server_id', '2 ?'],
  'a name is of its kind only, and compared as it is written'
);
select results_eq(
  $$ select pg_temp.resolve('key alone', '[{"server_id": "1"}, {"server_name": "shared"}, {"input_name": "pipe1"}]') $$,
  array['0 TAP_C server_id', '1 TAP_C server_name', '2 ?'],
  'a key without a gateway knows the names without one'
);
delete from public.device_aliases
where kind = 'server_id' and gateway_id = md5('second')::uuid;
select results_eq(
  $$ select pg_temp.resolve('key second', '[{"server_id": "1"}]') $$, array['0 ?'],
  'a number is never that of another gateway, nor of all'
);
select results_eq(
  $$
    select pg_temp.resolve('key North', '[
      {"device_id": "TAP_B", "server_name": "inlet north"}, {"server_name": "TAP_B"}, {"input_name": "TAP_B"},
      {"server_name": "TAP_A"}, {"server_id": "TAP_B"}, {"server_name": "TAP_SOUTH"}, {"device_id": "TAP_NOBODY"}]')
  $$,
  array[
    '0 TAP_B device_id', '1 TAP_B server_name', '2 TAP_B input_name', '3 TAP_B server_name', '4 ?', '5 ?', '6 ?'
  ],
  'our own device_id is a name too, after the aliases; another organization''s is not'
);
select results_eq(
  $$
    select pg_temp.resolve('key North', '[5, null, [], {}, {"server_name": null}, {"server_name": ["inlet north"]}]')
  $$,
  array['0 ?', '1 ?', '2 ?', '3 ?', '4 ?', '5 ?'],
  'what is no name is nobody''s'
);
select results_eq(
  $$ select pg_temp.resolve('nobody', '[{"server_name": "inlet north"}]') union all select pg_temp.resolve(null, '[{"device_id": "TAP_A"}]') $$,
  array['0 ?', '0 ?'],
  'an unknown key knows nobody, API_SECRET_KEY the default organization'
);

-- The call -----------------------------------------------------------------------------------------

select is_empty(
  $$
    select person, outcome from tests.attempts('select public.resolve_devices(null, ''[{}]'')')
    where outcome <> case person when 'service_role' then '1 rows' else '42501 permission denied for function resolve_devices' end
  $$,
  'service_role asks, nobody else'
);
select throws_ok($$ select public.resolve_devices(null, '{}') $$, 'RDARR', 'names are no array: object', 'an object is no array of names');
select throws_ok(
  $$ select public.resolve_devices(null, (select jsonb_agg('{}'::jsonb) from generate_series(1, 1001))) $$,
  'RDMAX', 'too many names in one call: 1001', 'more than 1,000 are refused'
);

select finish();
rollback;
