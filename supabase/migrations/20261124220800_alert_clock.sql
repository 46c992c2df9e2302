/*
 * The alert clock: what no reading can find out, once a minute.
 *
 * After a pause of its own (the database was down, nobody woke it) everything
 * looks silent at once. Then silence counts from its return: a page for each
 * device of the fleet would be about us. Whether there was a pause is asked of
 * the real clock, so a test may jump with as_of.
 */
create function private.job_alert_clock(as_of timestamptz)
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
  v_jobs := private.judge_jobs(job_alert_clock.as_of);
  v_opened := v_opened + v_jobs.opened;
  v_resolved := v_resolved + v_jobs.resolved;

  if v_opened + v_resolved = 0 then
    return null;
  end if;
  return format('%s opened, %s resolved', v_opened, v_resolved);
end;
$$;
comment on function private.job_alert_clock(timestamptz) is
'Open and resolve what follows from time alone: silent gateways, devices and jobs, durations that ended. It cannot tell its own silence; whoever wakes it has to. Definer: nobody else writes alerts.';

insert into private.jobs (name, schedule, max_silence) values ('alert_clock', '* * * * *', interval '5 minutes');

select private.register_jobs();
