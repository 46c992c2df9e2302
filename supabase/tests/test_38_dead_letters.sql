/* Dead letters: who reads them, what they hold, and how they do not grow. */
begin;
select plan(18);

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

select tests.make_device('TAP_D', tests.organization_id('North'));

-- Who ---------------------------------------------------------------------------------------

select policies_are('public', 'ingest_dead_letters', array['ingest_dead_letters_select_admin'], 'one read policy');
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_NONE", "flow_rate": 1, "api_key_id": "8e1579859a7e2dc737b2953e12047532"},
       {"device_id": "TAP_NONE", "flow_rate": 2, "api_key_id": "f4074fb4085cc4cc930f2d5bfa805ba2"},
       {"device_id": "TAP_NONE", "flow_rate": 3, "api_key_id": "6e854442cd2a940c9e95941dce4ad598"},
       {"device_id": "TAP_NONE", "flow_rate": 4}]'
    )
  $$,
  array['0 rejected unknown_device', '1 rejected unknown_device', '2 rejected invalid_key', '3 rejected unknown_device'],
  'four letters: North''s, South''s, nobody''s, the default organization''s'
);
select results_eq(
  $$ select * from tests.sights('select reading ->> ''flow_rate'' from public.ingest_dead_letters') $$,
  $$
    values
    ('north.viewer', 'nothing'), ('north.operator', 'nothing'), ('north.admin', '1'), ('north.inactive', 'nothing'),
    ('south.viewer', 'nothing'), ('south.admin', '2'), ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table ingest_dead_letters'), ('service_role', '1,2,3,4')
  $$,
  'an admin reads their organization''s; what belongs to nobody only service_role'
);
select is_empty(
  $$
    select person, outcome from tests.attempts('insert into public.ingest_dead_letters (reason, body, fingerprint) values (''x'', '''', gen_random_uuid())')
    where outcome <> '42501 permission denied for table ingest_dead_letters'
  $$,
  'nobody writes one by hand'
);
select is_empty(
  $$
    select person, outcome from tests.attempts('select public.record_dead_letter(null, now(), ''invalid_json'')')
    where outcome <> case person when 'service_role' then '1 rows' else '42501 permission denied for function record_dead_letter' end
  $$,
  'service_role records one, nobody else'
);

-- Readings -----------------------------------------------------------------------------------

select results_eq(
  $$
    select reason, api_key_id, reading, body, content_type, seen_count, replayed_at, received_at between now() and clock_timestamp()
    from public.ingest_dead_letters where reading ->> 'flow_rate' = '1'
  $$,
  $$
    values (
      'unknown_device', md5('key North')::uuid, '{"device_id": "TAP_NONE", "flow_rate": 1}'::jsonb, null::bytea,
      null::text, 1::bigint, null::timestamptz, true
    )
  $$,
  'a refused reading is kept as it came, its key and receive time beside it'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_NONE", "flow_rate": 1, "api_key_id": "8e1579859a7e2dc737b2953e12047532", "received_at": "@1 second"},
       {"device_id": "TAP_NONE", "flow_rate": 1, "api_key_id": "8e1579859a7e2dc737b2953e12047532"}]'
    )
  $$,
  array['0 rejected unknown_device', '1 rejected unknown_device'],
  'the same twice more'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_NONE", "flow_rate": 1, "api_key_id": "f4074fb4085cc4cc930f2d5bfa805ba2"}]'
    )
  $$,
  array['0 rejected unknown_device'],
  'and from another key'
);
select results_eq(
  $$ select organization_id, seen_count, last_seen_at > now() from public.ingest_dead_letters where reading ->> 'flow_rate' = '1' order by id $$,
  $$ values (tests.organization_id('North'), 3::bigint, true), (tests.organization_id('South'), 1, true) $$,
  'are counted, not added; another key''s is its own'
);
update public.ingest_dead_letters set last_seen_at = now() - interval '61 minutes'
where reading ->> 'flow_rate' = '1';
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_NONE", "flow_rate": 1, "api_key_id": "8e1579859a7e2dc737b2953e12047532"}]'
    )
  $$,
  array['0 rejected unknown_device'],
  'an hour later'
);
select results_eq(
  $$ select seen_count from public.ingest_dead_letters where reading ->> 'flow_rate' = '1' and api_key_id = md5('key North')::uuid order by id $$,
  array[3::bigint, 1], 'it is a new letter'
);

-- Bodies --------------------------------------------------------------------------------------

create temporary table letter on commit drop as
select
  public.record_dead_letter(md5('key North')::uuid, now() - interval '5 minutes', 'invalid_json', 'line 1', 'text/plain', 'eyJh') as first,
  null::bigint as again,
  null::bigint as other;
update pg_temp.letter set
  again = public.record_dead_letter(md5('key North')::uuid, now(), 'invalid_json', 'line 1', 'text/plain', 'eyJh'),
  other = public.record_dead_letter(null, now() + interval '1 day', 'invalid_json', body_base64 => 'AP8=');
select results_eq(
  $$
    select organization_id, received_at = now() - interval '5 minutes', reason, detail, content_type, body, reading, seen_count
    from public.ingest_dead_letters where id = (select first from pg_temp.letter)
  $$,
  $$
    values (
      tests.organization_id('North'), true, 'invalid_json', 'line 1', 'text/plain', convert_to('{"a', 'UTF8'), null::jsonb, 2::bigint
    )
  $$,
  'a body is kept in its bytes, and counted when it comes again'
);
select is((select letter.again from pg_temp.letter), (select letter.first from pg_temp.letter), 'the answer is the id of the one that is kept');
select results_eq(
  $$
    select organization_id, received_at <= clock_timestamp(), body
    from public.ingest_dead_letters where id = (select other from pg_temp.letter)
  $$,
  $$ values (private.default_organization_id(), true, '\x00ff'::bytea) $$,
  'without a key it belongs to the default organization; no receive time is later than now'
);
select throws_ok(
  $$ select public.record_dead_letter(null, now(), 'invalid_json', body_base64 => '#') $$, '22023', null, 'what is not base64 is refused'
);

-- How long ------------------------------------------------------------------------------------

update public.ingest_dead_letters set
  last_seen_at = '2026-01-01T00:00:00Z',
  replayed_at = case when reading is not null then '2026-01-02T00:00:00Z'::timestamptz end;
update public.ingest_dead_letters set last_seen_at = '2026-01-01T00:00:01Z'
where reading ->> 'flow_rate' = '4';
select results_eq(
  $$
    select private.job_dead_letters('2026-04-01T00:00:00Z')
    union all
    select private.job_dead_letters('2026-04-01T00:00:00.000001Z')
    union all
    select private.job_dead_letters('2026-04-01T00:00:01Z')
  $$,
  array['0 dead letters deleted', '7 dead letters deleted', '0 dead letters deleted'],
  'a letter is deleted 90 days after it came last, body or reading, replayed or not'
);
select results_eq(
  $$ select reading ->> 'flow_rate' from public.ingest_dead_letters $$, array['4'], 'and not before'
);
update private.settings set dead_letter_retention = interval '89 days';
select results_eq(
  $$
    select private.run_job('dead_letters', '2026-04-01T00:00:01Z')
    union all
    select schedule || ', silent at most ' || max_silence from private.jobs where name = 'dead_letters'
  $$,
  array['1 dead letters deleted', '40 1 * * *, silent at most 26:00:00'], 'or as the settings say, every night'
);

select finish();
rollback;
