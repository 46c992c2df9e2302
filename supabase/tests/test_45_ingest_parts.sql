/* Ingest: readings that come in parts become one row, and nothing else does. */
begin;
select plan(27);

select tests.make_two_organizations();

-- Each answer: index, verdict, how many seconds before now() its row stands, code.
create function pg_temp.ingest(readings text)
returns setof text
language plpgsql
volatile
as $$
begin
  -- "@90 seconds" in a time is so long before this transaction's now().
  perform tests.sign_in('service_role');
  return query
  select rtrim(concat_ws(
    ' ', answer.index, answer.verdict, '@' || trim_scale(extract(epoch from now() - answer.created_at)),
    answer.code, answer.pointer
  ))
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

-- A part of a device, sent by itself.
create function pg_temp.part(device_id text, age text, measured text)
returns setof text
language sql
volatile
as $$
  select pg_temp.ingest(jsonb_build_array(
    jsonb_build_object('device_id', device_id, 'created_at', '@' || age, 'is_part', true) || measured::jsonb
  )::text);
$$;

-- The rows of a device: time, values, quality, flags, when each metric was read.
create function pg_temp.stored(device_id text)
returns table (stored text)
language sql
volatile
as $$
  select concat_ws(
    ' ',
    '@' || trim_scale(extract(epoch from now() - flow_data.created_at)),
    'flow=' || flow_data.flow_rate, 'total=' || flow_data.totalizer, 'level=' || flow_data.level,
    'velocity=' || flow_data.velocity, flow_data.quality, nullif(flow_data.flags, '{}'),
    (
      select string_agg(
        part.key || '@' || trim_scale(extract(epoch from now() - part.value::timestamptz)), ','
        order by part.key
      )
      from jsonb_each_text(flow_data.metadata -> 'parts') as part
    )
  )
  from public.flow_data
  where flow_data.device_id = stored.device_id
  order by flow_data.created_at;
$$;

insert into public.devices (device_id, expected_interval_s)
select
  listed.device_id,
  listed.interval_s
from (
  values
  ('TAP_P', 60), ('TAP_FAST', 5), ('TAP_SLOW', 3600), ('TAP_NEAR', 60), ('TAP_WHOLE', 60), ('TAP_BATCH', 60), ('TAP_MIXED', 60)
) as listed (device_id, interval_s);

-- Two parts, one row -------------------------------------------------------------------

select results_eq($$ select pg_temp.part('TAP_P', '540 seconds', '{"flow_rate": 12.5, "totalizer": 100}') $$, array['0 new @540'], 'the first part of a poll');
select results_eq(
  $$ select pg_temp.part('TAP_P', '538.5 seconds', '{"level": 1.5, "received_at": "@5 minutes"}') $$, array['0 merged @540'],
  'the second, 1.5 s later, joins it: the answer tells the row''s time'
);
select results_eq(
  $$ select * from pg_temp.stored('TAP_P') $$,
  array['@540 flow=12.5 total=100 level=1.5 good flow_rate@540,level@538.5,totalizer@540'],
  'the row stands at the first one''s time and keeps each part''s own'
);
select results_eq(
  $$
    select latest.flow_rate, latest.level, extract(epoch from now() - latest.created_at)::integer
    from public.latest_readings as latest
    where latest.device_id = 'TAP_P'
  $$,
  $$ values (12.5::double precision, 1.5::double precision, 540) $$,
  'the latest values are completed'
);
select results_eq(
  $$
    select pg_temp.part('TAP_P', '538.5 seconds', '{"level": 1.5}')
    union all
    select pg_temp.part('TAP_P', '540 seconds', '{"flow_rate": 12.5, "totalizer": 100}')
    union all
    select pg_temp.part('TAP_P', '540 seconds', '{"flow_rate": 12.5}')
  $$,
  array['0 duplicate @540', '0 duplicate @540', '0 duplicate @540'],
  'a part sent again is a duplicate, whichever it is, and with less in it'
);
select results_eq(
  $$ select pg_temp.part('TAP_P', '538.5 seconds', '{"level": 1.6}') $$, array['0 conflict @540 conflicting_values'],
  'the same part with another value is a conflict'
);
select results_eq(
  $$ select pg_temp.part('TAP_P', '538.5 seconds', '{"level": 1.5, "velocity": 2}') $$, array['0 merged @540'],
  'the same part with one value more completes the row'
);
select results_eq(
  $$ select pg_temp.part('TAP_P', '538 seconds', '{"level": 1.5}') $$, array['0 new @538'],
  'a metric that is taken keeps a part of another time out, though its value is the same'
);
select results_eq(
  $$ select * from pg_temp.stored('TAP_P') $$,
  array[
    '@540 flow=12.5 total=100 level=1.5 velocity=2 good flow_rate@540,level@538.5,totalizer@540,velocity@538.5',
    '@538 level=1.5 good level@538'
  ],
  'no value is overwritten and none is mixed in'
);
select results_eq(
  $$ select reading ->> 'level', reading ->> 'is_part' from public.ingest_dead_letters where reading ->> 'device_id' = 'TAP_P' $$,
  $$ values ('1.6', 'true') $$,
  'the part that conflicts is kept as it came'
);
select results_eq(
  $$
    select pg_temp.part('TAP_P', '480 seconds', '{"level": 1.7}')
    union all
    select pg_temp.part('TAP_P', '478 seconds', '{"flow_rate": 12.6}')
  $$,
  array['0 new @480', '0 merged @480'],
  'the next poll is the next row, whichever part comes first'
);

-- How far -------------------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.part('TAP_FAST', '100 seconds', '{"flow_rate": 1}')
    union all
    select pg_temp.part('TAP_FAST', '97.5 seconds', '{"level": 1}')
    union all
    select pg_temp.part('TAP_FAST', '97.499999 seconds', '{"totalizer": 1}')
    union all
    select pg_temp.part('TAP_FAST', '95 seconds', '{"flow_rate": 2}')
  $$,
  array['0 new @100', '0 merged @100', '0 new @97.499999', '0 merged @97.499999'],
  'half the expected interval, to the microsecond'
);
select results_eq(
  $$
    select pg_temp.part('TAP_SLOW', '1000 seconds', '{"flow_rate": 1}')
    union all
    select pg_temp.part('TAP_SLOW', '1030 seconds', '{"level": 1}')
    union all
    select pg_temp.part('TAP_SLOW', '969.999999 seconds', '{"totalizer": 1}')
  $$,
  array['0 new @1000', '0 merged @1000', '0 new @969.999999'],
  'and never more than 30 s, to either side'
);
select results_eq(
  $$
    select pg_temp.part('TAP_NEAR', '100 seconds', '{"flow_rate": 1}')
    union all
    select pg_temp.part('TAP_NEAR', '80 seconds', '{"flow_rate": 2}')
    union all
    select pg_temp.part('TAP_NEAR', '90 seconds', '{"level": 1}')
    union all
    select pg_temp.part('TAP_NEAR', '95 seconds', '{"velocity": 1}')
    union all
    select pg_temp.part('TAP_NEAR', '89 seconds', '{"totalizer": 1}')
    union all
    select pg_temp.part('TAP_NEAR', '99 seconds', '{"level": 2}')
  $$,
  array['0 new @100', '0 new @80', '0 merged @100', '0 merged @100', '0 merged @80', '0 merged @80'],
  'the nearest row, of two as near the earlier, of those that lack it'
);
update public.devices set expected_interval_s = 2
where device_id = 'TAP_NEAR';
select results_eq(
  $$ select pg_temp.part('TAP_NEAR', '99 seconds', '{"level": 2}') $$, array['0 duplicate @80'],
  'a repeat is found though the interval was shortened meanwhile'
);

-- Whole readings --------------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_WHOLE", "created_at": "@100 seconds", "flow_rate": 1, "metadata": {"parts": {"level": 1}}},
       {"device_id": "TAP_WHOLE", "created_at": "@95 seconds", "flow_rate": 1, "is_part": false},
       {"device_id": "TAP_WHOLE", "created_at": "@94 seconds", "flow_rate": 1, "is_part": null}]'
    )
  $$,
  array['0 new @100', '1 new @95', '2 new @94'],
  'three whole readings without a level'
);
select results_eq(
  $$ select metadata from public.flow_data where device_id = 'TAP_WHOLE' order by created_at $$,
  $$ values ('{"told_parts": {"level": 1}}'::jsonb), ('{}'), ('{}') $$,
  'what a sender calls parts makes none'
);
select results_eq(
  $$ select pg_temp.part('TAP_WHOLE', '99 seconds', '{"level": 2}') $$, array['0 new @99'],
  'take no part of another time'
);
select results_eq(
  $$
    select pg_temp.part('TAP_WHOLE', '95 seconds', '{"level": 3}')
    union all
    select pg_temp.part('TAP_WHOLE', '93 seconds', '{"totalizer": 4}')
    union all
    select pg_temp.part('TAP_WHOLE', '92 seconds', '{"level": 5}')
    union all
    select pg_temp.part('TAP_WHOLE', '95 seconds', '{"level": 3}')
  $$,
  array['0 merged @95', '0 merged @99', '0 new @92', '0 duplicate @95'],
  'one of the same instant completes a whole reading, which stays whole; it is found again there'
);
select results_eq(
  $$
    select pg_temp.ingest('[{"device_id": "TAP_WHOLE", "created_at": "@92 seconds", "flow_rate": 6}]')
    union all
    select pg_temp.part('TAP_WHOLE', '91 seconds', '{"totalizer": 7}')
  $$,
  array['0 merged @92', '0 merged @92'],
  'a whole reading of a part''s instant completes its row, which still takes parts'
);
select results_eq(
  $$ select * from pg_temp.stored('TAP_WHOLE') $$,
  array[
    '@100 flow=1 good', '@99 total=4 level=2 good level@99,totalizer@93', '@95 flow=1 level=3 good',
    '@94 flow=1 good', '@92 flow=6 total=7 level=5 good level@92,totalizer@91'
  ],
  'and each row tells which values came in parts'
);

-- In one batch ---------------------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_BATCH", "created_at": "@98 seconds", "totalizer": 3, "is_part": true},
       {"device_id": "TAP_BATCH", "created_at": "@99 seconds", "level": 2, "is_part": true},
       {"device_id": "TAP_BATCH", "created_at": "@100 seconds", "flow_rate": 1, "is_part": true},
       {"device_id": "TAP_BATCH", "created_at": "@99 seconds", "level": 2, "is_part": true},
       {"device_id": "TAP_BATCH", "created_at": "@99 seconds", "level": 9, "is_part": true},
       {"device_id": "TAP_BATCH", "created_at": "@40 seconds", "flow_rate": 4, "is_part": true},
       {"device_id": "TAP_BATCH", "created_at": "@38 seconds", "level": 5, "is_part": true},
       {"device_id": "TAP_BATCH", "created_at": "@39 seconds", "level": "abc", "is_part": true},
       {"device_id": "TAP_BATCH", "created_at": "@37 seconds", "velocity": 6, "is_part": true}]'
    )
  $$,
  array[
    '0 merged @100', '1 merged @100', '2 new @100', '3 duplicate @100', '4 conflict @100 conflicting_values',
    '5 new @40', '6 merged @40', '7 rejected @39 invalid_value /level', '8 merged @40'
  ],
  'parts of one batch join the earliest of their poll, in the order of their times'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_BATCH", "created_at": "@97 seconds", "velocity": 7, "is_part": true},
       {"device_id": "TAP_BATCH", "created_at": "@40 seconds", "flow_rate": 4, "is_part": true},
       {"device_id": "TAP_BATCH", "created_at": "@38 seconds", "level": 5, "is_part": true},
       {"device_id": "TAP_BATCH", "created_at": "@36 seconds", "totalizer": 8, "is_part": true},
       {"device_id": "TAP_BATCH", "created_at": "@35 seconds", "totalizer": 9, "is_part": true},
       {"device_id": "TAP_BATCH", "created_at": "@34 seconds", "level": 9, "is_part": true}]'
    )
  $$,
  array['0 merged @100', '1 duplicate @40', '2 duplicate @40', '3 merged @40', '4 new @35', '5 merged @35'],
  'those of the next batch join what is stored, and then each other'
);
select results_eq(
  $$ select * from pg_temp.stored('TAP_BATCH') $$,
  array[
    '@100 flow=1 total=3 level=2 velocity=7 good flow_rate@100,level@99,totalizer@98,velocity@97',
    '@40 flow=4 total=8 level=5 velocity=6 good flow_rate@40,level@38,totalizer@36,velocity@37',
    '@35 total=9 level=9 good level@34,totalizer@35'
  ],
  'each value is in one row'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_MIXED", "created_at": "@100 seconds", "flow_rate": 1},
       {"device_id": "TAP_MIXED", "created_at": "@100 seconds", "level": 2, "is_part": true},
       {"device_id": "TAP_MIXED", "created_at": "@99 seconds", "totalizer": 3, "is_part": true},
       {"device_id": "TAP_MIXED", "created_at": "@99 seconds", "flow_rate": 4},
       {"device_id": "TAP_MIXED", "created_at": "@99 seconds", "flow_rate": 4},
       {"device_id": "TAP_MIXED", "created_at": "@98 seconds", "flow_rate": 5, "is_part": true},
       {"device_id": "TAP_MIXED", "created_at": "@97 seconds", "level": 6, "is_part": true},
       {"device_id": "TAP_FAST", "created_at": "@10 seconds", "flow_rate": 4},
       {"device_id": "TAP_FAST", "created_at": "@10 seconds", "flow_rate": 4}]'
    )
  $$,
  array[
    '0 new @100', '1 merged @100', '2 new @99', '3 merged @99', '4 duplicate @99', '5 new @98', '6 merged @98',
    '7 new @10', '8 duplicate @10'
  ],
  'whole readings and parts of one batch, of one instant too'
);
select results_eq(
  $$ select * from pg_temp.stored('TAP_MIXED') $$,
  array[
    '@100 flow=1 level=2 good', '@99 flow=4 total=3 good totalizer@99', '@98 flow=5 level=6 good flow_rate@98,level@97'
  ],
  'are told apart'
);
select results_eq(
  $$
    select count(*) from public.ingest_readings((
      select jsonb_agg(jsonb_build_object(
        'device_id', 'TAP_SLOW', 'is_part', true, metric.name, poll,
        'created_at', now() - poll * interval '1 hour' + metric.place * interval '1 second'
      ))
      from generate_series(1, 125) as poll
      cross join unnest(private.measured_names()) with ordinality as metric (name, place)
    )) as answer
    where answer.verdict = 'new'
  $$,
  array[125::bigint], 'a backlog of 1,000 parts is 125 readings'
);

select finish();
rollback;
