/* Ingest: what a row made of parts is: its quality, its time, what stands beside its values. */
begin;
select plan(17);

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
  ('TAP_ZERO', 60), ('TAP_CLOCK', 60), ('TAP_UNTIMED', 60), ('TAP_RAW', 60), ('TAP_RULE', 60)
) as listed (device_id, interval_s);

-- Zeros and quality ---------------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.part('TAP_ZERO', '500 seconds', '{"flow_rate": 0}')
    union all
    select stored from pg_temp.stored('TAP_ZERO')
    union all
    select pg_temp.part('TAP_ZERO', '499 seconds', '{"totalizer": 0}')
    union all
    select stored from pg_temp.stored('TAP_ZERO')
  $$,
  array[
    '0 new @500', '@500 flow=0 good {zero_unconfirmed} flow_rate@500',
    '0 merged @500', '@500 flow=0 total=0 bad {ghost_zero} flow_rate@500,totalizer@499'
  ],
  'a zero flow that is completed to all zeros becomes a ghost'
);
select is_empty($$ select flow_rate from public.latest_readings where device_id = 'TAP_ZERO' $$, 'and is shown no longer');
select results_eq(
  $$
    select pg_temp.part('TAP_ZERO', '498 seconds', '{"velocity": 0}')
    union all
    select stored from pg_temp.stored('TAP_ZERO')
    union all
    select pg_temp.part('TAP_ZERO', '497 seconds', '{"level": 1.5}')
    union all
    select stored from pg_temp.stored('TAP_ZERO')
  $$,
  array[
    '0 merged @500', '@500 flow=0 total=0 velocity=0 bad {ghost_zero} flow_rate@500,totalizer@499,velocity@498',
    '0 merged @500', '@500 flow=0 total=0 level=1.5 velocity=0 good flow_rate@500,level@497,totalizer@499,velocity@498'
  ],
  'a ghost that one more zero completes stays one; a level makes it a reading'
);
select results_eq(
  $$ select flow_rate, level, quality from public.latest_readings where device_id = 'TAP_ZERO' $$,
  $$ values (0::double precision, 1.5::double precision, 'good') $$,
  'which is shown again'
);
select results_eq(
  $$
    select pg_temp.part('TAP_ZERO', '400 seconds', '{"flow_rate": 0, "totalizer": 0}')
    union all
    select pg_temp.part('TAP_ZERO', '399 seconds', '{"level": 1, "quality": "suspect", "flags": ["out_of_range"]}')
    union all
    select pg_temp.part('TAP_ZERO', '300 seconds', '{"level": 1, "quality": "suspect"}')
    union all
    select pg_temp.part('TAP_ZERO', '299 seconds', '{"flow_rate": 2}')
  $$,
  array['0 new @400', '0 merged @400', '0 new @300', '0 merged @300'],
  'a part that its sender calls suspect'
);
select results_eq(
  $$ select stored from pg_temp.stored('TAP_ZERO') offset 1 $$,
  array[
    '@400 flow=0 total=0 level=1 suspect {out_of_range} flow_rate@400,level@399,totalizer@400',
    '@300 flow=2 level=1 suspect flow_rate@299,level@300'
  ],
  'makes the whole suspect, a ghost''s too'
);
select results_eq(
  $$
    select merged.quality
    from (
      values
      (1, private.merged_quality('good', '{ghost_zero}', 'good', '{}', 'ghost_zero')),
      (2, private.merged_quality('bad', '{ghost_zero,clock_suspect}', 'good', '{}', null)),
      (3, private.merged_quality('bad', '{}', 'good', '{}', null)),
      (4, private.merged_quality('good', '{}', 'bad', '{}', 'zero_unconfirmed'))
    ) as merged (place, quality)
    order by merged.place
  $$,
  array['good', 'suspect', 'bad', 'bad'],
  'a ghost that a person overruled stays so; a wrong clock stays suspect; bad for another reason stays bad'
);

-- Without a clock ---------------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_CLOCK", "created_at": "1970-01-01T00:10:00Z", "received_at": "@100 seconds", "flow_rate": 1, "is_part": true}]'
    )
    union all
    select pg_temp.ingest(
      '[{"device_id": "TAP_CLOCK", "created_at": "1970-01-01T00:10:02Z", "received_at": "@98.5 seconds", "level": 1, "is_part": true}]'
    )
    union all
    select pg_temp.ingest(
      '[{"device_id": "TAP_CLOCK", "created_at": "1970-01-01T00:10:02Z", "received_at": "@90 seconds", "level": 1, "is_part": true}]'
    )
    union all
    select pg_temp.ingest(
      '[{"device_id": "TAP_CLOCK", "created_at": "1970-01-01T00:10:00Z", "received_at": "@80 seconds", "flow_rate": 1, "is_part": true}]'
    )
  $$,
  array['0 new @100', '0 merged @100', '0 duplicate @100', '0 duplicate @100'],
  'parts of a clock that was never set join at their receive times, and are known again'
);
select results_eq(
  $$ select * from pg_temp.stored('TAP_CLOCK') $$,
  array['@100 flow=1 level=1 suspect {clock_suspect} flow_rate@100,level@98.5'],
  'in one suspect row'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_UNTIMED", "received_at": "@100 seconds", "flow_rate": 1, "is_part": true, "body_sha256": "aa", "body_index": 0},
       {"device_id": "TAP_UNTIMED", "received_at": "@100 seconds", "velocity": 1, "is_part": true, "body_sha256": "aa", "body_index": 1}]'
    )
    union all
    select pg_temp.ingest(
      '[{"device_id": "TAP_UNTIMED", "received_at": "@98 seconds", "level": 1, "is_part": true, "body_sha256": "bb", "body_index": 0}]'
    )
    union all
    select pg_temp.ingest(
      '[{"device_id": "TAP_UNTIMED", "received_at": "@95 seconds", "level": 1, "is_part": true, "body_sha256": "bb", "body_index": 0},
       {"device_id": "TAP_UNTIMED", "received_at": "@95 seconds", "velocity": 1, "is_part": true, "body_sha256": "aa", "body_index": 1}]'
    )
    union all
    select pg_temp.ingest(
      '[{"device_id": "TAP_UNTIMED", "received_at": "@40 seconds", "level": 1, "is_part": true, "body_sha256": "bb", "body_index": 0}]'
    )
  $$,
  array['0 new @100', '1 merged @100', '0 merged @100', '0 duplicate @100', '1 duplicate @100', '0 new @40'],
  'parts without a time are at their receive time; the same body is a repeat for half a minute'
);
select results_eq(
  $$ select * from pg_temp.stored('TAP_UNTIMED') $$,
  array['@100 flow=1 level=1 velocity=1 good flow_rate@100,level@98,velocity@100', '@40 level=1 good level@40'],
  'and join like others'
);

-- What is beside the values ---------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.part('TAP_RAW', '100 seconds', '{"flow_rate": 1, "metadata": {"raw": {"300011": "[1]"}, "firmware": "a", "parts": 5}}')
    union all
    select pg_temp.part('TAP_RAW', '99 seconds', '{"level": 2, "metadata": {"raw": {"300013": "[2]", "300011": "[9]"}, "firmware": "b", "port": 1}}')
  $$,
  array['0 new @100', '0 merged @100'],
  'parts with what the gateway said beside'
);
select results_eq(
  $$ select metadata - 'parts' from public.flow_data where device_id = 'TAP_RAW' $$,
  $$ values ('{"raw": {"300011": "[1]", "300013": "[2]"}, "firmware": "a", "port": 1, "told_parts": 5}'::jsonb) $$,
  'it is united; of two values of one name the first stays'
);
select is(private.merged_metadata('[1]', '{"a": 1}'), '[1]', 'metadata of a direct load that is no object stays');
select results_eq(
  $$
    select pg_temp.part('TAP_RAW', '50 seconds', '{"flow_rate": 1, "is_part": "perhaps"}')
    union all
    select pg_temp.part('TAP_RAW', '50 seconds', '{"flow_rate": 1, "is_part": {}}')
  $$,
  array['0 rejected @50 invalid_value /is_part', '0 rejected @50 invalid_value /is_part'],
  'a word that is neither yes nor no is refused'
);
insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value)
values ('TAP_RULE', 'High', 'high_flow', 100);
select results_eq(
  $$
    select pg_temp.part('TAP_RULE', '20 seconds', '{"level": 1, "received_at": "@9 seconds"}')
    union all
    select pg_temp.part('TAP_RULE', '19 seconds', '{"flow_rate": 200, "received_at": "@8 seconds"}')
    union all
    select pg_temp.part('TAP_RULE', '19 seconds', '{"flow_rate": 200, "received_at": "@7 seconds"}')
  $$,
  array['0 new @20', '0 merged @20', '0 duplicate @20'],
  'a flow above its threshold that comes second, and again'
);
select results_eq(
  $$
    select alerts.actual_value, extract(epoch from now() - devices.last_seen)::integer
    from public.alerts
    inner join public.devices on alerts.device_id = devices.device_id
    where alerts.device_id = 'TAP_RULE' and alerts.alert_type = 'high_flow'
  $$,
  $$ values (200::double precision, 7) $$,
  'opens one alert, and each part is contact'
);

select finish();
rollback;
