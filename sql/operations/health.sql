/*
 * Is the database well? Read-only, a few seconds at most.
 *
 *   psql "$DATABASE_URL" -v hours=24 -f sql/operations/health.sql
 *
 * hours   how far back jobs, dead letters and alerts are counted
 *
 * What to look for stands above each table. Run it as `postgres`.
 */
\set ON_ERROR_STOP on
begin;
set local transaction_read_only = on;

\echo 'Size and connections; transactions that have been open for minutes hold back vacuum and rollups'
select
  pg_size_pretty(pg_database_size(current_database())) as database_size,
  count(*) filter (where activity.backend_type = 'client backend') as connections,
  current_setting('max_connections') as connections_max,
  count(*) filter (where activity.wait_event_type = 'Lock') as waiting_for_locks,
  max(now() - activity.xact_start) filter (where activity.backend_type = 'client backend' and activity.pid <> pg_backend_pid())
    as oldest_transaction
from pg_catalog.pg_stat_activity as activity
where activity.datname = current_database();

\echo 'Replication slots; one that is not active keeps WAL until the disk is full'
select
  slots.slot_name,
  slots.plugin,
  slots.active,
  pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), slots.restart_lsn)) as wal_kept
from pg_catalog.pg_replication_slots as slots
order by slots.slot_name;

\echo 'Jobs; is_silent and is_failing should be false everywhere'
select
  jobs.name,
  jobs.schedule,
  newest.finished_at as last_run_at,
  newest.result as last_result,
  coalesce(now() - success.finished_at > jobs.max_silence, now() - jobs.registered_at > jobs.max_silence) as is_silent,
  coalesce(not newest.is_successful, false) as is_failing
from private.jobs
left join lateral (
  select
    job_runs.finished_at,
    job_runs.is_successful,
    job_runs.result
  from public.job_runs
  where job_runs.job = jobs.name
  order by job_runs.finished_at desc
  limit 1
) as newest on true
left join lateral (
  select job_runs.finished_at
  from public.job_runs
  where job_runs.job = jobs.name and job_runs.is_successful
  order by job_runs.finished_at desc
  limit 1
) as success on true
order by jobs.name;

\echo 'Devices by status; silent ones had no contact for 15 minutes and three of their intervals'
select
  organizations.name as organization,
  devices.status,
  count(*) as devices,
  count(*) filter (
    where devices.last_seen < now() - greatest(interval '15 minutes', 3 * devices.expected_interval_s * interval '1 second')
  ) as silent,
  count(*) filter (where devices.last_seen is null) as never_seen
from public.devices
inner join public.organizations on devices.organization_id = organizations.id
group by organizations.name, devices.status
order by organizations.name, devices.status;

\echo 'Open alerts by severity, and those opened in the last hours'
select
  alerts.severity,
  alerts.alert_type,
  count(*) filter (where not alerts.is_resolved) as open,
  count(*) filter (where alerts.created_at > now() - :hours * interval '1 hour') as opened_lately
from public.alerts
where not alerts.is_resolved or alerts.created_at > now() - :hours * interval '1 hour'
group by alerts.severity, alerts.alert_type
order by alerts.severity, alerts.alert_type;

\echo 'Dead letters of the last hours; a reason that grows wants mending, then a replay'
select
  letters.reason,
  count(*) as letters,
  sum(letters.seen_count) as times_seen,
  max(letters.last_seen_at) as newest
from public.ingest_dead_letters as letters
where letters.last_seen_at > now() - :hours * interval '1 hour' and letters.replayed_at is null
group by letters.reason
order by letters.reason;

rollback;
