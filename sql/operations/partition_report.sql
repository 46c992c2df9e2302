/*
 * The months of flow_data: how large, how complete, and when they go.
 * Read-only, a second for years of data.
 *
 *   psql "$DATABASE_URL" -f sql/operations/partition_report.sql
 *
 * A month is dropped by the job `retention` once is_due, rollups_complete and,
 * where private.settings.is_archive_required or it ever was, is_archived. rows_estimated is
 * the planner's, -1 before the first analyze.
 */
\set ON_ERROR_STOP on
begin;
set local transaction_read_only = on;

\echo 'Settings'
select
  settings.raw_retention,
  settings.months_ahead,
  settings.is_archive_required
from private.settings;

\echo 'Months, oldest first'
select
  months.partition,
  pg_class.reltuples::bigint as rows_estimated,
  pg_size_pretty(pg_total_relation_size(months.partition)) as total_size,
  months.ends_at <= now() - settings.raw_retention as is_due,
  private.rollups_are_complete(months.starts_at, months.ends_at) as rollups_complete,
  private.is_archived(months.starts_at, months.ends_at) as is_archived,
  months.ends_at + settings.raw_retention as due_at
from private.flow_data_months() as months
inner join pg_catalog.pg_class on months.partition = pg_class.oid
cross join private.settings
order by months.starts_at;

rollback;
