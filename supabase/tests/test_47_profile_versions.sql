/* Register profiles: what is shipped, what a version is, and what decodes a device. */
begin;
select plan(38);

select tests.make_two_organizations();

-- What is shipped --------------------------------------------------------------------------

select results_eq(
  $$
    select known.name, register.metric, register.function_code, register.address, register.type,
      register.word_order, register.byte_order, register.scale, register.value_offset, register.source_unit
    from public.register_profiles as known
    inner join public.register_profile_registers as register on register.profile_id = known.id
    where known.version = 1 and known.organization_id is null and known.published_at is not null
    order by known.name, register.address
  $$,
  $$
    values
    ('nivus_750', 'flow_rate', 4, 10, 'float32', 'little', 'big', 3600::double precision, 0::double precision, 'm3/s'),
    ('nivus_750', 'level', 4, 12, 'float32', 'little', 'big', 1, 0, 'm'),
    ('nivus_750', 'velocity', 4, 14, 'float32', 'little', 'big', 1, 0, 'm/s'),
    ('nivus_750', 'temperature', 4, 16, 'float32', 'little', 'big', 1, 0, 'degC'),
    ('nivus_750', 'totalizer', 4, 5200, 'float32', 'little', 'big', 1, 0, 'm3'),
    ('nivusonic', 'flow_rate', 4, 0, 'int16', 'big', 'big', 3.6, 0, 'm3/s'),
    ('nivusonic', 'level', 4, 1, 'int16', 'big', 'big', 0.001, 0, 'm'),
    ('nivusonic', 'velocity', 4, 2, 'int16', 'big', 'big', 0.001, 0, 'm/s'),
    ('nivusonic', 'temperature', 4, 3, 'int16', 'big', 'big', 0.01, 0, 'degC')
  $$,
  'the registers of the shipped profiles'
);
select results_eq(
  $$
    select known.name, meaning.function_code, meaning.address, meaning.bit, meaning.value, meaning.metric, meaning.flag, meaning.quality
    from public.register_profiles as known
    inner join public.register_profile_status as meaning on meaning.profile_id = known.id
    order by meaning.bit
  $$,
  $$
    values
    ('nivusonic', 4, 5, 0, 0, 'flow_rate', 'sensor_invalid', null::text),
    ('nivusonic', 4, 5, 1, 0, 'level', 'sensor_invalid', null),
    ('nivusonic', 4, 5, 2, 0, 'velocity', 'sensor_invalid', null),
    ('nivusonic', 4, 5, 3, 0, 'temperature', 'sensor_invalid', null)
  $$,
  'a validity bit of a NivuSonic that is not set invalidates its metric'
);
select is_empty(
  $$
    select metric from public.register_profile_registers
    where min_value is not null or max_value is not null or no_data_values <> '{}' or metric <> all (aliases)
  $$,
  'nothing is claimed that no document says; each metric answers to its own name'
);

-- Drafts and publications --------------------------------------------------------------------

insert into public.register_profiles (id, organization_id, name, version, model) values
(md5('v1')::uuid, tests.organization_id('North'), 'tap', 1, 'first'),
(md5('v2')::uuid, tests.organization_id('North'), 'tap', 2, 'second'),
(md5('v10')::uuid, tests.organization_id('North'), 'tap', 10, 'tenth'),
(md5('foreign')::uuid, tests.organization_id('South'), 'tap', 3, 'foreign');
select throws_ok(
  $$ update public.register_profiles set published_at = now() where id = md5('v1')::uuid $$,
  'RPINV', 'register profile tap@1 cannot be published: it has no registers', 'what decodes nothing is not published'
);
insert into public.register_profile_registers (profile_id, metric, function_code, address, type, source_unit, aliases)
select
  known.id,
  listed.metric,
  3 as function_code,
  listed.address,
  listed.type,
  'x' as source_unit,
  listed.aliases
from public.register_profiles as known
cross join (
  values
  ('flow_rate', 10, 'float64', array['q']), ('level', 14, 'int16', array['h']),
  ('totalizer', 15, 'uint32', array['v', 'sum'])
) as listed (metric, address, type, aliases)
where known.name = 'tap';

select throws_ok(
  $$ update public.register_profile_registers set aliases = '{h,Q}' where profile_id = md5('v1')::uuid and metric = 'level' $$,
  '23514', null, 'aliases are in small letters'
);
update public.register_profile_registers set aliases = '{h,q}'
where profile_id = md5('v1')::uuid and metric = 'level';
select throws_ok(
  $$ update public.register_profiles set published_at = now() where id = md5('v1')::uuid $$,
  'RPINV', 'register profile tap@1 cannot be published: an alias stands for two metrics', 'nor what one name would decode twice'
);
update public.register_profile_registers set
  aliases = '{h}',
  address = 13
where profile_id = md5('v1')::uuid and metric = 'level';
select throws_ok(
  $$ update public.register_profiles set published_at = now() where id = md5('v1')::uuid $$,
  'RPINV', 'register profile tap@1 cannot be published: two metrics share a register', 'nor a map that overlaps'
);
update public.register_profile_registers set
  address = 14,
  no_data_values = '{-32768,32767}',
  min_value = 0,
  max_value = 12,
  scale = 0.001,
  value_offset = -0.5
where profile_id = md5('v1')::uuid and metric = 'level';
insert into public.register_profile_status (profile_id, function_code, address, bit, value, metric, flag, quality) values
(md5('v1')::uuid, 3, 40, 3, 1, null, 'maintenance', 'suspect'),
(md5('v1')::uuid, 3, 40, 0, 0, 'level', 'sensor_invalid', null),
(md5('v1')::uuid, 3, 41, null, 17, null, 'meter_fault', 'bad');

select tests.sign_in('north.admin');
select lives_ok(
  $$ update public.register_profiles set published_at = '2020-01-01' where id = md5('v1')::uuid $$,
  'an admin publishes a version'
);
select tests.sign_out();
select results_eq(
  $$ select version, published_at = now() from public.register_profiles where name = 'tap' order by version $$,
  $$ values (1, true), (2, null::boolean), (3, null), (10, null) $$,
  'now, whatever time was given'
);
select results_eq(
  $$
    select user_id, details #>> '{changed,published_at,old}', details #>> '{changed,published_at,new}' is not null
    from public.audit_logs
    where resource_type = 'register_profiles' and resource_id = md5('v1')::uuid::text and action = 'update'
  $$,
  $$ values (tests.person_id('north.admin'), null::text, true) $$,
  'the audit tells who'
);
select is_empty(
  $$
    select resource_id from public.audit_logs
    where resource_type = 'register_profiles'
    and resource_id in (select id::text from public.register_profiles where organization_id is null)
  $$,
  'and nothing of the shipped ones, which nobody made'
);

-- What is published stays, even for the owner of the tables ------------------------------------

create function pg_temp.is_kept(statement text, claim text)
returns text
language sql
volatile
as $$
  select throws_ok(statement, 'RPPUB', 'a published register profile stays as it is: tap@1', claim);
$$;
select pg_temp.is_kept($$ update public.register_profiles set model = 'x' where id = md5('v1')::uuid $$, 'a published profile is not changed');
select pg_temp.is_kept($$ update public.register_profiles set published_at = null where id = md5('v1')::uuid $$, 'nor made a draft again');
select pg_temp.is_kept($$ delete from public.register_profiles where id = md5('v1')::uuid $$, 'nor deleted');
select pg_temp.is_kept(
  $$
    insert into public.register_profile_registers (profile_id, metric, function_code, address, type, source_unit)
    values (md5('v1')::uuid, 'velocity', 3, 60, 'int16', 'x')
  $$,
  'it gets no register more'
);
select pg_temp.is_kept($$ update public.register_profile_registers set scale = 2 where profile_id = md5('v1')::uuid $$, 'none changes');
select pg_temp.is_kept($$ delete from public.register_profile_registers where profile_id = md5('v1')::uuid $$, 'none goes');
select pg_temp.is_kept(
  $$ update public.register_profile_registers set profile_id = md5('v1')::uuid where profile_id = md5('v2')::uuid $$, 'and none comes from elsewhere'
);
select pg_temp.is_kept(
  $$ insert into public.register_profile_status (profile_id, function_code, address, value, flag) values (md5('v1')::uuid, 3, 9, 1, 'x') $$,
  'it gets no status more'
);
select pg_temp.is_kept($$ update public.register_profile_status set quality = 'bad' where profile_id = md5('v1')::uuid $$, 'none changes its meaning');
select pg_temp.is_kept($$ delete from public.register_profile_status where profile_id = md5('v1')::uuid $$, 'and none goes');
select throws_ok(
  $$ update public.register_profile_registers set scale = 1 where metric = 'flow_rate' and source_unit = 'm3/s' $$,
  'RPPUB', null, 'the shipped ones are published'
);
select throws_ok(
  $$ insert into public.register_profiles (organization_id, name, version, model) values (tests.organization_id('North'), 'nivus_750', 2, 'mine') $$,
  '23505', 'a register profile of this name is shipped: nivus_750', 'an organization takes no shipped name'
);
select throws_ok(
  $$ insert into public.register_profiles (name, model) values ('nivusonic', 'again') $$,
  '23505', null, 'a version is shipped once'
);

-- Faulty registers -------------------------------------------------------------------------------

select is_empty(
  $$
    select tried.change, tried.outcome
    from (
      select
        change,
        tests.attempt('north.admin', format(
          'update public.register_profile_registers set %s where profile_id = md5(''v2'')::uuid and metric = ''level''', change
        )) as outcome
      from unnest(array[
        'metric = ''density''', 'function_code = 1', 'type = ''bcd16''', 'address = -1', 'address = 65536',
        'address = 65535, type = ''float32''', 'address = 65533, type = ''uint64''', 'word_order = ''CDAB''',
        'byte_order = ''middle''', 'scale = 0', 'scale = ''NaN''', 'scale = ''infinity''', 'value_offset = ''NaN''',
        'source_unit = ''''', 'min_value = 2, max_value = 1', 'min_value = ''-infinity''', 'max_value = ''NaN''',
        'no_data_values = ''{null}''', 'aliases = ''{null}''', 'aliases = array['''']'
      ]) as change
    ) as tried
    where tried.outcome not like '23514 %'
  $$,
  'a register that cannot be is refused'
);
select is_empty(
  $$
    select tried.type, tried.outcome
    from (
      select
        type,
        tests.attempt('north.admin', format(
          'update public.register_profile_registers set address = %s, type = %L where profile_id = md5(''v2'')::uuid and metric = ''level''',
          65536 - private.register_words(type), type
        )) as outcome
      from unnest(array['int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'float32', 'float64']) as type
    ) as tried
    where tried.outcome <> '1 rows'
  $$,
  'every type may be the last of the registers'
);
select is_empty(
  $$
    select tried.row, tried.outcome
    from (
      select
        row,
        tests.attempt('north.admin', format(
          'insert into public.register_profile_status (profile_id, function_code, address, bit, value, metric, flag, quality)
          values (md5(''v2'')::uuid, %s)', row
        )) as outcome
      from unnest(array[
        '3, 1, 16, 1, null, ''a'', null', '3, 1, 0, 2, null, ''a'', null', '3, 1, null, 65536, null, ''a'', null',
        '3, 65536, 0, 1, null, ''a'', null', '2, 1, 0, 1, null, ''a'', null', '3, 1, 0, 1, ''density'', ''a'', null',
        '3, 1, 0, 1, null, ''A flag'', null', '3, 1, 0, 1, null, ''a'', ''good'''
      ]) as row
    ) as tried
    where tried.outcome not like '23514 %'
  $$,
  'a status that cannot be is refused'
);

-- What a device names --------------------------------------------------------------------------------

create function pg_temp.name_profile(profile text, organization text default 'North')
returns text
language sql
volatile
as $$
  select tests.attempt('service_role', format(
    'insert into public.devices (device_id, organization_id, profile) values (%L, %L, %L)',
    'TAP_' || profile, tests.organization_id(organization), profile
  ));
$$;
select results_eq(
  $$
    select pg_temp.name_profile(profile)
    from unnest(array['tap', 'tap@1', 'nivus_750', 'nivus_750@1']) as profile
  $$,
  array['1 rows', '1 rows', '1 rows', '1 rows'],
  'a device names a published profile, or a version of one'
);
select is_empty(
  $$
    select profile, pg_temp.name_profile(profile)
    from unnest(array['tap@2', 'tap@', 'tap@0', 'tap@01', 'tap@1@1', 'tap@x', 'Tap', '', 'nivus', 'tap@99999999999']) as profile
    where pg_temp.name_profile(profile) <> 'UNKPF no published register profile: ' || profile
  $$,
  'and nothing else, no draft either'
);
select is(
  pg_temp.name_profile('tap', 'South'), 'UNKPF no published register profile: tap', 'another organization''s is unknown'
);

insert into public.devices (device_id, organization_id, profile, expected_interval_s) values
('TAP_NEWEST', tests.organization_id('North'), 'tap', 60),
('TAP_PINNED', tests.organization_id('North'), 'tap@1', 60),
('TAP_SHIPPED', tests.organization_id('South'), 'nivusonic', 60),
('TAP_PLAIN', tests.organization_id('North'), null, 5);
alter table public.devices disable trigger _130_profile;
update public.devices set profile = 'Nivus, the old one'
where device_id = 'TAP_NORTH';
alter table public.devices enable trigger _130_profile;
select lives_ok(
  $$
    update public.devices set profile = profile, device_name = 'Still here', organization_id = organization_id
    where device_id = 'TAP_NORTH'
  $$,
  'what an older installation wrote stays'
);
select throws_ok(
  $$ update public.devices set profile = 'Nivus, another' where device_id = 'TAP_NORTH' $$,
  'UNKPF', 'no published register profile: Nivus, another', 'until it is changed'
);
select throws_ok(
  $$ update public.devices set organization_id = tests.organization_id('South') where device_id = 'TAP_NEWEST' $$,
  'UNKPF', 'no published register profile: tap', 'a device does not take its profile to another organization'
);
update public.register_profiles set published_at = now()
where id = md5('foreign')::uuid;
select results_eq(
  $$
    select device_id, expected_interval_s, profile ->> 'name', profile ->> 'version'
    from public.get_device_profiles(
      '{TAP_NEWEST,TAP_PINNED,TAP_SHIPPED,TAP_PLAIN,TAP_NORTH,TAP_NOBODY}'
    )
    order by device_id
  $$,
  $$
    values
    ('TAP_NEWEST', 60, 'tap', '1'), ('TAP_NORTH', 300, null, null), ('TAP_PINNED', 60, 'tap', '1'),
    ('TAP_PLAIN', 5, null, null), ('TAP_SHIPPED', 60, 'nivusonic', '1')
  $$,
  'which profile decodes which device; drafts and other organizations'' are none'
);
update public.register_profiles set published_at = now()
where id = md5('v2')::uuid;
update public.register_profiles set published_at = now()
where id = md5('v10')::uuid;
select results_eq(
  $$
    select device_id, profile ->> 'version', profile ->> 'model'
    from public.get_device_profiles('{TAP_NEWEST,TAP_PINNED}')
    order by device_id
  $$,
  $$ values ('TAP_NEWEST', '10', 'tenth'), ('TAP_PINNED', '1', 'first') $$,
  'a name means its newest version, by number; a version means itself'
);
select is(
  (select asked.profile from public.get_device_profiles('{TAP_PINNED}') as asked),
  '{
    "name": "tap", "version": 1, "model": "first",
    "registers": [
      {"metric": "flow_rate", "function_code": 3, "address": 10, "type": "float64", "word_order": "big",
       "byte_order": "big", "scale": 1, "value_offset": 0, "source_unit": "x", "min_value": null,
       "max_value": null, "no_data_values": [], "aliases": ["q"]},
      {"metric": "level", "function_code": 3, "address": 14, "type": "int16", "word_order": "big",
       "byte_order": "big", "scale": 0.001, "value_offset": -0.5, "source_unit": "x", "min_value": 0,
       "max_value": 12, "no_data_values": [-32768, 32767], "aliases": ["h"]},
      {"metric": "totalizer", "function_code": 3, "address": 15, "type": "uint32", "word_order": "big",
       "byte_order": "big", "scale": 1, "value_offset": 0, "source_unit": "x", "min_value": null,
       "max_value": null, "no_data_values": [], "aliases": ["v", "sum"]}
    ],
    "status": [
      {"function_code": 3, "address": 40, "bit": 0, "value": 0, "metric": "level", "flag": "sensor_invalid", "quality": null},
      {"function_code": 3, "address": 40, "bit": 3, "value": 1, "metric": null, "flag": "maintenance", "quality": "suspect"},
      {"function_code": 3, "address": 41, "bit": null, "value": 17, "metric": null, "flag": "meter_fault", "quality": "bad"}
    ]
  }'::jsonb,
  'all that decodes a device is in one answer'
);
select is_empty(
  $$
    select person, outcome from tests.attempts('select public.get_device_profiles(''{TAP_PINNED}'')')
    where outcome <> case person when 'service_role' then '1 rows' else '42501 permission denied for function get_device_profiles' end
  $$,
  'service_role asks for it, nobody else'
);
insert into public.register_profiles (id, name, model) values (md5('late')::uuid, 'tap', 'shipped later');
insert into public.register_profile_registers (profile_id, metric, function_code, address, type, source_unit)
values (md5('late')::uuid, 'level', 4, 1, 'int16', 'm');
update public.register_profiles set published_at = now()
where id = md5('late')::uuid;
select results_eq(
  $$
    select device_id, profile ->> 'model' from public.get_device_profiles('{TAP_NEWEST,TAP_PINNED}') order by device_id
  $$,
  $$ values ('TAP_NEWEST', 'tenth'), ('TAP_PINNED', 'first') $$,
  'a name that is shipped later changes nothing for who had it'
);

select finish();
rollback;
