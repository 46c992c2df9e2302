/* Replay: a dead letter becomes a reading once its cause is mended, by whom it may, and once. */
begin;
select plan(31);

select tests.make_two_organizations();
select tests.make_device('TAP_R', tests.organization_id('North'));

-- Readings of North's key; "@90 seconds" in a time is so long before this
-- transaction's now(). Each answer: verdict, code, pointer.
create function pg_temp.ingest(readings text)
returns setof text
language plpgsql
volatile
as $$
begin
  perform tests.sign_in('service_role');
  return query
  select rtrim(concat_ws(' ', answer.verdict, answer.code, answer.pointer))
  from public.ingest_readings((
    select coalesce(jsonb_agg(
      case when jsonb_typeof(element) <> 'object' then element
        else jsonb_build_object('api_key_id', md5('key North')::uuid) || element || (
          select coalesce(jsonb_object_agg(field.key, now() - substr(field.value, 2)::interval), '{}')
          from jsonb_each_text(element) as field
          where field.value like '@%'
        )
      end
      order by ordinality
    ), '[]')
    from jsonb_array_elements(ingest.readings::jsonb) with ordinality as listed (element, ordinality)
  )) as answer
  order by answer.index;
  perform tests.sign_out();
end;
$$;

-- The letter of the reading whose metadata has this note.
create function pg_temp.letter(note text)
returns bigint
language sql
volatile
as $$
  select ingest_dead_letters.id from public.ingest_dead_letters
  where ingest_dead_letters.reading -> 'metadata' ->> 'note' = letter.note;
$$;

create function pg_temp.replay(person text, ids bigint[], time_offset interval default '0')
returns setof text
language plpgsql
volatile
as $$
begin
  perform tests.sign_in(person);
  return query
  select rtrim(concat_ws(' ', answer.letter_id, answer.verdict, answer.code, answer.pointer))
  from public.replay_dead_letters(ids, time_offset) as answer;
  perform tests.sign_out();
end;
$$;

-- The same, each answer after its letter's note, in the order of these.
create function pg_temp.replay_notes(person text, ids bigint[], time_offset interval default '0')
returns setof text
language sql
volatile
as $$
  select concat_ws(
    ' ', known.reading -> 'metadata' ->> 'note' || ':', substr(told, strpos(told, ' ') + 1)
  ) as answer
  from pg_temp.replay(person, ids, time_offset) as told
  left join public.ingest_dead_letters as known on known.id = split_part(told, ' ', 1)::bigint
  order by 1;
$$;

create view pg_temp.stored as
select
  device_id,
  flow_rate,
  level,
  metadata,
  flags,
  created_at,
  extract(epoch from now() - created_at)::integer as age_s,
  extract(epoch from now() - received_at)::integer as received_s
from public.flow_data
where device_id like 'TAP%';

-- A device that nobody had registered -----------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_NEW", "created_at": "@3 hours", "received_at": "@2 hours", "flow_rate": 7, "metadata": {"note": "new"}},
       {"device_id": "TAP_NEW", "received_at": "@1 hour", "flow_rate": 8, "body_sha256": "aa", "body_index": 0, "metadata": {"note": "untimed"}},
       {"device_id": "TAP_NEW", "created_at": "@3 hours", "received_at": "@2 hours", "flow_rate": "x", "metadata": {"note": "unreadable"}},
       {"device_id": "TAP_OTHER", "flow_rate": 1, "metadata": {"note": "other"}}]'
    )
  $$,
  array['rejected unknown_device', 'rejected unknown_device', 'rejected unknown_device /flow_rate', 'rejected unknown_device'],
  'four readings are refused'
);
select results_eq(
  $$ select pg_temp.replay_notes('service_role', array[pg_temp.letter('new')]) $$, array['new: rejected unknown_device'],
  'as long as nothing is mended they are refused again'
);
select tests.make_device('TAP_NEW', tests.organization_id('North'));
insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value)
values ('TAP_NEW', 'High', 'high_flow', 5);
insert into public.ingest_dead_letters (organization_id, reason, body, fingerprint)
values (tests.organization_id('North'), 'invalid_json', '{', gen_random_uuid());

select results_eq(
  format(
    $$
      select * from tests.sights('
        select concat_ws('' '', verdict, code) from public.replay_dead_letters(array[%s])
      ')
    $$,
    pg_temp.letter('new')
  ),
  $$
    values
    ('north.viewer', '42501 only an admin replays dead letters'),
    ('north.operator', '42501 only an admin replays dead letters'),
    ('north.admin', 'new'),
    ('north.inactive', '42501 only an admin replays dead letters'),
    ('south.viewer', '42501 only an admin replays dead letters'),
    ('south.admin', 'skipped unknown_letter'),
    ('stranger', '42501 only an admin replays dead letters'),
    ('anon', '42501 permission denied for function replay_dead_letters'),
    ('service_role', 'new')
  $$,
  'an admin replays their organization''s letters, service_role any'
);
select is(
  tests.attempt('north.admin', $$ select private.replay_dead_letters('{1}', '0') $$),
  '42501 permission denied for function replay_dead_letters', 'there is no way past the question whose they are'
);
select results_eq(
  $$
    select pg_temp.replay_notes(
      'north.admin',
      array[pg_temp.letter('untimed'), pg_temp.letter('new'), pg_temp.letter('unreadable'), pg_temp.letter('other'), -1, null, -1]
      || array(select ingest_dead_letters.id from public.ingest_dead_letters where ingest_dead_letters.body is not null)
    )
  $$,
  array[
    'new: new', 'other: rejected unknown_device', 'skipped not_a_reading', 'skipped unknown_letter',
    'unreadable: rejected invalid_value /flow_rate', 'untimed: new'
  ],
  'once the device is registered, its readings are stored; of each letter is told what became of it'
);
select results_eq(
  $$
    select flow_rate, age_s, received_s, metadata -> 'note', metadata -> 'replayed'
    from pg_temp.stored where device_id = 'TAP_NEW' order by created_at
  $$,
  $$
    values
    (
      7::double precision, 10800, 7200, '"new"'::jsonb,
      jsonb_build_object('letter_id', pg_temp.letter('new'), 'offset', 'PT0S')
    ),
    (8, 3600, 3600, '"untimed"', jsonb_build_object('letter_id', pg_temp.letter('untimed'), 'offset', 'PT0S'))
  $$,
  'with their own time and the letter''s receive time, and the letter beside'
);
select results_eq(
  $$
    select letter.reading -> 'metadata' ->> 'note', letter.replayed_at is not null, letter.seen_count
    from public.ingest_dead_letters as letter
    where letter.reading ->> 'device_id' in ('TAP_NEW', 'TAP_OTHER') order by 1
  $$,
  $$ values ('new', true, 1::bigint), ('other', false, 1), ('unreadable', false, 1), ('untimed', true, 1) $$,
  'who is refused again stays as it was, and makes no second letter'
);
select results_eq(
  $$
    select user_id, organization_id, resource_id, details - 'created_at', (details ->> 'created_at')::timestamptz = now() - interval '3 hours'
    from public.audit_logs
    where action = 'replay' and resource_type = 'ingest_dead_letters'
    and resource_id = pg_temp.letter('new')::text
  $$,
  $$
    values (
      tests.person_id('north.admin'), tests.organization_id('North'), pg_temp.letter('new')::text,
      '{"device_id": "TAP_NEW", "verdict": "new", "offset": "PT0S"}'::jsonb, true
    )
  $$,
  'the audit tells who replayed what'
);
select results_eq(
  $$ select count(*) from public.audit_logs where action = 'replay' $$, array[2::bigint], 'and nothing of what was not'
);
select is_empty(
  $$
    select message from public.alerts where device_id = 'TAP_NEW'
    union all
    select 'pending' from private.pending_alerts where device_id = 'TAP_NEW'
  $$,
  'a late reading opens no alert'
);
select results_eq(
  $$
    select latest.flow_rate, extract(epoch from now() - devices.last_seen)::integer
    from public.latest_readings as latest
    inner join public.devices on latest.device_id = devices.device_id
    where latest.device_id = 'TAP_NEW'
  $$,
  $$ values (8::double precision, 3600) $$,
  'contact was when they came'
);
select results_eq(
  $$ select pg_temp.replay_notes('north.admin', array[pg_temp.letter('new'), pg_temp.letter('untimed')]) $$,
  array['new: skipped already_replayed', 'untimed: skipped already_replayed'],
  'what is replayed is not replayed again'
);
update public.ingest_dead_letters set replayed_at = null
where id in (pg_temp.letter('new'), pg_temp.letter('untimed'));
select results_eq(
  $$ select pg_temp.replay_notes('service_role', array[pg_temp.letter('new'), pg_temp.letter('untimed')]) $$,
  array['new: duplicate', 'untimed: duplicate'],
  'and if it were, it would be a duplicate'
);

-- Keys ------------------------------------------------------------------------------------

insert into public.api_keys (id, organization_id, name, key_prefix, key_hash, expires_at) values
(md5('ends')::uuid, tests.organization_id('North'), 'ends', '0123abcd', sha256('ends'), now() - interval '2 hours');
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_LATER", "created_at": "@4 hours", "received_at": "@3 hours", "flow_rate": 1, "api_key_id": "31c39247-3637-538a-57de-1321641f2e27", "metadata": {"note": "before"}},
       {"device_id": "TAP_LATER", "created_at": "@2 hours", "received_at": "@1 hour", "flow_rate": 2, "api_key_id": "31c39247-3637-538a-57de-1321641f2e27", "metadata": {"note": "after"}}]'
    )
  $$,
  array['rejected unknown_device', 'rejected invalid_key'],
  'one letter from before a key expired, one from after'
);
select tests.make_device('TAP_LATER', tests.organization_id('North'));
select results_eq(
  $$ select pg_temp.replay_notes('service_role', array[pg_temp.letter('before'), pg_temp.letter('after')]) $$,
  array['after: rejected invalid_key', 'before: new'],
  'what came while the key was good is good'
);
update public.api_keys set expires_at = null
where id = md5('ends')::uuid;
select results_eq(
  $$ select pg_temp.replay_notes('service_role', array[pg_temp.letter('after')]) $$, array['after: new'],
  'what came after is, once the key''s end was mended'
);

-- Clocks ------------------------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_R", "created_at": "@400 days", "received_at": "@2 hours", "flow_rate": 1, "metadata": {"note": "firmware 1"}},
       {"device_id": "TAP_R", "created_at": "@34559990 seconds", "received_at": "@2 hours", "flow_rate": 2, "is_part": true, "metadata": {"note": "firmware 2"}},
       {"device_id": "TAP_R", "created_at": "@34559988.5 seconds", "received_at": "@2 hours", "level": 3, "is_part": true, "metadata": {"note": "firmware 3"}}]'
    )
  $$,
  array['rejected too_old', 'rejected too_old', 'rejected too_old'],
  'of a gateway whose clock began at its firmware''s date'
);
select results_eq(
  $$ select pg_temp.replay_notes('north.admin', array[pg_temp.letter('firmware 1')], '100 days') $$, array['firmware 1: rejected too_old'],
  'with too small an offset they are too old still'
);
select results_eq(
  $$
    select pg_temp.replay_notes(
      'north.admin', array[pg_temp.letter('firmware 3'), pg_temp.letter('firmware 2'), pg_temp.letter('firmware 1')],
      '399 days 22 hours'
    )
  $$,
  array['firmware 1: new', 'firmware 2: new', 'firmware 3: merged'],
  'with the right one they are stored, and parts join'
);
select results_eq(
  $$
    select
      flow_rate, level, age_s, flags, (metadata ->> 'reported_at')::timestamptz = created_at - interval '399 days 22 hours',
      metadata -> 'replayed' -> 'offset', metadata -> 'parts' is not null
    from pg_temp.stored where device_id = 'TAP_R' order by created_at
  $$,
  $$
    values
    (1::double precision, null::double precision, 7200, '{}'::text[], true, '"P399DT22H"'::jsonb, false),
    (2, 3, 7190, '{}', true, '"P399DT22H"', true)
  $$,
  'at the shifted time; the one that was told, and the offset, stand beside'
);
select results_eq(
  $$ select details -> 'offset' from public.audit_logs where action = 'replay' order by id desc limit 1 $$,
  $$ values ('"P399DT22H"'::jsonb) $$,
  'the audit tells the offset'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_CLOCKLESS", "created_at": "1970-01-01T00:00:00Z", "received_at": "@2 hours", "flow_rate": 1, "metadata": {"note": "never set 1"}},
       {"device_id": "TAP_CLOCKLESS", "created_at": "1970-01-01T00:05:00Z", "received_at": "@2 hours", "flow_rate": 2, "metadata": {"note": "never set 2"}}]'
    )
  $$,
  array['rejected unknown_device', 'rejected unknown_device'],
  'of a clock that was never set'
);
select tests.make_device('TAP_CLOCKLESS', tests.organization_id('North'));
select results_eq(
  $$ select pg_temp.replay_notes('north.admin', array[pg_temp.letter('never set 1'), pg_temp.letter('never set 2')]) $$,
  array['never set 1: new', 'never set 2: new'],
  'readings whose device is known by now'
);
select results_eq(
  $$
    select age_s, flow_rate, metadata ->> 'reported_at', flags from pg_temp.stored
    where device_id = 'TAP_CLOCKLESS' order by created_at
  $$,
  $$
    values
    (7500, 1::double precision, '1970-01-01T00:00:00Z', '{clock_suspect}'::text[]),
    (7200, 2, '1970-01-01T00:05:00Z', '{clock_suspect}')
  $$,
  'are placed as they would have been, at when they came'
);

-- What is in the way -------------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_R", "created_at": "@1 hour", "flow_rate": 5},
       {"device_id": "TAP_R", "created_at": "@1 hour", "flow_rate": 6, "metadata": {"note": "conflict"}},
       {"device_id": "TAP_R", "created_at": "@50 minutes", "flow_rate": 7, "quality": "excellent", "metadata": {"note": "quality"}},
       {"device_id": "TAP_R", "created_at": "@1 hour", "flow_rate": 6, "metadata": ["note"]},
       17]'
    )
  $$,
  array[
    'new', 'conflict conflicting_values', 'rejected invalid_value /quality', 'rejected invalid_value /metadata',
    'rejected invalid_value'
  ],
  'what no device and no clock mends'
);
select results_eq(
  $$
    select pg_temp.replay_notes('service_role', array(
      select ingest_dead_letters.id from public.ingest_dead_letters
      where ingest_dead_letters.reason in ('conflicting_values', 'invalid_value')
    ), '1 minute')
  $$,
  array[
    'conflict: new', 'quality: rejected invalid_value /quality', 'rejected invalid_value', 'rejected invalid_value /metadata'
  ],
  'is refused again; but an offset takes a conflict out of the way'
);
select results_eq(
  $$ select count(*) from public.ingest_dead_letters where reason in ('conflicting_values', 'invalid_value') $$,
  array[4::bigint], 'and none of them became two letters'
);

-- The call -----------------------------------------------------------------------------------

select results_eq($$ select pg_temp.replay_notes('service_role', '{}') $$, array[]::text[], 'no letters, no answers');
select results_eq($$ select pg_temp.replay_notes('service_role', null, null) $$, array[]::text[], 'null is none');
select throws_ok(
  $$ select public.replay_dead_letters(array(select generate_series(1, 1001)::bigint)) $$,
  'RDMAX', 'too many dead letters in one call: 1001', 'more than 1,000 are refused'
);
select throws_ok(
  $$ select public.replay_dead_letters('{1}', '101 years') $$,
  '22023', 'a clock is not behind or ahead by so much: 101 years', 'an offset that is none is refused'
);

select finish();
rollback;
