/* Retention: which months leave, and what keeps them. The clock stands at 2 May 2026 unless said otherwise. */
begin;
select plan(18);

select tests.make_two_organizations();
do $$
begin
  perform private.create_flow_data_months('2026-01-01T00:00:00Z', '2026-05-31T00:00:00Z');
end;
$$;
insert into public.flow_data (device_id, created_at, flow_rate, totalizer)
values
('TAP_NORTH', '2026-01-10T06:00:00Z', 10, 100),
('TAP_NORTH', '2026-01-31T23:59:00Z', 20, 140),
('TAP_NORTH', '2026-02-01T00:01:00Z', 30, 150),
('TAP_NORTH', '2026-02-20T00:00:00Z', 30, 250);

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

create function pg_temp.archive(month date)
returns boolean
language sql
volatile
as $$
  select public.mark_archived(
    archive.month, public.begin_archive(archive.month), count(*), pg_temp.hash(archive.month), repeat('0a', 32),
    'flow_data_2026-01.parquet'
  )
  from public.flow_data
  where flow_data.created_at >= archive.month::timestamp at time zone 'UTC'
  and flow_data.created_at < (archive.month + interval '1 month') at time zone 'UTC';
$$;

create function pg_temp.months()
returns text
language sql
stable
as $$
  select string_agg(to_char(starts_at at time zone 'UTC', 'MM'), ' ' order by starts_at)
  from private.flow_data_months()
  where starts_at between '2026-01-01T00:00:00Z' and '2026-05-01T00:00:00Z';
$$;

-- What keeps a month ----------------------------------------------------------

select is(
  private.job_retention('2026-05-02T00:00:00Z'), '0 months dropped, 0 in use, 1 wait for rollups or archive',
  'a month without its rollups stays'
);
select is(pg_temp.months(), '01 02 03 04 05', 'whole');
select isnt(
  private.refresh_rollups('2026-01-01T00:00:00Z', '2026-03-01T00:00:00Z'), null, 'once its rollups are computed'
);
update private.settings set is_archive_required = true;
select is(
  private.job_retention('2026-05-02T00:00:00Z'), '0 months dropped, 0 in use, 1 wait for rollups or archive',
  'it waits for the archive where one is required'
);
select is(pg_temp.archive('2026-01-01'), true, 'once it is archived it may go');
select is(private.month_may_go('2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'), true, 'as it was archived');
update private.settings set is_archive_required = false;

insert into public.flow_data (device_id, created_at, flow_rate) values ('TAP_NORTH', '2026-01-20T00:00:00Z', 5);
select is(
  private.job_retention('2026-05-02T00:00:00Z'), '0 months dropped, 0 in use, 1 wait for rollups or archive',
  'a reading that came late keeps the month again, even where no archive is required'
);
do $$
begin
  perform private.refresh_rollups('2026-01-01T00:00:00Z', '2026-03-01T00:00:00Z');
end;
$$;
select is(
  private.job_retention('2026-05-02T00:00:00Z'), '0 months dropped, 0 in use, 1 wait for rollups or archive',
  'also when its rollups are complete: the archive is without it'
);
select throws_ok(
  $$ select private.job_retention('2026-05-09T00:00:01Z') $$,
  'RTOVR', 'the month before 2026-02-01 is a week overdue: its rollups are not complete or it is not archived',
  'after a week the job fails'
);
select is(pg_temp.months(), '01 02 03 04 05', 'with every reading there');

-- What goes -------------------------------------------------------------------

select is(pg_temp.archive('2026-01-01'), true, 'archived again, it may go');
select is(
  private.job_retention('2026-05-01T23:59:59Z'), '0 months dropped, 0 in use, 0 wait for rollups or archive',
  'a month that ended 89 days ago is not due'
);
select is(
  private.job_retention('2026-05-02T00:00:00Z'), '1 months dropped, 0 in use, 0 wait for rollups or archive',
  'one that ended 90 days ago goes'
);
select is(pg_temp.months(), '02 03 04 05', 'and no other');
select results_eq(
  $$
    select total_volume, data_points
    from public.get_flow_statistics('TAP_NORTH', '2026-01-01T00:00:00Z', '2026-03-01T00:00:00Z')
  $$,
  $$ values (150::double precision, 5::bigint) $$,
  'its rollups stay: what was counted is counted'
);
update public.flow_data set flow_rate = 31
where device_id = 'TAP_NORTH' and created_at = '2026-02-01T00:01:00Z';
do $$
begin
  perform private.refresh_rollups('2026-01-01T00:00:00Z', '2026-03-01T00:00:00Z');
end;
$$;
select results_eq(
  $$
    select total_volume
    from public.get_flow_statistics('TAP_NORTH', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z')
  $$,
  $$ values (110::double precision) $$,
  'also where the month after it is computed anew: the step from the last sample that went is known'
);

update private.settings set raw_retention = '365 days';
select is(
  private.job_retention('2026-08-01T00:00:00Z'), '0 months dropped, 0 in use, 0 wait for rollups or archive',
  'another retention counts at once'
);

-- Who may ---------------------------------------------------------------------

select results_eq(
  $$ select name, schedule from private.jobs where name = 'retention' $$, $$ values ('retention', '40 * * * *') $$,
  'retention is a job'
);

select finish();
rollback;
