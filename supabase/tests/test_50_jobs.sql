/* Jobs: how they are run and recorded, and who may. */
begin;
select plan(18);

select tests.make_two_organizations();

create function private.job_tap_good(as_of timestamptz)
returns text
language plpgsql
volatile
as $$
begin
  update public.sites set name = 'Touched'
  where id = md5('site North')::uuid;
  return 'good at ' || to_char(as_of at time zone 'UTC', 'YYYY-MM-DD HH24:MI');
end;
$$;
create function private.job_tap_silent(as_of timestamptz) returns text language sql volatile as $$ select null::text; $$;
create function private.job_tap_bad(as_of timestamptz)
returns text
language plpgsql
volatile
as $$
begin
  update public.sites set name = 'Spoiled'
  where id = md5('site South')::uuid;
  raise exception 'no luck' using errcode = 'TAPTP';
end;
$$;
insert into private.jobs (name, schedule, max_silence)
values ('tap_good', '* * * * *', '1 hour'), ('tap_silent', '* * * * *', '1 hour'), ('tap_bad', '* * * * *', '1 hour');

-- Running ---------------------------------------------------------------------

select is(
  private.run_job('tap_good', '2026-03-01T12:30:00Z'), 'good at 2026-03-01 12:30',
  'a job is told the time and tells what it did'
);
select results_eq(
  $$ select name from public.sites where id = md5('site North')::uuid $$, array['Touched'], 'which is done'
);
select is(private.run_job('tap_silent'), 'nothing to do', 'no answer is nothing to do');
select is(private.run_job('tap_bad'), 'failed: TAPTP no luck', 'a failure is told and raises nothing');
select results_eq(
  $$ select name from public.sites where id = md5('site South')::uuid $$, array['South plant'],
  'and what it did is undone'
);
select results_eq(
  $$
    select job, is_successful, result, finished_at >= started_at from public.job_runs
    where job like 'tap\_%' order by id
  $$,
  $$
    values
    ('tap_good', true, 'good at 2026-03-01 12:30', true),
    ('tap_silent', true, 'nothing to do', true),
    ('tap_bad', false, 'TAPTP no luck', true)
  $$,
  'every run is recorded'
);
select throws_ok($$ select private.run_job('tap_none') $$, 'UNKJB', 'no such job: tap_none', 'a job nobody knows');
insert into public.job_runs (job, started_at, finished_at, is_successful, result)
values ('tap_good', now() - interval '31 days', now() - interval '31 days', true, 'old'),
('tap_good', now() - interval '29 days', now() - interval '29 days', true, 'kept');
select tests.sign_in('service_role');
select is(public.run_job('tap_good') like 'good at %', true, 'the scheduler may run one');
select tests.sign_out();
select results_eq(
  $$ select result from public.job_runs where job = 'tap_good' and started_at < now() - interval '1 day' $$,
  array['kept'], 'which forgets its runs of more than 30 days ago'
);

-- What there is ---------------------------------------------------------------

select results_eq(
  $$
    select name, schedule, max_silence, last_success_at is not null, last_failure_at is not null
    from public.get_jobs() where name like 'tap\_%'
  $$,
  $$
    values
    ('tap_bad', '* * * * *', interval '1 hour', false, true),
    ('tap_good', '* * * * *', interval '1 hour', true, false),
    ('tap_silent', '* * * * *', interval '1 hour', true, false)
  $$,
  'the jobs and how they last ended'
);
delete from private.jobs
where name like 'tap\_%';
select is_empty(
  $$
    select jobs.name from private.jobs
    where to_regprocedure(format('private.job_%s(timestamp with time zone)', jobs.name)) is null
  $$,
  'every job has its function'
);
select is_empty(
  $$
    select pg_proc.oid::regprocedure from pg_catalog.pg_proc
    where pronamespace = 'private'::regnamespace and proname like 'job\_%' and proname not like 'job\_tap\_%'
    and substr(proname, 5) not in (select jobs.name from private.jobs)
  $$,
  'and every such function is a job'
);
select results_eq(
  $$ select person, outcome from tests.attempts('select public.run_job(''partitions'')') where outcome not like '42501%' $$,
  $$ values ('service_role', '1 rows') $$, 'nobody else runs jobs'
);
select tests.make_person('default.admin', 'admin', private.default_organization_id());
select tests.make_person('default.viewer', 'viewer', private.default_organization_id());
select results_eq(
  $$
    select people.person, tests.seen_by(people.person, 'select result from public.job_runs where job = ''tap_bad''')
    from (
      select person from tests.people()
      union all
      values ('default.viewer'), ('default.admin')
    ) as people
  $$,
  $$
    values
    ('north.viewer', 'nothing'), ('north.operator', 'nothing'), ('north.admin', 'nothing'),
    ('north.inactive', 'nothing'), ('south.viewer', 'nothing'), ('south.admin', 'nothing'), ('stranger', 'nothing'),
    ('anon', '42501 permission denied for table job_runs'), ('service_role', 'TAPTP no luck'),
    ('default.viewer', 'nothing'), ('default.admin', 'TAPTP no luck')
  $$,
  'how they ended is for the admins of the default organization'
);
select policies_are('public', 'job_runs', array['job_runs_select_admin'], 'one policy, and it is for reading');
select table_privs_are('public', 'job_runs', 'authenticated', array['SELECT'], 'people only read it');
select table_privs_are('public', 'job_runs', 'anon', array[]::text[], 'anon not even that');

-- Partitions ------------------------------------------------------------------

update private.settings set months_ahead = 3;
select private.run_job('partitions', '2031-11-30T23:00:00Z');
select results_eq(
  $$
    select inhrelid::regclass::text from pg_catalog.pg_inherits
    where inhparent = 'public.flow_data'::regclass and inhrelid::regclass::text ~ '_203[12]_' order by 1
  $$,
  $$
    values ('private.flow_data_2031_11'), ('private.flow_data_2031_12'), ('private.flow_data_2032_01'),
    ('private.flow_data_2032_02')
  $$,
  'the month and those ahead are there'
);

select finish();
rollback;
