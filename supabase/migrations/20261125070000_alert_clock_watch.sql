/*
 * The alert clock watched: a job of its own that judges that one.
 *
 * Whoever wakes the jobs had to see that the clock stood still, and pg_cron
 * does not look. Now the two judge each other; when nobody wakes either, only
 * somebody outside the database can tell.
 */
drop function private.judge_jobs(timestamptz);

create function private.judge_jobs(as_of timestamptz, judged text[], out opened integer, out resolved integer)
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
    where jobs.name = any (judge_jobs.judged)
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
  where jobs.name = any (judge_jobs.judged)
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
    and (jobs.name is null or jobs.name = any (judge_jobs.judged))
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
comment on function private.judge_jobs(timestamptz, text[]) is
'Of the jobs that judged names: open job_silent (critical) for each without a successful run for its max_silence, job_failing (warning) where the newest run failed, and resolve both by the next success; how many. Definer: nobody else writes alerts.';

create or replace function private.job_alert_clock(as_of timestamptz)
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_opened integer := 0;
  v_resolved integer := 0;
  v_jobs record;
begin
  -- run_job has a lock of its own; this one is for whoever calls it without.
  if not pg_try_advisory_xact_lock(hashtextextended('private.job_alert_clock', 0)) then
    return 'runs already';
  end if;

  if (
    select max(job_runs.finished_at)
    from public.job_runs
    where job_runs.job = 'alert_clock' and job_runs.is_successful
  ) < clock_timestamp() - (select jobs.max_silence from private.jobs where jobs.name = 'alert_clock') then
    insert into private.alert_clock as known (resumed_at) values (job_alert_clock.as_of)
    on conflict (id) do update
    set resumed_at = greatest(known.resumed_at, excluded.resumed_at);
  end if;

  -- What is over goes first: a gateway that is back gives its devices time.
  v_resolved := private.resolve_gateway_alerts(job_alert_clock.as_of);
  v_resolved := v_resolved + private.resolve_silence_alerts(job_alert_clock.as_of);
  v_opened := private.open_gateway_alerts(job_alert_clock.as_of);
  v_opened := v_opened + private.open_silence_alerts(job_alert_clock.as_of);
  v_opened := v_opened + private.open_elapsed_alerts(job_alert_clock.as_of);
  v_jobs := private.judge_jobs(
    job_alert_clock.as_of, array(select jobs.name from private.jobs where jobs.name <> 'alert_clock')
  );
  v_opened := v_opened + v_jobs.opened;
  v_resolved := v_resolved + v_jobs.resolved;

  if v_opened + v_resolved = 0 then
    return null;
  end if;
  return format('%s opened, %s resolved', v_opened, v_resolved);
end;
$$;
comment on function private.job_alert_clock(timestamptz) is
'Open and resolve what follows from time alone: silent gateways, devices and jobs, durations that ended. Its own silence is for job_alert_clock_watch. Definer: nobody else writes alerts.';

create function private.job_alert_clock_watch(as_of timestamptz)
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_jobs record;
begin
  -- After a pause of its own nobody was awake, and the clock gets its time.
  if (
    select max(job_runs.finished_at)
    from public.job_runs
    where job_runs.job = 'alert_clock_watch' and job_runs.is_successful
  ) < clock_timestamp() - (select jobs.max_silence from private.jobs where jobs.name = 'alert_clock_watch') then
    return 'was away';
  end if;

  v_jobs := private.judge_jobs(job_alert_clock_watch.as_of, array['alert_clock']);
  if v_jobs.opened + v_jobs.resolved = 0 then
    return null;
  end if;
  return format('%s opened, %s resolved', v_jobs.opened, v_jobs.resolved);
end;
$$;
comment on function private.job_alert_clock_watch(timestamptz) is
'Open and resolve the alerts about the alert clock. Definer: nobody else writes alerts.';

insert into private.jobs (name, schedule, max_silence) values ('alert_clock_watch', '*/5 * * * *', interval '20 minutes');

select private.register_jobs();
