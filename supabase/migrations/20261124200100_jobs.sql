/*
 * Jobs: what has to happen with time, without a reading to trigger it.
 *
 * A job is a function private.job_<name>(as_of timestamptz) that answers a line
 * of text about what it did. private.jobs lists them; whoever wakes them, calls
 * run_job: pg_cron where it is installed (private.register_jobs), the API's
 * scheduler elsewhere, both at once if it so happens. A job runs once at a time.
 *
 * A run is recorded when it ends, with its transaction: a run that was killed
 * leaves no record, and is noticed by the silence.
 */
create table private.jobs (
  name text not null,
  schedule text not null,
  max_silence interval not null,
  registered_at timestamptz not null default now(),
  constraint jobs_pkey primary key (name),
  constraint jobs_name_check check (name ~ '^[a-z][a-z_]{0,40}$'),
  constraint jobs_max_silence_check check (max_silence > interval '0')
);
comment on table private.jobs is 'The functions private.job_<name> that have to be called on time. Written by migrations only.';
comment on column private.jobs.schedule is 'Five fields as in crontab(5), in UTC.';
comment on column private.jobs.max_silence is 'Without a successful run for so long something is wrong.';
comment on column private.jobs.registered_at is 'From when on it is expected to run.';

create table public.job_runs (
  id bigint generated always as identity,
  job text not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  is_successful boolean not null,
  result text not null,
  constraint job_runs_pkey primary key (id)
);
comment on table public.job_runs is 'How the jobs of the last 30 days ended. For the admins of the default organization, who run the project.';
comment on column public.job_runs.job is 'private.jobs.name.';
comment on column public.job_runs.result is 'What it did, or SQLSTATE and message of its failure.';
create index job_runs_job_finished_at_idx on public.job_runs (job, finished_at desc);

create function private.run_job(job text, as_of timestamptz default null)
returns text
language plpgsql
volatile
security definer
set search_path = ''
set timezone = 'UTC'
as $$
declare
  v_started_at constant timestamptz := clock_timestamp();
  v_result text;
  v_is_successful boolean := true;
begin
  if not exists (select from private.jobs where jobs.name = run_job.job) then
    raise exception 'no such job: %', run_job.job using errcode = 'UNKJB';
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('private.run_job ' || run_job.job, 0)) then
    return 'runs already';
  end if;

  begin
    execute format('select private.%I($1)', 'job_' || run_job.job)
    into v_result
    using coalesce(run_job.as_of, v_started_at);
  exception
    when others then
      v_is_successful := false;
      v_result := sqlstate || ' ' || sqlerrm;
  end;

  insert into public.job_runs (job, started_at, finished_at, is_successful, result)
  values (run_job.job, v_started_at, clock_timestamp(), v_is_successful, coalesce(v_result, 'nothing to do'));
  delete from public.job_runs
  where job_runs.job = run_job.job
  and job_runs.finished_at < v_started_at - interval '30 days';
  return case when v_is_successful then coalesce(v_result, 'nothing to do') else 'failed: ' || v_result end;
end;
$$;
comment on function private.run_job(text, timestamptz) is
'Run private.job_<job> unless it runs already, and record how it ended; what it did, "runs already", or "failed: " and why. as_of: the time it shall take for now. UNKJB: no such job. Definer: jobs touch what no role may.';

create function public.run_job(job text)
returns text
language sql
volatile
security invoker
set search_path = ''
-- PostgREST applies it to the request, whose role would have it end after seconds.
set statement_timeout = '10min'
as $$
  select private.run_job(job);
$$;
comment on function public.run_job(text) is 'private.run_job, now; for the scheduler.';

create function private.register_jobs()
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_job record;
begin
  -- The extension may have come with a dump to a server that does not load its
  -- library: its functions raise there.
  if not exists (select from pg_catalog.pg_extension where extname = 'pg_cron')
    or current_setting('shared_preload_libraries') !~ '\mpg_cron\M' then
    return 0;
  end if;

  for v_job in
    select cron_job.jobname as name
    from cron.job as cron_job
    where cron_job.jobname like 'fluxio\_%'
    and cron_job.username = current_user
    and cron_job.jobname not in (select 'fluxio_' || jobs.name from private.jobs)
  loop
    perform cron.unschedule(v_job.name);
  end loop;

  -- Only what differs: each change makes pg_cron read all its jobs again.
  for v_job in
    select jobs.name, jobs.schedule, format('select private.run_job(%L)', jobs.name) as command
    from private.jobs
    where not exists (
      select from cron.job as cron_job
      where cron_job.jobname = 'fluxio_' || jobs.name
      and cron_job.username = current_user
      and cron_job.schedule = jobs.schedule
      and cron_job.command = format('select private.run_job(%L)', jobs.name)
    )
    order by jobs.name
  loop
    perform cron.schedule('fluxio_' || v_job.name, v_job.schedule, v_job.command);
  end loop;

  -- pg_cron keeps its own record of each run for ever.
  delete from cron.job_run_details
  where job_run_details.username = current_user
  and job_run_details.command like 'select private.run\_job(%'
  and job_run_details.end_time < now() - interval '7 days';
  return (select count(*) from private.jobs);
end;
$$;
comment on function private.register_jobs() is
'Hand every job to pg_cron, and take back what is no job any more; how many, 0 without pg_cron. May be called again and again. Definer: pg_cron runs a job as whoever registered it, which must be the owner.';

create function private.get_jobs()
returns table (
  name text,
  schedule text,
  max_silence interval,
  is_in_cron boolean,
  last_success_at timestamptz,
  last_failure_at timestamptz
)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_active text[] := '{}'::text[];
begin
  if private.register_jobs() > 0 then
    select coalesce(array_agg(substr(cron_job.jobname::text, 8)), '{}')
    into v_active
    from cron.job as cron_job
    where cron_job.username = current_user
    and cron_job.active
    and cron_job.jobname like 'fluxio\_%';
  end if;

  return query
  select
    jobs.name, jobs.schedule, jobs.max_silence,
    -- Registered is not running: without a run for so long somebody else has to wake it.
    jobs.name = any (v_active)
    and greatest(ended.success_at, ended.failure_at, jobs.registered_at) > now() - jobs.max_silence,
    ended.success_at, ended.failure_at
  from private.jobs
  cross join lateral (
    select
      max(job_runs.finished_at) filter (where job_runs.is_successful) as success_at,
      max(job_runs.finished_at) filter (where not job_runs.is_successful) as failure_at
    from public.job_runs
    where job_runs.job = jobs.name
  ) as ended
  order by jobs.name;
end;
$$;
comment on function private.get_jobs() is 'public.get_jobs. Definer: private.jobs and pg_cron''s tables are for the owner only.';

create function public.get_jobs()
returns table (
  name text,
  schedule text,
  max_silence interval,
  is_in_cron boolean,
  last_success_at timestamptz,
  last_failure_at timestamptz
)
language sql
volatile
security invoker
set search_path = ''
as $$
  select * from private.get_jobs();
$$;
comment on function public.get_jobs() is
'The jobs, whether pg_cron wakes them (then nobody else needs to; a job that it did not run for max_silence counts as not), and how they last ended. Hands them to pg_cron first, if that was installed meanwhile. For the scheduler.';

alter table private.jobs enable row level security;
alter table public.job_runs enable row level security;

create policy job_runs_select_admin on public.job_runs
for select to authenticated
using (
  (select private.my_organization_id()) = '00000000-0000-0000-0000-000000000001'
  and (select private.has_role('admin'))
);

revoke all on table private.jobs from public, anon, authenticated, service_role;
revoke all on table public.job_runs from anon, authenticated, service_role;
revoke all on sequence public.job_runs_id_seq from anon, authenticated, service_role;
revoke all on function public.run_job(text) from public, anon, authenticated, service_role;
revoke all on function public.get_jobs() from public, anon, authenticated, service_role;

grant select on table public.job_runs to authenticated, service_role;
grant execute on function private.run_job(text, timestamptz) to service_role;
grant execute on function private.get_jobs() to service_role;
grant execute on function public.run_job(text) to service_role;
grant execute on function public.get_jobs() to service_role;

notify pgrst, 'reload schema';
