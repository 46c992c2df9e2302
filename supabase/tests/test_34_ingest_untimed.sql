/* Ingest: readings without a time. */
begin;
select plan(15);

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

select tests.make_device('TAP_U');
select tests.make_device('TAP_FAST');
update public.devices set expected_interval_s = 10
where device_id = 'TAP_FAST';

create view pg_temp.stored as
select
  device_id,
  flow_rate,
  metadata,
  quality,
  flags,
  received_at,
  created_at,
  extract(epoch from now() - created_at)::integer as age_s
from public.flow_data
where device_id in ('TAP_U', 'TAP_FAST');

-- No time at all ----------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_U", "received_at": "@10 minutes", "flow_rate": 1, "body_sha256": "aa", "body_index": 0}]'
    )
  $$,
  array['0 new'],
  'a reading without a time is stored'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_U", "received_at": "@580 seconds", "flow_rate": 1, "body_sha256": "aa", "body_index": 0}]'
    )
  $$,
  array['0 duplicate'],
  'the same body 20 s later is a repeat'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_U", "received_at": "@560 seconds", "flow_rate": 1, "body_sha256": "aa", "body_index": 0}]'
    )
  $$,
  array['0 new'],
  '40 s later it is another reading'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_U", "received_at": "@560 seconds", "flow_rate": 1, "body_sha256": "aa", "body_index": 0}]'
    )
  $$,
  array['0 duplicate'],
  'the same call again is a repeat of that one'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_U", "received_at": "@559 seconds", "flow_rate": 1, "body_sha256": "aa", "body_index": 1}]'
    )
  $$,
  array['0 new'],
  'another place in the body is another reading'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_U", "received_at": "@558 seconds", "flow_rate": 1, "body_sha256": "bb", "body_index": 0}]'
    )
  $$,
  array['0 new'],
  'another body too'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_U", "received_at": "@557 seconds", "flow_rate": 1}]'
    )
  $$,
  array['0 new'],
  'and one that nobody hashed'
);
select results_eq(
  $$ select age_s from pg_temp.stored where device_id = 'TAP_U' order by created_at $$,
  array[600, 560, 559, 558, 557], 'each at its receive time'
);
insert into public.api_keys (id, organization_id, name, key_prefix, key_hash)
values (md5('default')::uuid, private.default_organization_id(), 'default', '0123abcd', sha256('default'));
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_U", "received_at": "@556 seconds", "flow_rate": 1, "body_sha256": "bb", "body_index": 0, "api_key_id": "c21f969b5f03d33d43e04f8f136e7682"}]'
    )
  $$,
  array['0 new'],
  'another key''s body is its own'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_FAST", "received_at": "@20 seconds", "flow_rate": 1, "body_sha256": "aa", "body_index": 0},
       {"device_id": "TAP_FAST", "received_at": "@16 seconds", "flow_rate": 1, "body_sha256": "aa", "body_index": 0},
       {"device_id": "TAP_FAST", "received_at": "@14 seconds", "flow_rate": 1, "body_sha256": "aa", "body_index": 0}]'
    )
  $$,
  array['0 new', '1 duplicate', '2 new'],
  'half the expected interval counts where that is shorter; in one call too'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_U", "received_at": "@2 minutes", "flow_rate": 1, "body_sha256": "cc", "body_index": 0},
       {"device_id": "TAP_U", "received_at": "@2 minutes", "level": 1, "body_sha256": "cc", "body_index": 1},
       {"device_id": "TAP_U", "received_at": "@2 minutes", "level": 2, "body_sha256": "cc", "body_index": 2}]'
    )
  $$,
  array['0 new', '1 merged', '2 conflict conflicting_values'],
  'parts of one body are one reading, as far as they agree'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_U", "received_at": "@119 seconds", "flow_rate": 1, "body_sha256": "cc", "body_index": 0},
       {"device_id": "TAP_U", "received_at": "@119 seconds", "level": 1, "body_sha256": "cc", "body_index": 1},
       {"device_id": "TAP_U", "received_at": "@119 seconds", "level": 2, "body_sha256": "cc", "body_index": 2}]'
    )
  $$,
  array['0 duplicate', '1 duplicate', '2 conflict conflicting_values'],
  'and so are they again'
);
select results_eq(
  $$ select seen_count from public.ingest_dead_letters where reason = 'conflicting_values' $$, array[2::bigint],
  'the part that conflicts is one dead letter, seen twice'
);

-- What is remembered ---------------------------------------------------------------------

update private.recent_arrivals set recorded_at = now() - interval '3 hours'
where device_id in ('TAP_U', 'TAP_FAST');
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_U", "flow_rate": 1, "body_sha256": "dd", "body_index": 0}]'
    )
  $$,
  array['0 new'],
  'the next untimed reading of a device'
);
select results_eq(
  $$ select device_id, count(*) from private.recent_arrivals where device_id in ('TAP_U', 'TAP_FAST') group by device_id order by device_id $$,
  $$ values ('TAP_FAST', 2::bigint), ('TAP_U', 1) $$,
  'clears what is remembered of it for too long'
);

select finish();
rollback;
