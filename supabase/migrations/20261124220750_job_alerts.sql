/*
 * Job alerts: timed work that does not get done.
 *
 * They are of the default organization, whose admins run the project. The job
 * that writes them, the alert clock, is not among those it judges: it cannot
 * tell its own silence, and a run that failed took back what it told. Whoever
 * wakes the jobs sees that (public.get_jobs).
 */
create function private.judge_jobs(as_of timestamptz, out opened integer, out resolved integer)
returns record
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_opened integer;
begin
  with job as (
    select
      jobs.name, jobs.max_silence,
      success.finished_at as success_at,
      greatest(
        coalesce(success.finished_at, jobs.registered_at), (select alert_clock.resumed_at from private.alert_clock)
      ) as since
    from private.jobs
    left join lateral (
      select job_runs.finished_at
      from public.job_runs
      where job_runs.job = jobs.name and job_runs.is_successful
      order by job_runs.finished_at desc
      limit 1
    ) as success on true
    where jobs.name <> 'alert_clock'
  )
  insert into public.alerts (
    organization_id, job, alert_type, severity, message, threshold_value, actual_value, created_at, metadata
  )
  select
    private.default_organization_id(), job.name, 'job_silent', 'critical',
    format(
      'Job %s: no successful run for %s min, more than the %s min allowed (last %s)',
      job.name,
      floor(extract(epoch from judge_jobs.as_of - job.since) / 60),
      trim_scale(round(extract(epoch from job.max_silence) / 60, 1)),
      coalesce(to_char(job.success_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), 'never')
    ),
    extract(epoch from job.max_silence) / 60,
    extract(epoch from judge_jobs.as_of - job.since) / 60,
    judge_jobs.as_of,
    jsonb_build_object('silent_since', job.since)
  from job
  where job.since < judge_jobs.as_of - job.max_silence
  -- One silence raises one alert, also if a person has resolved it.
  and not exists (
    select from public.alerts
    where alerts.organization_id = private.default_organization_id()
    and alerts.job = job.name
    and alerts.alert_type = 'job_silent'
    and (alerts.metadata ->> 'silent_since')::timestamptz = job.since
  )
  on conflict do nothing;
  get diagnostics v_opened = row_count;
  opened := v_opened;

  insert into public.alerts (organization_id, job, alert_type, severity, message, created_at, metadata)
  select
    private.default_organization_id(), jobs.name, 'job_failing', 'warning',
    format(
      'Job %s failed: %s (%s UTC)', jobs.name, left(newest.result, 500),
      to_char(newest.finished_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
    ),
    judge_jobs.as_of,
    jsonb_build_object('failed_at', newest.finished_at)
  from private.jobs
  cross join lateral (
    select job_runs.finished_at, job_runs.is_successful, job_runs.result
    from public.job_runs
    where job_runs.job = jobs.name
    order by job_runs.finished_at desc
    limit 1
  ) as newest
  where jobs.name <> 'alert_clock'
  and not newest.is_successful
  and not exists (
    select from public.alerts
    where alerts.organization_id = private.default_organization_id()
    and alerts.job = jobs.name
    and alerts.alert_type = 'job_failing'
    and (alerts.metadata ->> 'failed_at')::timestamptz = newest.finished_at
  )
  on conflict do nothing;
  get diagnostics v_opened = row_count;
  opened := opened + v_opened;

  with over as materialized (
    select alerts.id, jobs.name
    from public.alerts
    left join private.jobs on jobs.name = alerts.job
    left join lateral (
      select job_runs.finished_at, job_runs.is_successful
      from public.job_runs
      where job_runs.job = jobs.name
      and (alerts.alert_type = 'job_failing' or job_runs.is_successful)
      order by job_runs.finished_at desc
      limit 1
    ) as newest on true
    where alerts.alert_type in ('job_silent', 'job_failing')
    and not alerts.is_resolved
    and (
      jobs.name is null
      or (
        newest.is_successful
        and (alerts.alert_type = 'job_failing' or newest.finished_at >= judge_jobs.as_of - jobs.max_silence)
      )
    )
    for no key update of alerts skip locked
  )
  update public.alerts
  set
    is_resolved = true,
    resolution_note = case
      when over.name is null then coalesce(alerts.resolution_note, 'There is no such job any more.')
      else alerts.resolution_note
    end
  from over
  where alerts.id = over.id;
  get diagnostics resolved = row_count;
end;
$$;
comment on function private.judge_jobs(timestamptz) is
'Open job_silent (critical) for each job without a successful run for its max_silence, job_failing (warning) where the newest run failed, and resolve both by the next success; how many. Definer: nobody else writes alerts.';
