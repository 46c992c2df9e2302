/*
 * Letters that hold a body: their headers, and the mark of a replay.
 */
begin;
select plan(11);

select tests.make_two_organizations();
select tests.sign_in('service_role');

create temporary table kept as
select
  public.record_dead_letter(null, '2026-03-01T12:00:00Z', 'invalid_json', 'd', 'text/plain', 'YQ==') as plain,
  public.record_dead_letter(
    null, '2026-03-01T12:00:00Z', 'invalid_json', 'd', 'text/plain', 'YQ==', '{"x-device-id": "A"}'
  ) as with_header;
grant select on kept to public;

select isnt((select plain from kept), (select with_header from kept), 'the same bytes for another meter are another letter');
select results_eq(
  $$
    select letter.headers, letter.body, letter.organization_id = private.default_organization_id()
    from public.ingest_dead_letters as letter
    inner join kept on letter.id in (kept.plain, kept.with_header)
    order by letter.id
  $$,
  $$ values (null::jsonb, 'a'::bytea, true), ('{"x-device-id": "A"}', 'a', true) $$,
  'a letter has the headers by which it is read'
);
select results_eq(
  $$
    select again = kept.with_header
    from kept
    cross join lateral public.record_dead_letter(
      null, '2026-03-01T12:30:00Z', 'invalid_json', 'd', 'text/plain', 'YQ==', '{"x-device-id": "A"}'
    ) as again
  $$,
  $$ values (true) $$,
  'the same again within the hour is counted'
);
select results_eq(
  $$
    select letter.seen_count, letter.received_at
    from public.ingest_dead_letters as letter
    inner join kept on letter.id = kept.with_header
  $$,
  $$ values (2::bigint, '2026-03-01T12:00:00Z'::timestamptz) $$,
  'and keeps the time of the first'
);
select throws_ok(
  $$ select public.record_dead_letter(null, now(), 'invalid_json', null, null, 'YQ==', '[]') $$,
  '23514', null, 'headers are an object'
);

select public.ingest_readings('[{"device_id": "NOBODY", "flow_rate": 1}]');
create temporary table reading as
select max(ingest_dead_letters.id) as id
from public.ingest_dead_letters
where ingest_dead_letters.reading is not null;
grant select on reading to public;

select results_eq(
  $$
    select marked = kept.plain
    from kept
    cross join reading
    cross join lateral public.mark_bodies_replayed(array[kept.plain, reading.id, -1], '00000000-0000-0000-0000-0000000000a7') as marked
  $$,
  $$ values (true) $$,
  'the letter of a reading is not marked by this road, nor one that is not there'
);
select is_empty(
  $$ select * from kept cross join lateral public.mark_bodies_replayed(array[kept.plain]) $$,
  'a letter is marked once'
);
select results_eq(
  $$
    select letter.replayed_at is not null
    from public.ingest_dead_letters as letter
    inner join kept on letter.id in (kept.plain, kept.with_header)
    order by letter.id
  $$,
  $$ values (true), (false) $$,
  'what was not replayed is not marked'
);

select tests.sign_out();

select results_eq(
  $$
    select log.action, log.user_id, log.details
    from public.audit_logs as log
    inner join kept on log.resource_id = kept.plain::text
  $$,
  $$ values ('replay', '00000000-0000-0000-0000-0000000000a7'::uuid, '{"reason": "invalid_json"}'::jsonb) $$,
  'a replay is logged, with the person who asked for it'
);
select bag_eq(
  $$
    select role from unnest(array['anon', 'authenticated', 'service_role']) as role
    where has_function_privilege(role, 'public.mark_bodies_replayed(bigint[], uuid)', 'execute')
  $$,
  $$ values ('service_role') $$,
  'the API alone marks letters'
);
select bag_eq(
  $$
    select role from unnest(array['anon', 'authenticated', 'service_role']) as role
    where has_function_privilege(
      role, 'public.record_dead_letter(uuid, timestamptz, text, text, text, text, jsonb)', 'execute'
    )
  $$,
  $$ values ('service_role') $$,
  'and keeps them'
);

select finish();
rollback;
