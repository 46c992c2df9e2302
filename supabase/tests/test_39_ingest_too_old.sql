/* Ingest: what is older than the retention, at a time that stands still. */
begin;
select plan(12);

select tests.make_two_organizations();
select tests.make_device('TAP_OLD');
select tests.make_device('TAP_OLDER');

-- A call at noon of 1 June 2026: index, verdict, code.
create function pg_temp.ingest(readings jsonb)
returns setof text
language sql
volatile
as $$
  select concat_ws(' ', answer.index, answer.verdict, answer.code)
  from private.store_readings(readings, readings, null, '2026-06-01T12:00:00Z') as answer
  order by answer.index;
$$;

select results_eq(
  $$
    select pg_temp.ingest('[
      {"device_id": "TAP_OLD", "created_at": "2026-03-03T12:00:00Z", "flow_rate": 1},
      {"device_id": "TAP_OLD", "created_at": "2026-03-03T11:59:59.999999Z", "flow_rate": 2},
      {"device_id": "TAP_OLD", "created_at": "2020-01-01T00:00:00Z", "flow_rate": 3},
      {"device_id": "TAP_OLD", "created_at": "2026-06-01T11:59:00Z", "flow_rate": 4}]')
  $$,
  array['0 new', '1 rejected too_old', '2 rejected too_old', '3 new'],
  'a reading of 90 days is stored, one a microsecond older is not'
);
select results_eq(
  $$ select created_at, flow_rate from public.flow_data where device_id = 'TAP_OLD' order by created_at $$,
  $$
    values
    ('2026-03-03T12:00:00Z'::timestamptz, 1::double precision), ('2026-06-01T11:59:00Z', 4)
  $$,
  'nothing of it is in the table'
);
select results_eq(
  $$
    select reason, reading from public.ingest_dead_letters
    where reading ->> 'device_id' = 'TAP_OLD' order by reading ->> 'flow_rate'
  $$,
  $$
    values
    ('too_old', '{"device_id": "TAP_OLD", "created_at": "2026-03-03T11:59:59.999999Z", "flow_rate": 2}'::jsonb),
    ('too_old', '{"device_id": "TAP_OLD", "created_at": "2020-01-01T00:00:00Z", "flow_rate": 3}')
  $$,
  'it is a dead letter, as it came'
);
select is_empty(
  $$ select inhrelid::regclass from pg_catalog.pg_inherits where inhrelid::regclass::text = 'private.flow_data_2020_01' $$,
  'no month is made for it'
);
select results_eq(
  $$
    select pg_temp.ingest('[
      {"device_id": "TAP_OLDER", "created_at": "2026-03-02T12:00:00Z", "flow_rate": 1, "received_at": "2026-06-01T11:00:00Z"}]')
  $$,
  array['0 rejected too_old'],
  'a device that sent nothing else'
);
select results_eq(
  $$
    select devices.last_seen, latest.created_at
    from public.devices
    left join public.latest_readings as latest on latest.device_id = devices.device_id
    where devices.device_id = 'TAP_OLDER'
  $$,
  $$ values ('2026-06-01T11:00:00Z'::timestamptz, null::timestamptz) $$,
  'has been in contact, and shows no value'
);
select results_eq(
  $$
    select pg_temp.ingest('[
      {"device_id": "TAP_OLDER", "created_at": "2026-03-02T12:00:00Z", "level": 1, "is_part": true},
      {"device_id": "TAP_OLDER", "created_at": "2026-03-03T12:00:10Z", "flow_rate": 1, "is_part": true},
      {"device_id": "TAP_OLDER", "created_at": "2026-03-03T11:59:59Z", "level": 1, "is_part": true}]')
  $$,
  array['0 rejected too_old', '1 new', '2 rejected too_old'],
  'a part that is too old joins nothing'
);
select results_eq(
  $$
    select pg_temp.ingest('[
      {"device_id": "TAP_OLDER", "created_at": "1970-06-01T00:00:00Z", "flow_rate": 7},
      {"device_id": "TAP_OLDER", "created_at": "1970-01-01T00:00:00Z", "flow_rate": 8},
      {"device_id": "TAP_OLDER", "created_at": "1970-03-04T00:00:00Z", "flow_rate": 9}]')
  $$,
  array['0 new', '1 rejected too_old', '2 new'],
  'of a clock that was never set, what its spacing puts beyond the retention'
);

-- Another retention ------------------------------------------------------------------------

update private.settings set raw_retention = interval '1 day';
select results_eq(
  $$
    select pg_temp.ingest('[
      {"device_id": "TAP_OLD", "created_at": "2026-05-31T12:00:00Z", "flow_rate": 5},
      {"device_id": "TAP_OLD", "created_at": "2026-05-31T11:59:59Z", "flow_rate": 6}]')
  $$,
  array['0 new', '1 rejected too_old'],
  'the settings decide how old'
);
update private.settings set raw_retention = interval '10 years';
select results_eq(
  $$
    select pg_temp.ingest('[
      {"device_id": "TAP_OLD", "created_at": "2020-01-01T00:00:00Z", "flow_rate": 3},
      {"device_id": "TAP_OLD", "created_at": "2019-12-31T23:59:59Z", "flow_rate": 10}]')
  $$,
  array['0 new', '1 new'],
  'also for longer'
);
select results_eq(
  $$ select created_at, flags from public.flow_data where device_id = 'TAP_OLD' and flow_rate in (3, 10) order by created_at $$,
  $$
    values ('2020-01-01T00:00:00Z'::timestamptz, '{}'::text[]), ('2026-06-01T12:00:00Z', '{clock_suspect}')
  $$,
  'though a time before 2020 is no time'
);
select results_eq(
  $$ select latest.created_at, latest.flow_rate from public.latest_readings as latest where latest.device_id = 'TAP_OLD' $$,
  $$ values ('2026-06-01T12:00:00Z'::timestamptz, 10::double precision) $$,
  'and no old reading took the newest''s place'
);

select finish();
rollback;
