/* Archive: what is noted, what is taken back by a late reading, what comes back. */
begin;
select plan(43);

select tests.make_two_organizations();
do $$
begin
  perform private.create_flow_data_months('2026-01-01T00:00:00Z', '2026-03-31T00:00:00Z');
end;
$$;
insert into public.flow_data (device_id, created_at, received_at, flow_rate, totalizer, battery_level, flags, metadata)
values
(
  'TAP_NORTH', '2026-01-10T06:00:00.123456Z', '2026-01-10T06:00:01Z', 0.1, 100, 97, array['late', 'a "b"'],
  '{"note": "1\n2", "n": 12345678901234567890}'
),
('TAP_NORTH', '2026-01-31T23:59:00Z', '2026-02-01T00:00:00Z', 20, 140, null, '{}', '{}'),
('TAP_SOUTH', '2026-01-10T06:00:00Z', '2026-01-10T06:00:01Z', 1e-300, null, null, '{}', '{}'),
('TAP_NORTH', '2026-02-01T00:01:00Z', '2026-02-01T00:01:01Z', 30, 150, null, '{}', '{}'),
('TAP_NORTH', '2026-03-01T00:01:00Z', '2026-03-01T00:01:01Z', 30, 170, null, '{}', '{}');

create temporary table begun (month date primary key, as_of timestamptz);
grant select, insert, update on table pg_temp.begun to service_role;

create function pg_temp.begin_archive(month date)
returns void
language sql
volatile
as $$
  insert into pg_temp.begun (month, as_of) values (begin_archive.month, public.begin_archive(begin_archive.month))
  on conflict (month) do update set as_of = excluded.as_of;
$$;

create function pg_temp.hash(month date)
returns text
language sql
stable
as $$
  select private.readings_hash(
    count(*),
    sum(('x' || encode(substr(line.hash, 1, 8), 'hex'))::bit(64)::bigint),
    sum(('x' || encode(substr(line.hash, 9, 8), 'hex'))::bit(64)::bigint)
  )
  from (
    select sha256(convert_to(private.reading_text(flow_data), 'UTF8')) as hash
    from public.flow_data
    where flow_data.created_at >= hash.month::timestamp at time zone 'UTC'
    and flow_data.created_at < (hash.month + interval '1 month') at time zone 'UTC'
  ) as line;
$$;

create function pg_temp.mark(month date, row_count bigint, row_hash text)
returns boolean
language sql
volatile
as $$
  select public.mark_archived(begun.month, begun.as_of, mark.row_count, mark.row_hash, repeat('0a', 32), 'a.parquet')
  from pg_temp.begun
  where begun.month = mark.month;
$$;

create function pg_temp.states()
returns text
language sql
stable
as $$
  select string_agg(to_char(month, 'MM ') || state, ', ' order by month)
  from public.get_archive_months()
  where month between '2026-01-01' and '2026-03-01';
$$;

-- The line --------------------------------------------------------------------

select is(
  public.read_archive_page('2026-01-10', null, null, 1),
  '["TAP_NORTH", 1768024800123456, 1768024801000000, "3fb999999999999a", "4059000000000000", null, null, null, null, '
  || '97, null, "good", "[\"late\",\"a \\\"b\\\"\"]", '
  || '"{\"n\": 12345678901234567890, \"note\": \"1\\n2\"}"]',
  'a reading is a line that says all of it, to the bit'
);
select is(
  split_part(public.read_archive_page('2026-01-10', 'TAP_NORTH', 1768024800123456, 10), ',', 1), '["TAP_SOUTH"',
  'the next page begins behind it'
);
select is(public.read_archive_page('2026-01-10', 'TAP_SOUTH', 1768024800000000), '', 'the last is empty');
select isnt(
  pg_temp.hash('2026-01-01'), pg_temp.hash('2026-02-01'), 'months with other readings have other hashes'
);

-- What is noted ---------------------------------------------------------------

select is(pg_temp.states(), '01 due, 02 due, 03 due', 'months that are over are due');
select throws_ok(
  $$ select public.begin_archive('2026-01-15') $$, 'UNKMO', '2026-01-15 is no month of flow_data that is over',
  'a month is its first day'
);
select throws_ok(
  $$ select public.begin_archive(date_trunc('month', now())::date) $$, 'UNKMO', null, 'the month that runs is not over'
);
select lives_ok($$ select pg_temp.begin_archive('2026-01-01') $$, 'an archiver begins');
select throws_ok(
  $$ select pg_temp.mark('2026-01-01', 2, pg_temp.hash('2026-01-01')) $$, 'ARCNE', null,
  'an archive with another number of readings is none'
);
select throws_ok(
  $$ select pg_temp.mark('2026-01-01', 3, repeat('0b', 32)) $$, 'ARCNE', null, 'nor one with another hash'
);
select throws_ok(
  $$
    select public.mark_archived('2026-01-01', as_of, 3, pg_temp.hash('2026-01-01'), 'abc', 'a.parquet')
    from pg_temp.begun
  $$,
  '23514', null, 'the file''s checksum is looked at'
);
update public.flow_data set metadata = '{"note": "x"}'
where device_id = 'TAP_SOUTH';
select is(
  pg_temp.mark('2026-01-01', 3, pg_temp.hash('2026-01-01')), false, 'a month that changed meanwhile is not noted'
);
do $$ begin perform pg_temp.begin_archive('2026-01-01'); end; $$;
select is(
  pg_temp.mark('2026-01-01', 3, pg_temp.hash('2026-01-01')), true, 'begun anew, it is'
);
select is(pg_temp.states(), '01 archived, 02 due, 03 due', 'and is archived');
select is_empty($$ select device_id from private.flow_data_sums $$, 'what was added up for that is gone');
select results_eq(
  $$ select device_id, row_count from private.flow_data_archive_devices order by device_id $$,
  $$ values ('TAP_NORTH', 2::bigint), ('TAP_SOUTH', 1) $$, 'with whose readings it has'
);
update public.flow_data set flow_rate = 31
where device_id = 'TAP_NORTH' and created_at >= '2026-02-01';
select is(pg_temp.states(), '01 archived, 02 due, 03 due', 'a change of another month is none of its');
delete from public.flow_data
where device_id = 'TAP_SOUTH';
select is(pg_temp.states(), '01 due, 02 due, 03 due', 'a reading that goes takes the mark back');
insert into public.flow_data (device_id, created_at, received_at, flow_rate, metadata)
values ('TAP_SOUTH', '2026-01-10T06:00:00Z', '2026-01-10T06:00:01Z', 1e-300, '{"note": "x"}');
do $$ begin perform pg_temp.begin_archive('2026-01-01'); end; $$;
select is(pg_temp.mark('2026-01-01', 3, pg_temp.hash('2026-01-01')), true, 'until it is archived again');
insert into public.flow_data (device_id, created_at, flow_rate) values ('TAP_NORTH', '2026-01-11Z', 1);
select is(pg_temp.states(), '01 due, 02 due, 03 due', 'and so does one that comes');
delete from public.flow_data
where device_id = 'TAP_NORTH' and created_at = '2026-01-11Z';
do $$ begin perform pg_temp.begin_archive('2026-01-01'); end; $$;
select is(pg_temp.states(), '01 due, 02 due, 03 due', 'whoever begins anew has to end anew');
select is(pg_temp.mark('2026-01-01', 3, pg_temp.hash('2026-01-01')), true, 'which the same readings do');

-- What is in the archive alone ------------------------------------------------

do $$
begin
  perform private.refresh_rollups('2026-01-01T00:00:00Z', '2026-04-01T00:00:00Z');
  perform private.job_retention('2026-05-02T00:00:00Z');
end;
$$;
select is(pg_temp.states(), '01 dropped, 02 due, 03 due', 'retention drops what is archived');
select is(
  (select min(created_at) from public.flow_data), '2026-02-01T00:01:00Z', 'whole'
);
select tests.sign_in('north.viewer');
select results_eq(
  $$ select month, location, device_ids from public.get_archived_months() $$,
  $$ values ('2026-01-01'::date, 'a.parquet', array['TAP_NORTH']) $$, 'a person is told of their own devices'
);
select is_empty(
  $$ select month from public.get_archived_months(device_id => 'TAP_SOUTH') $$, 'and of no other'
);
select is_empty(
  $$
    select month from public.get_archived_months('2026-02-01Z')
    union all
    select month from public.get_archived_months(end_time => '2026-01-01Z')
  $$,
  'a window beside the month does not touch it'
);
select tests.sign_out();
do $$
begin
  perform private.create_flow_data_months('2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
  perform pg_temp.begin_archive('2026-01-01');
end;
$$;
select throws_ok(
  $$
    select public.mark_archived(
      '2026-01-01', as_of, 0, private.readings_hash(0, null, null), repeat('0a', 32), 'empty.parquet'
    )
    from pg_temp.begun
  $$,
  'ARCDR', 'readings of 2026-01-01 are in its archive alone', 'nothing takes the place of the only copy'
);

-- What comes back -------------------------------------------------------------

select throws_ok(
  $$ select public.restore_readings('2026-02-01', '', repeat('0b', 32)) $$,
  'ARCHR', '2026-02-01 was not dropped', 'a month that is here is not restored'
);
create function pg_temp.restore(line text)
returns integer
language sql
volatile
as $$
  select public.restore_readings('2026-01-01', restore.line, private.readings_hash(
    1, ('x' || encode(substr(sha256(convert_to(known.line, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint,
    ('x' || encode(substr(sha256(convert_to(known.line, 'UTF8')), 9, 8), 'hex'))::bit(64)::bigint
  ))
  from (select
    '["TAP_SOUTH", 1768024800000000, 1768024801000000, "01a56e1fc2f8f359", null, null, null, null, null, '
    || 'null, null, "good", "[]", "{\"note\": \"x\"}"]' as line) as known;
$$;
create function pg_temp.south(flow_rate text)
returns text
language sql
immutable
as $$
  select '["TAP_SOUTH", 1768024800000000, 1768024801000000, ' || south.flow_rate || ', null, null, null, null, null, '
  || 'null, null, "good", "[]", "{\"note\": \"x\"}"]';
$$;
select throws_ok(
  $$ select pg_temp.restore(pg_temp.south('1.1e-300')) $$, 'ARCNE',
  'readings of 2026-01-01 are here that are not as they were archived', 'one bit off is not the reading'
);
select is(pg_temp.restore(pg_temp.south('1e-300')), 1, 'the very reading is');
select is(pg_temp.restore(pg_temp.south('1e-300')), 1, 'also twice');
select is(pg_temp.states(), '01 dropped, 02 due, 03 due', 'the month counts as dropped until all of it is back');
do $$ begin perform pg_temp.begin_archive('2026-01-01'); end; $$;
select throws_ok(
  $$ select public.finish_restore('2026-01-01', (select as_of from pg_temp.begun), 30) $$,
  'ARCNE', '2026-01-01 has 1 readings, its archive 3, or they differ', 'which is looked at'
);
insert into private.flow_data_2026_01 (
  device_id, created_at, received_at, flow_rate, totalizer, battery_level, flags, metadata
)
values
(
  'TAP_NORTH', '2026-01-10T06:00:00.123456Z', '2026-01-10T06:00:01Z', 0.1, 100, 97, array['late', 'a "b"'],
  '{"note": "1\n2", "n": 12345678901234567890}'
),
('TAP_NORTH', '2026-01-31T23:59:00Z', '2026-02-01T00:00:00Z', 20, 140, null, '{}', '{}');
do $$ begin perform pg_temp.begin_archive('2026-01-01'); end; $$;
select is(
  public.finish_restore('2026-01-01', (select as_of from pg_temp.begun), 30), 'restored', 'then it is restored'
);
select is(pg_temp.states(), '01 restored, 02 due, 03 due', 'and is archived as it stands');

-- A newer month goes while an older one is back -------------------------------

do $$ begin perform pg_temp.begin_archive('2026-02-01'); end; $$;
do $$ begin perform pg_temp.mark('2026-02-01', 1, pg_temp.hash('2026-02-01')); end; $$;
do $$
begin
  perform private.job_retention('2026-06-01T00:00:00Z');
end;
$$;
select is(pg_temp.states(), '01 restored, 02 dropped, 03 due', 'a restored month is kept, the next goes');
do $$
begin
  perform private.mark_rollups('-infinity', '2026-04-01T00:00:00Z');
  perform private.refresh_rollups('2026-01-01T00:00:00Z', '2026-04-01T00:00:00Z');
end;
$$;
select results_eq(
  $$
    select total_volume, data_points
    from public.get_flow_statistics('TAP_NORTH', '2026-01-01T00:00:00Z', '2026-04-01T00:00:00Z')
  $$,
  $$ values (70::double precision, 4::bigint) $$,
  'the volumes of neither are computed from nothing'
);
update public.flow_data set flow_rate = 19
where device_id = 'TAP_NORTH' and created_at = '2026-01-31T23:59:00Z';
select is(pg_temp.states(), '01 due, 02 dropped, 03 due', 'a restored month that is corrected has to be archived again');

do $$
begin
  perform pg_temp.begin_archive('2026-03-01');
  perform private.sum_month('2026-03-01', begun.as_of) from pg_temp.begun where begun.month = '2026-03-01';
  perform private.refresh_rollups('2026-01-01T00:00:00Z', '2026-04-01T00:00:00Z');
  perform private.job_retention('2026-07-02T00:00:00Z');
end;
$$;
select is(pg_temp.states(), '01 due, 02 dropped', 'where no archive is required, a month goes while it is archived');
select is(
  pg_temp.mark('2026-03-01', 1, (
    select private.readings_hash(row_count, sum_1, sum_2) from private.flow_data_sums
    where month = '2026-03-01'
  )), false, 'and is not noted as one that is here'
);

-- Who may ---------------------------------------------------------------------

select results_eq(
  $$
    select person, seen from tests.sights($query$
      select unnest(device_ids) from public.get_archived_months()
    $query$) where seen <> 'nothing' and seen not like '42501%'
  $$,
  $$ values ('north.viewer', 'TAP_NORTH'), ('north.operator', 'TAP_NORTH'), ('north.admin', 'TAP_NORTH') $$,
  'only the people of its organization are told of a dropped month'
);
select results_eq(
  $$
    select distinct person from (
      select person, outcome from tests.attempts($query$ select public.get_archive_months() $query$)
      union all
      select person, outcome from tests.attempts($query$ select public.read_archive_page('2026-01-10') $query$)
      union all
      select person, outcome from tests.attempts($query$ select public.begin_archive('2026-03-01') $query$)
      union all
      select person, outcome from tests.attempts($query$
        select public.mark_archived('2026-03-01', now(), 2, repeat('0a', 32), repeat('0a', 32), 'x')
      $query$)
      union all
      select person, outcome from tests.attempts($query$
        select public.restore_readings('2026-03-01', '', repeat('0a', 32))
      $query$)
      union all
      select person, outcome from tests.attempts($query$ select public.finish_restore('2026-03-01', now(), 1) $query$)
    ) as attempt
    where outcome not like '42501%'
  $$,
  $$ values ('service_role') $$, 'only the archive''s program touches it'
);

select finish();
rollback;
