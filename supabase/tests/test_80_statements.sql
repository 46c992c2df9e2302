/* Monthly statements: what they say, that they stay, how they join, and who may make one. */
begin;
select plan(56);

select tests.make_two_organizations();
do $$
begin
  perform private.create_flow_data_months('2026-02-01T00:00:00Z', '2026-05-01T00:00:00Z');
end;
$$;
update public.sites set time_zone = 'Europe/Berlin', day_start = '06:15'
where id = md5('site North')::uuid;
update public.devices set site_id = md5('site North')::uuid, expected_interval_s = 3600, totalizer_max = 1000
where device_id = 'TAP_NORTH';
update public.devices set device_name = '=cmd("x"), inlet'
where device_id = 'TAP_NORTH';

-- Every hour 1.25 m3, from the evening before March until April is over; a counter that ends at 1,000.
-- Two readings of the tenth did not come.
insert into public.flow_data (device_id, created_at, flow_rate, totalizer)
select
  'TAP_NORTH' as device_id,
  '2026-02-28T20:00:00Z'::timestamptz + hour * interval '1 hour' as created_at,
  1.25 as flow_rate,
  900 + hour * 1.25 - case when 900 + hour * 1.25 < 1000 then 0 else 1000 end as totalizer
from generate_series(0, 24 * 62) as hour
where hour not in (220, 221);

create function pg_temp.body(month date, revision integer default 1)
returns text
language sql
stable
as $$
  select statements.body from public.statements
  where statements.device_id = 'TAP_NORTH' and statements.month = body.month and statements.revision = body.revision;
$$;
create function pg_temp.told(month date, name text, revision integer default 1)
returns text
language sql
stable
as $$
  select substring(pg_temp.body(told.month, told.revision) from E'(?:^|\n)' || told.name || E',([^\r]*)\r');
$$;

create function pg_temp.sample(before timestamptz)
returns text
language sql
stable
as $$
  select private.statement_time(told.sampled_at) || ' ' || told.sampled_totalizer
  from private.statement_sample('TAP_NORTH', sample.before) as told;
$$;

-- Issuing ---------------------------------------------------------------------

select is(public.issue_statement('TAP_NORTH', '2026-03-01'), 1, 'a month that has ended gets its statement');
create temporary table before as
select
  statements.body,
  statements.made_at
from public.statements;
select is(public.issue_statement('TAP_NORTH', '2026-03-01'), 1, 'asked again it is the same revision');
select results_eq(
  'select body, made_at from public.statements', 'select body, made_at from before', 'and the same bytes'
);
select is(
  substring((select body from before) from '^(?:[^\r]*\r\n){4}device_id,[^\r]*\r\ndevice_name,[^\r]*'),
  E'statement,FluxIO 1\r\nrevision,1\r\nreason,\r\nmade_at,' || private.statement_time(now())
  || E'\r\ndevice_id,TAP_NORTH\r\ndevice_name,"''=cmd(""x""), inlet"',
  'its head, in which a name is no formula'
);
select is(pg_temp.told('2026-03-01', 'starts_at'), '2026-03-01T05:15:00.000000Z', 'it begins with its site''s day');
select is(pg_temp.told('2026-03-01', 'ends_at'), '2026-04-01T04:15:00.000000Z', 'and ends with one, in summer time');
select is(pg_temp.told('2026-03-01', 'opening_at'), '2026-03-01T05:00:00.000000Z', 'the last sample before opens it');
select is(pg_temp.told('2026-03-01', 'opening_totalizer_m3'), '911.25', 'with the counter as it was read');
select is(pg_temp.told('2026-03-01', 'closing_at'), '2026-04-01T04:00:00.000000Z', 'the last sample in it closes it');
select is(
  pg_temp.told('2026-03-01', 'volume_m3'), '928.750',
  'the month is 743 hours of 1.25 m3, over the counter''s end and over a silence'
);
select is(pg_temp.told('2026-03-01', 'rollovers'), '1', 'the counter began anew once');
select is(
  pg_temp.told('2026-03-01', 'rollover'), '2026-03-04T04:00:00.000000Z,2026-03-04T03:00:00.000000Z,998.75,0,1.250,1',
  'which is listed by itself'
);
select is(pg_temp.told('2026-03-01', 'readings_expected'), '743', 'in a March of 743 hours');
select is(pg_temp.told('2026-03-01', 'completeness_percent'), '99.73', 'two readings did not come');
select is(pg_temp.told('2026-03-01', 'inputs'), 'readings', 'computed from readings');
select is(
  (
    select count(*)::integer from regexp_split_to_table((select body from before), E'\r\n') as line
    where line ~ '^2026-03-\d\d,'
  ),
  31, 'a line a day'
);
select is(
  (
    select sum(split_part(line, ',', 4)::numeric)::text
    from regexp_split_to_table((select body from before), E'\r\n') as line
    where line ~ '^2026-03-\d\d,'
  ),
  '928.750', 'the days add up to the month'
);
select ok((select body from before) !~ E'[^\r]\n' and (select right(body, 2) from before) = E'\r\n', 'lines end with CR LF');
select is(
  (select body_sha256 from public.statements), encode(sha256(convert_to((select body from before), 'UTF8')), 'hex'),
  'body_sha256 is of the bytes'
);

-- Months ----------------------------------------------------------------------

select is(pg_temp.told('2026-03-01', 'follows'), 'first', 'the first follows nothing');
set local datestyle = 'German';
set local extra_float_digits = -10;
set local timezone = 'Asia/Kolkata';
select lives_ok($$ select public.issue_statement('TAP_NORTH', '2026-04-01') $$, 'the next month');
reset datestyle;
reset extra_float_digits;
reset timezone;
select is(
  (
    select string_agg(line, ' ')
    from regexp_split_to_table(pg_temp.body('2026-04-01'), E'\r\n') as line
    where line ~ '^(2026-04-30|closing_totalizer_m3|starts_at),'
  ),
  'starts_at,2026-04-01T04:15:00.000000Z closing_totalizer_m3,1740 '
  || '2026-04-30,2026-04-30T04:15:00.000000Z,2026-05-01T04:15:00.000000Z,30.000,0,0,24,24,0',
  'is written the same whatever the session prefers'
);
select is(pg_temp.told('2026-04-01', 'follows'), 'gapless', 'opens where the month before closed');
select lives_ok($$ select public.issue_statement('TAP_NORTH', '2026-06-01') $$, 'a month without any reading');
select is(
  concat_ws(
    ' ', pg_temp.told('2026-06-01', 'follows'), pg_temp.told('2026-06-01', 'volume_m3'),
    pg_temp.told('2026-06-01', 'completeness_percent')
  ),
  'gap  0.00', 'says that a month is missing before it, no volume and that nothing came'
);
select throws_ok(
  $$ select public.issue_statement('TAP_NORTH', date_trunc('month', now())::date) $$,
  'STOPN', null, 'a month that runs has no statement yet'
);
select throws_ok(
  $$ select public.issue_statement('TAP_NORTH', '2026-03-02') $$, '22023', 'no month: 2026-03-02', 'nor has half a month'
);

-- Correcting ------------------------------------------------------------------

select throws_ok(
  $$ select public.correct_statement('TAP_NORTH', '2026-03-01', 'Doubt') $$,
  'STSAM', null, 'where nothing changed there is nothing to correct'
);
select throws_ok(
  $$ select public.correct_statement('TAP_NORTH', '2026-02-01', 'Doubt') $$, 'UNKST', null, 'nor where nothing was stated'
);
insert into public.flow_data (device_id, created_at, received_at, flow_rate, totalizer)
values ('TAP_NORTH', '2026-04-01T04:10:00Z', now(), 1.25, 840.5);
select results_eq(
  $$ select month, revision, is_touched from public.get_statements('TAP_NORTH') $$,
  $$
    values
    ('2026-06-01'::date, 1, false), ('2026-04-01'::date, 1, true), ('2026-03-01'::date, 1, true)
  $$,
  'a late reading touches the month it lies in, and the last of a month the one it opens'
);
select is(
  public.correct_statement('TAP_NORTH', '2026-03-01', 'A reading came late.'), 2, 'which may be corrected, with a reason'
);
select results_eq(
  $$
    select revision, reason, is_touched from public.get_statements('TAP_NORTH') where month = '2026-03-01'
  $$,
  $$ values (2, 'A reading came late.', false), (1, null::text, null::boolean) $$,
  'both revisions stay'
);
select lives_ok(
  $$ select public.correct_statement('TAP_NORTH', '2026-04-01', 'March closes later.') $$, 'the month after is corrected too'
);
select is(
  pg_temp.told('2026-04-01', 'follows', 2) || ' ' || pg_temp.told('2026-04-01', 'opening_at', 2)
  || ' ' || (pg_temp.told('2026-03-01', 'volume_m3', 2)::numeric + pg_temp.told('2026-04-01', 'volume_m3', 2)::numeric),
  'gapless 2026-04-01T04:10:00.000000Z '
  || (pg_temp.told('2026-03-01', 'volume_m3')::numeric + pg_temp.told('2026-04-01', 'volume_m3')::numeric),
  'joins it again, and no water is in both or in neither'
);

-- A month that is issued late ---------------------------------------------------

select lives_ok($$ select public.issue_statement('TAP_NORTH', '2026-02-01') $$, 'a month before the first is issued');
select results_eq(
  $$
    select month, is_touched from public.get_statements('TAP_NORTH')
    where is_touched is not null and month < '2026-06-01'
  $$,
  $$ values ('2026-04-01'::date, false), ('2026-03-01'::date, true), ('2026-02-01'::date, false) $$,
  'the month after it is not the first any more'
);
select is(
  public.correct_statement('TAP_NORTH', '2026-03-01', 'February was issued.'), 3, 'so it may be corrected'
);
select is(pg_temp.told('2026-03-01', 'follows', 3), 'gapless', 'and joins it');

-- Readings that are gone --------------------------------------------------------

-- In the hour in which April begins, but in April.
insert into public.flow_data (device_id, created_at, received_at, flow_rate, totalizer)
values ('TAP_NORTH', '2026-04-01T04:40:00Z', now(), 1.25, 840.75);
select is(public.correct_statement('TAP_NORTH', '2026-04-01', 'A reading came late.'), 3, 'April is corrected');
do $$
begin
  perform private.job_rollups('2026-08-01T00:00:00Z');
end;
$$;
select is(
  private.job_retention('2026-08-01T00:00:00Z'), '3 months dropped, 0 in use, 0 wait for rollups or archive',
  'their readings are dropped'
);
select throws_ok(
  $$ select public.correct_statement('TAP_NORTH', '2026-03-01', 'Doubt') $$,
  'STSAM', null, 'readings that are gone change no statement'
);
select throws_ok(
  $$ select public.correct_statement('TAP_NORTH', '2026-04-01', 'Doubt') $$,
  'STSAM', null, 'nor those that joined two'
);

select is(
  pg_temp.sample('2026-03-02T05:15:00Z') || ' ' || pg_temp.sample('2026-04-02T04:15:00Z'),
  '2026-03-02T05:00:00.000000Z 941.25 2026-04-02T04:00:00.000000Z 870', 'rollups tell a sample before a day begins'
);
select is(pg_temp.sample('2026-04-01T04:15:00Z'), '2026-04-01T04:10:00.000000Z 840.5', 'else a statement does');
select is(pg_temp.sample('2026-04-01T04:20:00Z'), null, 'what neither tells is not known');

-- Nobody changes one ------------------------------------------------------------

select throws_ok(
  'update public.statements set volume = 0', 'STKEP', 'a statement stays as it was made: update refused',
  'no statement is changed, not by the owner'
);
select throws_ok(
  'delete from public.statements', 'STKEP', 'a statement stays as it was made: delete refused', 'or removed'
);
select throws_ok(
  'truncate public.statements', 'STKEP', 'a statement stays as it was made: truncate refused', 'not all of them either'
);
select throws_ok(
  $$ delete from public.devices where device_id = 'TAP_NORTH' $$, null, null, 'and its device stays with it'
);
select policies_are('public', 'statements', array['statements_select_member'], 'one read policy');
select table_privs_are('public', 'statements', 'anon', array[]::text[], 'nothing for anon');
select table_privs_are('public', 'statements', 'authenticated', array['SELECT'], 'people only read');
select table_privs_are('public', 'statements', 'service_role', array['SELECT'], 'service_role only reads');

-- Who -------------------------------------------------------------------------

select results_eq(
  $$ select * from tests.attempts($query$ select public.issue_statement('TAP_NORTH', '2026-05-01') $query$) $$,
  $$
    values
    ('north.viewer', '42501 statements are for operators and admins'), ('north.operator', '1 rows'),
    ('north.admin', '1 rows'), ('north.inactive', 'UNKDV unknown device: TAP_NORTH'),
    ('south.viewer', 'UNKDV unknown device: TAP_NORTH'), ('south.admin', 'UNKDV unknown device: TAP_NORTH'),
    ('stranger', 'UNKDV unknown device: TAP_NORTH'),
    ('anon', '42501 permission denied for function issue_statement'), ('service_role', '1 rows')
  $$,
  'operators and admins of the device''s organization make statements'
);
select results_eq(
  $$ select * from tests.sights('select distinct device_id from public.statements') $$,
  $$
    values
    ('north.viewer', 'TAP_NORTH'), ('north.operator', 'TAP_NORTH'), ('north.admin', 'TAP_NORTH'),
    ('north.inactive', 'nothing'), ('south.viewer', 'nothing'), ('south.admin', 'nothing'), ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table statements'), ('service_role', 'TAP_NORTH')
  $$,
  'its members see them'
);

select results_eq(
  $$
    select * from tests.sights(
      $query$ select count(*) from public.get_statements('TAP_NORTH') where not is_touched $query$
    )
  $$,
  $$
    values
    ('north.viewer', '4'), ('north.operator', '4'), ('north.admin', '4'), ('north.inactive', '0'),
    ('south.viewer', '0'), ('south.admin', '0'), ('stranger', '0'),
    ('anon', '42501 permission denied for function get_statements'), ('service_role', '4')
  $$,
  'whether a month is touched does not depend on who of them asks'
);

select finish();
rollback;
