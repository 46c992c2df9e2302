/* Ingest: what becomes of a reading that comes again, and whose readings are taken. */
begin;
select plan(20);

select tests.make_two_organizations();

create function pg_temp.ingest(readings text)
returns setof text
language plpgsql
volatile
as $$
begin
  -- "@90 seconds" in a time is so long before this transaction's now().
  perform tests.sign_in('service_role');
  return query
  select rtrim(concat_ws(' ', answer.index, answer.verdict, answer.code, answer.pointer))
  from public.ingest_readings((
    select coalesce(jsonb_agg(
      case when jsonb_typeof(element) <> 'object' then element else element || (
        select coalesce(jsonb_object_agg(field.key, now() - substr(field.value, 2)::interval), '{}')
        from jsonb_each_text(element) as field
        where field.value like '@%'
      ) end
      order by ordinality
    ), '[]')
    from jsonb_array_elements(ingest.readings::jsonb) with ordinality as listed (element, ordinality)
  )) as answer
  order by answer.index;
  perform tests.sign_out();
end;
$$;

select tests.make_device('TAP_A', tests.organization_id('North'));
select tests.make_device('TAP_B', tests.organization_id('North'));
select tests.make_device('TAP_DEFAULT');

insert into public.api_keys (id, organization_id, name, key_prefix, key_hash, device_ids, expires_at) values
(md5('limited')::uuid, tests.organization_id('North'), 'limited', '0123abcd', sha256('limited'), array['TAP_B'], null),
(md5('expired')::uuid, tests.organization_id('North'), 'expired', '0123abcd', sha256('expired'), null, now() - interval '1 minute'),
(md5('revoked')::uuid, tests.organization_id('North'), 'revoked', '0123abcd', sha256('revoked'), null, null);
update public.api_keys set revoked_at = now()
where id = md5('revoked')::uuid;

-- Who may call ------------------------------------------------------------------

select volatility_is('public', 'ingest_readings', array['jsonb'], 'volatile', 'it writes');
select isnt_definer('public', 'ingest_readings', array['jsonb'], 'what the Data API exposes runs as its caller');
select is_empty(
  $$
    select person, outcome from tests.attempts('select * from public.ingest_readings(''[]'')')
    where outcome <> case person when 'service_role' then '0 rows' else '42501 permission denied for function ingest_readings' end
  $$,
  'service_role ingests, nobody else'
);

-- The same reading again ----------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_DEFAULT", "created_at": "@9 minutes", "flow_rate": 12.5, "totalizer": 100}]'
    )
  $$,
  array['0 new'],
  'a reading is stored'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_DEFAULT", "created_at": "@9 minutes", "flow_rate": 12.5, "totalizer": 100}]'
    )
  $$,
  array['0 duplicate'],
  'sent again, it is a duplicate'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_DEFAULT", "created_at": "@9 minutes", "flow_rate": 12.5}]'
    )
  $$,
  array['0 duplicate'],
  'with fewer values too'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_DEFAULT", "created_at": "@9 minutes", "level": 1.5, "battery_level": 87.6, "metadata": {"a": 1}}]'
    )
  $$,
  array['0 merged'],
  'other values of the same instant complete it'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_DEFAULT", "created_at": "@9 minutes", "flow_rate": 99, "pressure": 2}]'
    )
  $$,
  array['0 conflict conflicting_values'],
  'a value that differs is a conflict'
);
select results_eq(
  $$
    select flow_rate, totalizer, level, battery_level, pressure, metadata, quality from public.flow_data
    where device_id = 'TAP_DEFAULT'
  $$,
  $$
    values (
      12.5::double precision, 100::double precision, 1.5::double precision, 88, null::double precision,
      '{"a": 1}'::jsonb, 'good'
    )
  $$,
  'the first values stay, the gaps are filled, the other''s values are not mixed in'
);
select results_eq(
  $$ select flow_rate, level, battery_level from public.latest_readings where device_id = 'TAP_DEFAULT' $$,
  $$ values (12.5::double precision, 1.5::double precision, 88) $$,
  'the latest values are completed with the row'
);
select results_eq(
  $$
    select reason, reading ->> 'flow_rate', organization_id = private.default_organization_id()
    from public.ingest_dead_letters where reading ->> 'device_id' = 'TAP_DEFAULT'
  $$,
  $$ values ('conflicting_values', '99', true) $$,
  'what conflicts is kept as a dead letter'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_DEFAULT", "created_at": "@8 minutes", "flow_rate": 1},
       {"device_id": "TAP_DEFAULT", "created_at": "@8 minutes", "flow_rate": 1},
       {"device_id": "TAP_DEFAULT", "created_at": "@8 minutes", "level": 2},
       {"device_id": "TAP_DEFAULT", "created_at": "@8 minutes", "level": 3}]'
    )
  $$,
  array['0 new', '1 duplicate', '2 merged', '3 conflict conflicting_values'],
  'four of one instant in one batch are judged in their order'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_DEFAULT", "created_at": "@10 minutes", "flow_rate": 6},
       {"device_id": "TAP_DEFAULT", "created_at": "@9 minutes", "flow_rate": 98},
       {"device_id": "TAP_DEFAULT", "created_at": "@8 minutes", "flow_rate": 1},
       {"device_id": "TAP_DEFAULT", "created_at": "@7 minutes", "flow_rate": 7}]'
    )
  $$,
  array['0 new', '1 conflict conflicting_values', '2 duplicate', '3 new'],
  'new readings around stored ones are new'
);
select results_eq(
  $$
    select extract(epoch from now() - created_at)::integer / 60, flow_rate from public.flow_data
    where device_id = 'TAP_DEFAULT'
    order by created_at
  $$,
  $$ values (10, 6::double precision), (9, 12.5), (8, 1), (7, 7) $$,
  'and each is there once, with the values that came first'
);

-- Whose it is -----------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_A", "flow_rate": 1, "api_key_id": "8e1579859a7e2dc737b2953e12047532"},
       {"device_id": "TAP_A", "flow_rate": 1},
       {"device_id": "TAP_A", "flow_rate": 1, "api_key_id": "f4074fb4085cc4cc930f2d5bfa805ba2"},
       {"device_id": "TAP_DEFAULT", "flow_rate": 1, "api_key_id": "8e1579859a7e2dc737b2953e12047532"}]'
    )
  $$,
  array['0 new', '1 rejected unknown_device', '2 rejected unknown_device', '3 rejected unknown_device'],
  'a key writes its own organization''s devices; API_SECRET_KEY the default one''s'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_B", "flow_rate": 1, "api_key_id": "d63c7ede8cb1e1c8db5e51c63fd47cff"},
       {"device_id": "TAP_A", "flow_rate": 1, "api_key_id": "d63c7ede8cb1e1c8db5e51c63fd47cff"}]'
    )
  $$,
  array['0 new', '1 rejected unknown_device'],
  'a key limited to devices knows no other'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_B", "flow_rate": 1, "api_key_id": "c4bfb2a0bab0e91bc7dcfbe3bbec246e"},
       {"device_id": "TAP_B", "flow_rate": 1, "api_key_id": "80b785d265b6419ab99251d8f4340a1d"},
       {"device_id": "TAP_B", "flow_rate": 1, "api_key_id": "6e854442cd2a940c9e95941dce4ad598"},
       {"device_id": "TAP_B", "flow_rate": 1, "api_key_id": "no uuid"}]'
    )
  $$,
  array['0 rejected invalid_key', '1 rejected invalid_key', '2 rejected invalid_key', '3 rejected invalid_key /api_key_id'],
  'expired, revoked, unknown and unreadable keys are refused'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_B", "created_at": "@2 minutes", "received_at": "@2 minutes", "flow_rate": 1, "api_key_id": "c4bfb2a0bab0e91bc7dcfbe3bbec246e"}]'
    )
  $$,
  array['0 new'],
  'what came while the key was good is stored, though it waited on a spool'
);
select results_eq(
  $$
    select reason, organization_id, api_key_id, count(*) from public.ingest_dead_letters
    where reading ->> 'device_id' = 'TAP_B' group by reason, organization_id, api_key_id order by api_key_id
  $$,
  $$
    select 'invalid_key', told.organization_id, told.api_key_id, 1::bigint
    from (
      values
      (tests.organization_id('North'), md5('expired')::uuid), (tests.organization_id('North'), md5('revoked')::uuid),
      (null, md5('nobody')::uuid), (null, '00000000-0000-0000-0000-000000000000')
    ) as told (organization_id, api_key_id)
    order by told.api_key_id
  $$,
  'their letters belong to the key''s organization, if anybody knows it'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_NOBODY", "flow_rate": 1},
       {"flow_rate": 1},
       {"device_id": "", "flow_rate": 1}]'
    )
  $$,
  array['0 rejected unknown_device', '1 rejected missing_device_id', '2 rejected missing_device_id'],
  'a device nobody registered, and none at all'
);

select finish();
rollback;
