/* What devices.profile can name: which versions, whose, and what a name alone means. */
begin;
select plan(7);

select tests.make_two_organizations();

insert into public.register_profiles (id, organization_id, name, version, model) values
(md5('n1')::uuid, tests.organization_id('North'), 'tap', 1, 'North first'),
(md5('n2')::uuid, tests.organization_id('North'), 'tap', 2, 'North second'),
(md5('n3')::uuid, tests.organization_id('North'), 'tap', 3, 'North draft'),
(md5('s1')::uuid, tests.organization_id('South'), 'tap', 7, 'South');
insert into public.register_profile_registers (profile_id, metric, function_code, address, type, source_unit)
select
  known.id,
  listed.metric,
  listed.function_code,
  listed.address,
  'float32' as type,
  known.model
from public.register_profiles as known
cross join (values ('level', 4, 12), ('flow_rate', 3, 40)) as listed (metric, function_code, address)
where known.name = 'tap';
insert into public.register_profile_status (profile_id, function_code, address, bit, value, flag)
values (md5('n1')::uuid, 4, 5, 0, 0, 'sensor_invalid');
update public.register_profiles set published_at = now()
where name = 'tap' and model <> 'North draft';

select tests.sign_in('north.viewer');
select results_eq(
  $$
    select name, version, is_shipped, is_current from public.published_profiles
    where name in ('nivusonic', 'tap') order by name, version
  $$,
  $$
    values
    ('nivusonic', 1, true, true), ('tap', 1, false, false), ('tap', 2, false, true)
  $$,
  'the shipped ones and one''s own, no draft; a name alone means its newest version'
);
select results_eq(
  $$
    select register ->> 'metric', register ->> 'source_unit', register ? 'profile_id'
    from public.published_profiles, json_array_elements(registers) with ordinality as listed (line, place)
    cross join lateral (select line::jsonb as register) as read
    where name = 'tap' and version = 1
    order by place
  $$,
  $$ values ('flow_rate', 'North first', false), ('level', 'North first', false) $$,
  'with its registers, by function code and address'
);
select results_eq(
  $$ select version, status::jsonb from public.published_profiles where name = 'tap' order by version $$,
  $$
    values
    (1, jsonb '[{"bit": 0, "flag": "sensor_invalid", "value": 0, "metric": null, "address": 5, "quality": null, "function_code": 4}]'),
    (2, jsonb '[]')
  $$,
  'and what its status words mean'
);
select tests.sign_out();
select results_eq(
  $$
    select * from tests.sights($query$
      select concat_ws('@', name, version) from public.published_profiles where not is_shipped
    $query$)
  $$,
  $$
    values
    ('north.viewer', 'tap@1,tap@2'),
    ('north.operator', 'tap@1,tap@2'),
    ('north.admin', 'tap@1,tap@2'),
    ('north.inactive', 'nothing'),
    ('south.viewer', 'tap@7'),
    ('south.admin', 'tap@7'),
    ('stranger', 'nothing'),
    ('anon', '42501 permission denied for view published_profiles'),
    ('service_role', '42501 permission denied for view published_profiles')
  $$,
  'another organization''s are not there'
);
select results_eq(
  $$ select * from tests.sights('select private.my_profile_id(''tap'') = md5(''n2'')::uuid') where person like 'north%' $$,
  $$
    values ('north.viewer', 'true'), ('north.operator', 'true'), ('north.admin', 'true'), ('north.inactive', 'nothing')
  $$,
  'a name is asked in one''s own organization'
);
select is(
  tests.seen_by('anon', 'select private.my_profile_id(''tap'')'), '42501 permission denied for schema private',
  'anon may not ask'
);
select table_privs_are('public', 'published_profiles', 'authenticated', array['SELECT'], 'people read it and nothing else');

select finish();
rollback;
