/* The alert clock: jobs that are silent or fail. */
begin;
select plan(26);

select tests.make_two_organizations();
update private.jobs set registered_at = '2026-12-31T00:00:00Z';
insert into private.jobs (name, schedule, max_silence, registered_at)
values ('tap_daily', '0 3 * * *', '26 hours', '2026-03-01T00:00:00Z');

create function pg_temp.ended(clock timestamptz, is_successful boolean, result text)
returns text
language sql
volatile
as $$
  insert into public.job_runs (job, started_at, finished_at, is_successful, result)
  values ('tap_daily', ended.clock - interval '1 minute', ended.clock, ended.is_successful, ended.result)
  returning '# ' || job_runs.result;
$$;
create function pg_temp.told()
returns setof text
language sql
stable
as $$
  select concat_ws(
    ' ', alerts.job, alerts.alert_type, alerts.severity,
    to_char(alerts.created_at at time zone 'UTC', 'DD HH24:MI'),
    case when alerts.is_resolved then 'resolved' else 'open' end
  )
  from public.alerts
  where alerts.job is not null
  order by alerts.created_at, alerts.alert_type;
$$;

-- Silence ---------------------------------------------------------------------

select is(private.job_alert_clock('2026-03-02T02:00:00Z'), null, 'a new job is not late at once');
select is(private.job_alert_clock('2026-03-02T02:01:00Z'), '1 opened, 0 resolved', 'one that never ran is, after its max_silence');
select results_eq(
  $$ select organization_id, message, threshold_value, actual_value, measured_at, rule_id from public.alerts where job = 'tap_daily' $$,
  $$
    values (
      private.default_organization_id(),
      'Job tap_daily: no successful run for 1561 min, more than the 1560 min allowed (last never)',
      1560::double precision, 1561::double precision, null::timestamptz, null::uuid
    )
  $$,
  'the alert is the default organization''s, and says so'
);
select is(private.job_alert_clock('2026-03-02T02:02:00Z'), null, 'it opens once');
select pg_temp.ended('2026-03-02T03:00:00Z', false, '22012 division by zero');
select is(private.job_alert_clock('2026-03-02T03:00:30Z'), '1 opened, 0 resolved', 'a failed run is another alert');
select results_eq(
  $$ select pg_temp.told() $$,
  array['tap_daily job_silent critical 02 02:01 open', 'tap_daily job_failing warning 02 03:00 open'],
  'and no success'
);
select results_eq(
  $$ select message from public.alerts where alert_type = 'job_failing' $$,
  array['Job tap_daily failed: 22012 division by zero (2026-03-02 03:00:00 UTC)'], 'it tells why'
);
select pg_temp.ended('2026-03-02T03:10:00Z', true, 'done');
select is(private.job_alert_clock('2026-03-02T03:10:30Z'), '0 opened, 2 resolved', 'the next success resolves both');
select results_eq(
  $$ select resolved_by, resolution_note from public.alerts where job = 'tap_daily' $$,
  $$ values (null::uuid, null::text), (null, null) $$, 'by nobody'
);
select is(private.job_alert_clock('2026-03-03T05:10:00Z'), null, 'the silence counts from that success');
select is(private.job_alert_clock('2026-03-03T05:11:00Z'), '1 opened, 0 resolved', 'and opens the next');
update public.alerts set is_resolved = true
where job = 'tap_daily';
select is(private.job_alert_clock('2026-03-03T05:12:00Z'), null, 'one that a person has dealt with raises no second');

-- Failure ---------------------------------------------------------------------

select pg_temp.ended('2026-03-03T06:00:00Z', true, 'done again');
select pg_temp.ended('2026-03-04T03:00:00Z', false, 'XX000 first');
select is(private.job_alert_clock('2026-03-04T03:00:30Z'), '1 opened, 0 resolved', 'a failure after a success');
update public.alerts set is_resolved = true
where job = 'tap_daily';
select is(private.job_alert_clock('2026-03-04T03:01:30Z'), null, 'raises one alert');
select pg_temp.ended('2026-03-04T04:00:00Z', false, 'XX000 second');
select is(private.job_alert_clock('2026-03-04T04:00:30Z'), '1 opened, 0 resolved', 'the next failure raises the next');
delete from private.jobs
where name = 'tap_daily';
select is(private.job_alert_clock('2026-03-04T04:01:30Z'), '0 opened, 1 resolved', 'a job that is no more');
select results_eq(
  $$ select resolution_note from public.alerts where job = 'tap_daily' and resolution_note is not null $$,
  array['There is no such job any more.'], 'takes its alert along'
);

-- The clock -------------------------------------------------------------------

insert into public.job_runs (job, started_at, finished_at, is_successful, result)
values ('alert_clock', '2026-03-01T00:00:00Z', '2026-03-01T00:00:00Z', false, '40P01 deadlock');
update private.jobs set registered_at = '2026-01-01T00:00:00Z'
where name = 'alert_clock';
select is(private.job_alert_clock('2026-03-04T04:02:30Z'), null, 'it does not judge itself');
select matches(
  private.run_job('alert_clock', '2026-03-04T04:03:30Z'), '^nothing to do$', 'it runs as a job'
);

-- The watch ---------------------------------------------------------------------

delete from public.job_runs
where job = 'alert_clock';
select is(private.job_alert_clock_watch('2026-03-04T04:04:00Z'), '1 opened, 0 resolved', 'another job does');
select results_eq(
  $$ select message from public.alerts where job = 'alert_clock' $$,
  $$ values ('Job alert_clock: no successful run for 89524 min, more than the 5 min allowed (last never)') $$,
  'and tells of its silence'
);
select is(
  private.job_alert_clock_watch('2026-03-04T04:05:00Z'), null, 'once'
);
insert into public.job_runs (job, started_at, finished_at, is_successful, result)
values ('alert_clock', '2026-03-04T04:06:00Z', '2026-03-04T04:06:00Z', true, 'nothing to do');
select is(private.job_alert_clock('2026-03-04T04:06:30Z'), null, 'the clock leaves its alert to the watch');
select is(private.job_alert_clock_watch('2026-03-04T04:07:00Z'), '0 opened, 1 resolved', 'which resolves it');
insert into public.job_runs (job, started_at, finished_at, is_successful, result)
values ('alert_clock_watch', now() - interval '1 day', now() - interval '1 day', true, 'nothing to do');
select is(private.job_alert_clock_watch('2026-03-04T05:00:00Z'), 'was away', 'one that was away itself raises nothing');
update private.jobs set registered_at = '2026-03-04T00:00:00Z'
where name = 'alert_clock_watch';
delete from public.job_runs
where job in ('alert_clock', 'alert_clock_watch');
select is(private.job_alert_clock('2026-03-04T05:00:00Z'), '1 opened, 0 resolved', 'and is judged by the clock');

select finish();
rollback;
