/*
 * The units of a key: which are taken, who answers them, and that they outlive a
 * rotation.
 */
begin;
select plan(8);

select tests.make_two_organizations();

insert into public.api_keys (id, organization_id, name, key_prefix, key_hash)
values (
  '00000000-0000-0000-0071-000000000001', tests.organization_id('North'), 'Units', 'aaaaaaaa', sha256('units')
);

select results_eq(
  $$ select flat_units from public.authenticate_api_key(encode(sha256('units'), 'hex')) $$,
  $$ values ('{}'::jsonb) $$,
  'a key speaks our units unless it says otherwise'
);
select bag_eq(
  $$
    select units, tests.attempt('north.admin', format(
      'update public.api_keys set flat_units = %L where name = ''Units''', units
    ))
    from unnest(array[
      '{"flow_rate": "m3/s"}', '{"flow_rate": "l/s", "totalizer": "l", "level": "mm", "pressure": "kPa"}', '{}'
    ]) as units
  $$,
  $$
    values
    ('{"flow_rate": "m3/s"}', '1 rows'),
    ('{"flow_rate": "l/s", "totalizer": "l", "level": "mm", "pressure": "kPa"}', '1 rows'),
    ('{}', '1 rows')
  $$,
  'an admin sets units that are known'
);
select bag_eq(
  $$
    select units, left(tests.attempt('north.admin', format(
      'update public.api_keys set flat_units = %L where name = ''Units''', units
    )), 5)
    from unnest(array[
      '{"flow_rate": "gpm"}', '{"flow_rate": null}', '{"flow_rate": 3600}', '{"velocity": "m/s"}', '[]', '"m3/s"'
    ]) as units
  $$,
  $$
    values
    ('{"flow_rate": "gpm"}', '23514'), ('{"flow_rate": null}', '23514'), ('{"flow_rate": 3600}', '23514'),
    ('{"velocity": "m/s"}', '23514'), ('[]', '23514'), ('"m3/s"', '23514')
  $$,
  'and no other'
);
select bag_eq(
  $$
    select person, tests.attempt(person, $q$
      update public.api_keys set flat_units = '{"level": "cm"}' where name = 'Units'
    $q$)
    from unnest(array['north.viewer', 'north.operator', 'south.admin']) as person
  $$,
  $$ values ('north.viewer', '0 rows'), ('north.operator', '0 rows'), ('south.admin', '0 rows') $$,
  'nobody else does'
);

update public.api_keys
set flat_units = '{"flow_rate": "m3/s"}'
where id = '00000000-0000-0000-0071-000000000001';
select results_eq(
  $$
    select details #> '{changed,flat_units}' from public.audit_logs
    where resource_id = '00000000-0000-0000-0071-000000000001' order by id desc limit 1
  $$,
  $$ values ('{"old": {}, "new": {"flow_rate": "m3/s"}}'::jsonb) $$,
  'a change of units is logged'
);
select results_eq(
  $$ select flat_units from public.authenticate_api_key(encode(sha256('units'), 'hex')) $$,
  $$ values ('{"flow_rate": "m3/s"}'::jsonb) $$,
  'authentication tells them'
);
select results_eq(
  $$
    select key.flat_units
    from public.rotate_api_key('00000000-0000-0000-0071-000000000001') as made
    cross join lateral public.authenticate_api_key(
      encode(sha256(convert_to(made.api_key, 'UTF8')), 'hex')
    ) as key
  $$,
  $$ values ('{"flow_rate": "m3/s"}'::jsonb) $$,
  'a key that takes over from another writes the same units'
);
select bag_eq(
  $$
    select role from unnest(array['anon', 'authenticated', 'service_role']) as role
    where has_function_privilege(role, 'public.authenticate_api_key(text)', 'execute')
  $$,
  $$ values ('service_role') $$,
  'the API alone authenticates keys'
);

select finish();
rollback;
