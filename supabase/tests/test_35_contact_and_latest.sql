/* What follows from a reading: contact, latest values, zeros; the same for a direct load. */
begin;
select plan(43);

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

select tests.make_device('TAP_L');
select tests.make_device('TAP_M');
select tests.make_device('TAP_Z');
select tests.make_device('TAP_COPY');

create function pg_temp.shown(device_id text)
returns text
language sql
stable
as $$
  select format(
    '%s seen %s: flow %s level %s at %s %s', devices.device_id, extract(epoch from now() - devices.last_seen)::integer,
    latest.flow_rate, latest.level, extract(epoch from now() - latest.created_at)::integer, latest.quality
  )
  from public.devices
  left join public.latest_readings as latest on latest.device_id = devices.device_id
  where devices.device_id = shown.device_id;
$$;

-- Order ---------------------------------------------------------------------------------

select is(pg_temp.shown('TAP_L'), 'TAP_L seen : flow  level  at  ', 'before the first reading there is nothing');
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_L", "created_at": "@8 minutes", "received_at": "@8 minutes", "flow_rate": 3},
       {"device_id": "TAP_L", "created_at": "@9 minutes", "received_at": "@8 minutes", "flow_rate": 2},
       {"device_id": "TAP_L", "created_at": "@10 minutes", "received_at": "@8 minutes", "flow_rate": 1}]'
    )
  $$,
  array['0 new', '1 new', '2 new'],
  'a batch in no order'
);
select is(pg_temp.shown('TAP_L'), 'TAP_L seen 480: flow 3 level  at 480 good', 'leaves its newest');
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_L", "created_at": "@20 minutes", "received_at": "@7 minutes", "flow_rate": 9}]'
    )
  $$,
  array['0 new'],
  'a late reading'
);
select is(pg_temp.shown('TAP_L'), 'TAP_L seen 420: flow 3 level  at 480 good', 'is contact, and moves no value back');
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_L", "created_at": "@20 minutes", "received_at": "@6 minutes", "flow_rate": 9}]'
    )
  $$,
  array['0 duplicate'],
  'a repeat'
);
select is(pg_temp.shown('TAP_L'), 'TAP_L seen 360: flow 3 level  at 480 good', 'is contact too');
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_L", "created_at": "@20 minutes", "received_at": "@350 seconds", "flow_rate": "NaN"}]'
    )
  $$,
  array['0 rejected invalid_value /flow_rate'],
  'so is a refused reading'
);
select is(pg_temp.shown('TAP_L'), 'TAP_L seen 350: flow 3 level  at 480 good', 'of a device that is known');
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_L", "created_at": "@20 minutes", "received_at": "@19 minutes", "flow_rate": 9}]'
    )
  $$,
  array['0 duplicate'],
  'a spool that is late'
);
select is(pg_temp.shown('TAP_L'), 'TAP_L seen 350: flow 3 level  at 480 good', 'moves the contact not back');
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_L", "created_at": "@20 minutes", "received_at": "@1 second", "flow_rate": 9, "api_key_id": "f4074fb4085cc4cc930f2d5bfa805ba2"}]'
    )
  $$,
  array['0 rejected unknown_device'],
  'a stranger''s key'
);
select is(pg_temp.shown('TAP_L'), 'TAP_L seen 350: flow 3 level  at 480 good', 'is no contact');
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_L", "created_at": "@8 minutes", "received_at": "@5 minutes", "level": 1.5},
       {"device_id": "TAP_L", "created_at": "@9 minutes", "received_at": "@5 minutes", "level": 7}]'
    )
  $$,
  array['0 merged', '1 merged'],
  'of two readings that are completed'
);
select is(pg_temp.shown('TAP_L'), 'TAP_L seen 300: flow 3 level 1.5 at 480 good', 'the latest is shown whole');

-- Zeros ----------------------------------------------------------------------------------

select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_Z", "created_at": "@9 minutes", "received_at": "@9 minutes", "flow_rate": 0, "totalizer": 5},
       {"device_id": "TAP_Z", "created_at": "@8 minutes", "received_at": "@8 minutes", "flow_rate": 0, "totalizer": 0, "level": 0},
       {"device_id": "TAP_Z", "created_at": "@7 minutes", "received_at": "@7 minutes", "flow_rate": 0, "totalizer": 0, "battery_level": 80},
       {"device_id": "TAP_Z", "created_at": "@10 minutes", "received_at": "@7 minutes", "flow_rate": 0},
       {"device_id": "TAP_Z", "created_at": "@11 minutes", "received_at": "@7 minutes", "flow_rate": 0, "totalizer": 0, "level": 1},
       {"device_id": "TAP_Z", "created_at": "@12 minutes", "received_at": "@7 minutes", "level": 0, "velocity": 0}]'
    )
  $$,
  array['0 new', '1 new', '2 new', '3 new', '4 new', '5 new'],
  'every zero is stored'
);
select results_eq(
  $$ select extract(epoch from now() - created_at)::integer / 60, quality, flags from public.flow_data where device_id = 'TAP_Z' order by created_at $$,
  $$
    values
    (12, 'good', '{}'::text[]), (11, 'good', '{}'), (10, 'good', '{zero_unconfirmed}'), (9, 'good', '{}'),
    (8, 'bad', '{ghost_zero}'), (7, 'bad', '{ghost_zero}')
  $$,
  'flow and totalizer zero without level or velocity is a ghost, flow zero alone is unconfirmed, others are zeros'
);
select is(pg_temp.shown('TAP_Z'), 'TAP_Z seen 420: flow 0 level  at 540 good', 'a ghost is contact and nothing else');
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_Z", "created_at": "@7 minutes", "level": 2}]'
    )
  $$,
  array['0 merged'],
  'what completes a ghost to a reading'
);
select is(
  concat_ws(', ', regexp_replace(
    pg_temp.shown('TAP_Z'), 'seen -?\d+', 'seen'), (
    select concat_ws(' ', quality, flags) from public.flow_data
    where device_id = 'TAP_Z' and level = 2
  )),
  'TAP_Z seen: flow 0 level 2 at 420 good, good {}', 'makes it one'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_Z", "created_at": "@6 minutes", "flow_rate": 0}]'
    )
  $$,
  array['0 new'],
  'a zero flow alone'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_Z", "created_at": "@6 minutes", "totalizer": 0}]'
    )
  $$,
  array['0 merged'],
  'which turns out a ghost'
);
select is(
  concat_ws(', ', regexp_replace(
    pg_temp.shown('TAP_Z'), 'seen -?\d+', 'seen'), (
    select concat_ws(' ', quality, flags) from public.flow_data
    where device_id = 'TAP_Z' and created_at = now() - interval '6 minutes'
  )),
  'TAP_Z seen: flow 0 level 2 at 420 good, bad {ghost_zero}', 'is taken back from the latest values'
);
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_M", "created_at": "@6 minutes", "flow_rate": 0},
       {"device_id": "TAP_M", "created_at": "@6 minutes", "totalizer": 0}]'
    )
  $$,
  array['0 new', '1 merged'],
  'the same where there is no other reading'
);
select is(regexp_replace(pg_temp.shown('TAP_M'), 'seen -?\d+', 'seen'), 'TAP_M seen: flow  level  at  ', 'leaves no latest values');
select results_eq(
  $$
    select pg_temp.ingest(
      '[{"device_id": "TAP_M", "created_at": "@5 minutes", "flow_rate": 7, "quality": "bad"},
       {"device_id": "TAP_M", "created_at": "@8 minutes", "flow_rate": 6, "quality": "suspect"}]'
    )
  $$,
  array['0 new', '1 new'],
  'a reading its sender calls bad'
);
select is(regexp_replace(pg_temp.shown('TAP_M'), 'seen -?\d+', 'seen'), 'TAP_M seen: flow 6 level  at 480 suspect', 'is not shown, a suspect one is');

-- Direct loads ------------------------------------------------------------------------------

insert into public.flow_data (device_id, created_at, received_at, flow_rate, totalizer) values
('TAP_COPY', now() - interval '3 minutes', now() - interval '2 minutes', 3, 1),
('TAP_COPY', now() - interval '2 minutes', now() - interval '2 minutes', 0, 0),
('TAP_COPY', now() - interval '4 minutes', now() - interval '1 minute', 0, null);
select is(pg_temp.shown('TAP_COPY'), 'TAP_COPY seen 60: flow 3 level  at 180 good', 'a direct INSERT advances contact and values as ingest does');
select results_eq(
  $$ select quality, flags from public.flow_data where device_id = 'TAP_COPY' order by created_at $$,
  $$ values ('good', '{zero_unconfirmed}'::text[]), ('good', '{}'), ('bad', '{ghost_zero}') $$,
  'its zeros are flagged'
);
update public.flow_data set quality = 'bad'
where device_id = 'TAP_COPY' and flow_rate = 3;
select is(pg_temp.shown('TAP_COPY'), 'TAP_COPY seen 60: flow 0 level  at 240 good', 'a reading that a person calls bad is shown no longer');
update public.flow_data set quality = 'good'
where device_id = 'TAP_COPY' and totalizer = 0;
select is(pg_temp.shown('TAP_COPY'), 'TAP_COPY seen 60: flow 0 level  at 120 good', 'a ghost that a person calls good is shown');
select results_eq(
  $$ select quality, flags from public.flow_data where device_id = 'TAP_COPY' and totalizer = 0 $$,
  $$ values ('good', '{ghost_zero}'::text[]) $$,
  'and stays good'
);

-- Corrections by hand -----------------------------------------------------------------------

insert into public.flow_data (device_id, created_at, received_at, flow_rate)
values ('TAP_COPY', now() + interval '4 minutes', now() - interval '1 minute', 8);
select is(pg_temp.shown('TAP_COPY'), 'TAP_COPY seen 60: flow 8 level  at -240 good', 'a reading of a wrong instant');
update public.flow_data set created_at = now() - interval '90 seconds'
where device_id = 'TAP_COPY' and flow_rate = 8;
select is(pg_temp.shown('TAP_COPY'), 'TAP_COPY seen 60: flow 8 level  at 90 good', 'is shown at the right one once it is moved');
update public.flow_data set device_id = 'TAP_M', created_at = now() - interval '80 seconds'
where device_id = 'TAP_COPY' and flow_rate = 8;
select is(pg_temp.shown('TAP_COPY'), 'TAP_COPY seen 60: flow 0 level  at 120 good', 'no longer, given to another device');
select is(regexp_replace(pg_temp.shown('TAP_M'), 'seen -?\d+', 'seen'), 'TAP_M seen: flow 8 level  at 80 good', 'which shows it');
delete from public.flow_data
where device_id = 'TAP_COPY' and totalizer = 0;
select is(pg_temp.shown('TAP_COPY'), 'TAP_COPY seen 60: flow 0 level  at 240 good', 'a deleted reading is shown no longer');
delete from public.flow_data
where device_id = 'TAP_COPY';
select is(pg_temp.shown('TAP_COPY'), 'TAP_COPY seen 60: flow  level  at  ', 'and without any reading, nothing');

-- Gateways ----------------------------------------------------------------------------------

insert into public.gateways (id, name) values (md5('TAP gateway')::uuid, 'TAP gateway');
insert into public.api_keys (id, gateway_id, name, key_prefix, key_hash, expires_at) values
(md5('TAP key')::uuid, md5('TAP gateway')::uuid, 'TAP key', 'abcdefgh', sha256('TAP key'), null),
(md5('TAP old key')::uuid, md5('TAP gateway')::uuid, 'TAP old key', 'abcdefgi', sha256('TAP old key'), now() - interval '1 hour');
create function pg_temp.gateway_contact(received_at text, device_id text)
returns integer
language plpgsql
volatile
as $$
begin
  perform pg_temp.ingest(jsonb_build_array(jsonb_build_object(
    'api_key_id', md5('TAP key')::uuid, 'received_at', received_at, 'device_id', device_id
  ))::text);
  return (
    select extract(epoch from now() - gateways.last_seen) from public.gateways where id = md5('TAP gateway')::uuid
  );
end;
$$;
select results_eq(
  $$
    select pg_temp.ingest(format(
      '[{"device_id": "TAP_M", "received_at": "@1 minute", "api_key_id": "%s"}]', md5('TAP old key')
    ))
    union all
    select last_seen::text from public.gateways where id = md5('TAP gateway')::uuid
  $$,
  array['0 rejected invalid_key', null], 'a key that has expired is no contact of its gateway'
);
select results_eq(
  $$
    select pg_temp.gateway_contact(received_at, device_id)
    from (values ('@300 seconds', 'NOBODY'), ('@250 seconds', 'TAP_M'), ('@400 seconds', 'TAP_M'), ('@200 seconds', 'TAP_M'))
    as told (received_at, device_id)
  $$,
  array[300, 300, 300, 200], 'any other is, refused readings too; noted once a minute, and never moved back'
);
select results_eq(
  $$
    select action, details -> 'changed' from public.audit_logs
    where resource_type = 'gateways' and resource_id = md5('TAP gateway')::uuid::text
  $$,
  $$ values ('insert', null::jsonb) $$, 'which is no change of its configuration'
);

select has_trigger('public', 'flow_data', 'update_device_last_seen_trigger', 'the trigger has the name operators know');
select is_empty(
  $$
    select tgname from pg_catalog.pg_trigger
    where tgrelid = 'public.flow_data'::regclass and not tgisinternal and (tgtype & 1 = 1 or coalesce(tgnewtable, tgoldtable) is null)
  $$,
  'no trigger of flow_data fires per row'
);

select finish();
rollback;
