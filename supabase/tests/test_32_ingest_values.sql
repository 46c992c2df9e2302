/* Ingest: values that are refused, and calls. */
begin;
select plan(12);

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
select tests.make_device('TAP_DEFAULT');

-- Values ---------------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_DEFAULT", "metadata": {"a": 1}},
       {"device_id": "TAP_DEFAULT", "flow_rate": null, "flags": ["invalid_float"]}]'
    )
  $$,
  array['0 rejected no_measurement', '1 rejected no_measurement'],
  'without a measurement there is no reading'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_DEFAULT", "created_at": "@1 minute", "flow_rate": "NaN"},
       {"device_id": "TAP_DEFAULT", "created_at": "@2 minutes", "level": "-Infinity"},
       {"device_id": "TAP_DEFAULT", "created_at": "@3 minutes", "totalizer": "Infinity"},
       {"device_id": "TAP_DEFAULT", "created_at": "@4 minutes", "flow_rate": 4}]'
    )
  $$,
  array['0 rejected invalid_value /flow_rate', '1 rejected invalid_value /level', '2 rejected invalid_value /totalizer', '3 new'],
  'a value that is not finite costs its own reading only'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_DEFAULT", "created_at": "@1 minute", "flow_rate": "abc"},
       {"device_id": "TAP_DEFAULT", "created_at": "@2 minutes", "pressure": 1e400},
       {"device_id": "TAP_DEFAULT", "created_at": "@3 minutes", "battery_level": 1e300},
       {"device_id": "TAP_DEFAULT", "created_at": "@3 minutes", "signal_strength": -3000000000},
       {"device_id": "TAP_DEFAULT", "created_at": "@3 minutes", "flow_rate": [1]},
       {"device_id": "TAP_DEFAULT", "created_at": "@3 minutes", "flow_rate": true},
       {"device_id": "TAP_DEFAULT", "created_at": "yesterday evening", "flow_rate": 1},
       {"device_id": "TAP_DEFAULT", "created_at": "infinity", "flow_rate": 1},
       {"device_id": "TAP_DEFAULT", "flow_rate": 1, "quality": "fine"},
       {"device_id": "TAP_DEFAULT", "flow_rate": 1, "metadata": [1]},
       {"device_id": "TAP_DEFAULT", "flow_rate": 1, "flags": "a"},
       5,
       null,
       [],
       {"device_id": "TAP_DEFAULT", "created_at": "@5 minutes", "flow_rate": 5}]'
    )
  $$,
  array['0 rejected invalid_value /flow_rate', '1 rejected invalid_value /pressure', '2 rejected invalid_value /battery_level', '3 rejected invalid_value /signal_strength', '4 rejected invalid_value /flow_rate', '5 rejected invalid_value /flow_rate', '6 rejected invalid_value /created_at', '7 rejected invalid_value /created_at', '8 rejected invalid_value /quality', '9 rejected invalid_value /metadata', '10 rejected invalid_value /flags', '11 rejected invalid_value', '12 rejected invalid_value', '13 rejected invalid_value', '14 new'],
  'what cannot be read is refused with a pointer, and costs nobody else'
);
select results_eq(
  $$
    select detail, reading from public.ingest_dead_letters
    where detail = '/pressure' or reading = '5'
    order by detail
  $$,
  $$
    values
    ('', '5'::jsonb),
    (
      '/pressure',
      jsonb_build_object(
        'device_id', 'TAP_DEFAULT', 'created_at', now() - interval '2 minutes', 'pressure', 1e400
      )
    )
  $$,
  'a dead letter holds the whole reading as it came'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_A", "api_key_id": "8e1579859a7e2dc737b2953e12047532", "created_at": "@30 seconds", "flow_rate": 1, "battery_level": 240, "signal_strength": -71.5, "flags": ["invalid_float", "invalid_float", "ghost_zero"], "quality": "suspect"}]'
    )
  $$,
  array['0 new'],
  'a battery beyond 100 % is kept'
);
select results_eq(
  $$
    select battery_level, signal_strength, quality, array(select unnest(flags) order by 1) from public.flow_data
    where device_id = 'TAP_A' and battery_level is not null
  $$,
  $$ values (240, -72, 'suspect', array['invalid_float', 'out_of_range']) $$,
  'and flagged; the sender''s flags stay, less those that are ours to give'
);
select results_eq($$ select pg_temp.ingest('[]') $$, array[]::text[], 'an empty batch answers nothing');

-- The whole call ---------------------------------------------------------------------

select throws_ok($$ select public.ingest_readings('{"device_id": "TAP_A"}') $$, 'RDARR', 'readings are no array: object', 'an object is no batch');
select throws_ok($$ select public.ingest_readings(null) $$, 'RDARR', 'readings are no array: null', 'nor is null');
select throws_ok(
  $$ select public.ingest_readings((select jsonb_agg('{}'::jsonb) from generate_series(1, 1001))) $$,
  'RDMAX', 'too many readings in one call: 1001', 'more than 1,000 are refused'
);
select is(
  (
    select count(*) from
      public.ingest_readings((
        select
          jsonb_agg(jsonb_build_object(
            'device_id', 'TAP_DEFAULT', 'created_at', now() - step * interval '1 minute', 'temperature', step
          ))
        from generate_series(1001, 2000) as step
      )) as answer
    where answer.verdict = 'new'
  ),
  1000::bigint, '1,000 readings go in one call'
);
select is(
  (
    select count(*) from
      public.ingest_readings((
        select jsonb_agg(jsonb_build_object('device_id', 'TAP_DEFAULT', 'created_at', now() - interval '40 minutes', 'flow_rate', 1))
        from generate_series(1, 100)
      )) as answer
    where answer.verdict = 'duplicate'
  ),
  99::bigint, 'the same reading 100 times in one batch is one row'
);

select finish();
rollback;
