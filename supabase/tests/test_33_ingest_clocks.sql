/* Ingest: two clocks, and those that are wrong. */
begin;
select plan(17);

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

select tests.make_device('TAP_T');
select tests.make_device('TAP_C');

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
where device_id in ('TAP_T', 'TAP_C');

-- Receive time ------------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_T", "created_at": "@3 hours", "received_at": "@2 hours", "flow_rate": 1}]'
    )
  $$,
  array['0 new'],
  'a reading keeps the receive time it was given'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_T", "created_at": "@2 minutes", "received_at": "@-1 hour", "flow_rate": 2}]'
    )
  $$,
  array['0 new'],
  'a receive time that is yet to come'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_T", "created_at": "@1 minute", "flow_rate": 3}]'
    )
  $$,
  array['0 new'],
  'and none at all'
);
select results_eq(
  $$
    select received_at = now() - interval '2 hours', received_at between now() and clock_timestamp()
    from pg_temp.stored where device_id = 'TAP_T' order by created_at
  $$,
  $$ values (true, false), (false, true), (false, true) $$,
  'both become the time of the call'
);

-- Old, and from the future -----------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_T", "created_at": "@91 days", "flow_rate": 1},
       {"device_id": "TAP_T", "created_at": "@89 days", "flow_rate": 1}]'
    )
  $$,
  array['0 rejected too_old', '1 new'],
  'older than the retention is refused'
);
select is(private.raw_retention(), interval '90 days', 'which is 90 days');
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_T", "created_at": "@-4 minutes", "flow_rate": 4}]'
    )
  $$,
  array['0 new'],
  'four minutes ahead is a clock like others'
);
select results_eq(
  $$ select age_s, quality, flags, metadata from pg_temp.stored where flow_rate = 4 $$,
  $$ values (-240, 'good', '{}'::text[], '{}'::jsonb) $$,
  'and stands as told'
);

-- Impossible clocks --------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_C", "created_at": "1970-01-01T00:10:00Z", "flow_rate": 12,
        "received_at": "@0 seconds"},
       {"device_id": "TAP_C", "created_at": "@30 minutes", "flow_rate": 10},
       {"device_id": "TAP_C", "created_at": "1970-01-01T00:00:00Z", "received_at": "@0 seconds", "flow_rate": 11, "metadata": {"a": 1}}]'
    )
  $$,
  array['0 new', '1 new', '2 new'],
  'a clock that was never set'
);
select results_eq(
  $$ select flow_rate, age_s, quality, flags, metadata from pg_temp.stored where device_id = 'TAP_C' order by created_at $$,
  $$
    values
    (10::double precision, 1800, 'good', '{}'::text[], '{}'::jsonb),
    (11, 600, 'suspect', '{clock_suspect}', '{"a": 1, "reported_at": "1970-01-01T00:00:00Z"}'),
    (12, 0, 'suspect', '{clock_suspect}', '{"reported_at": "1970-01-01T00:10:00Z"}')
  $$,
  'only the suspect ones are shifted, their spacing kept, the newest to the receive time'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_C", "created_at": "1970-01-01T00:10:00Z", "flow_rate": 12},
       {"device_id": "TAP_C", "created_at": "1970-01-01T00:00:00Z", "flow_rate": 11}]'
    )
  $$,
  array['0 duplicate', '1 duplicate'],
  'sent again, they are duplicates'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_C", "created_at": "1970-01-01T00:10:00Z", "flow_rate": 13},
       {"device_id": "TAP_C", "created_at": "1970-01-01T00:20:00Z", "flow_rate": 12}]'
    )
  $$,
  array['0 new', '1 new'],
  'other values, or another reported time, are other readings'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_C", "created_at": "@-6 minutes", "received_at": "@3 hours", "flow_rate": 14}]'
    )
  $$,
  array['0 new'],
  'from the future, three hours ago'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_C", "created_at": "@-6 minutes", "received_at": "@119 minutes", "flow_rate": 14}]'
    )
  $$,
  array['0 new'],
  'and again more than an hour later: both are readings'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_C", "created_at": "@-6 minutes", "received_at": "@119 minutes", "flow_rate": 14}]'
    )
  $$,
  array['0 duplicate'],
  'but the same call again is not'
);
select results_eq(
  $$ select age_s from pg_temp.stored where flow_rate = 14 order by created_at $$,
  array[10800, 7140], 'each at its receive time'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_C", "created_at": "0001-01-01T00:00:00Z", "flow_rate": 15},
       {"device_id": "TAP_C", "created_at": "9999-12-31T23:59:59Z", "flow_rate": 16}]'
    )
  $$,
  array['0 rejected too_old', '1 new'],
  'the ends of the calendar break nothing'
);

select finish();
rollback;
