/*
 * Which tables hold dead rows, and which indexes nobody uses. Read-only, a second.
 *
 *   psql "$DATABASE_URL" -v top=20 -f sql/operations/bloat.sql
 *
 * top   how many rows of each list
 *
 * The statistics count since the last reset, so look at a database that has run
 * for days. An index that was never scanned may still hold a constraint.
 */
\set ON_ERROR_STOP on
begin;
set local transaction_read_only = on;

\echo 'Tables with the most dead rows; vacuum_due without a recent autovacuum says that autovacuum does not keep up'
select
  stats.n_live_tup as live_rows,
  stats.n_dead_tup as dead_rows,
  stats.last_autovacuum,
  stats.schemaname || '.' || stats.relname as table_name,
  pg_size_pretty(pg_total_relation_size(stats.relid)) as total_size,
  round(100.0 * stats.n_dead_tup / nullif(stats.n_live_tup + stats.n_dead_tup, 0), 1) as dead_percent,
  stats.n_dead_tup > 50 + 0.2 * stats.n_live_tup as vacuum_due
from pg_catalog.pg_stat_user_tables as stats
where stats.schemaname in ('public', 'private', 'auth')
order by stats.n_dead_tup desc
limit :top;

\echo 'Updates in place (HOT); devices and latest_readings should be above 90 %, or an index or the fillfactor is wrong'
select
  stats.n_tup_upd as updates,
  stats.schemaname || '.' || stats.relname as table_name,
  round(100.0 * stats.n_tup_hot_upd / nullif(stats.n_tup_upd, 0), 1) as hot_percent
from pg_catalog.pg_stat_user_tables as stats
where stats.schemaname in ('public', 'private') and stats.n_tup_upd > 0
order by stats.n_tup_upd desc
limit :top;

\echo 'Indexes that were never scanned, largest first'
select
  stats.relname as table_name,
  pg_index.indisunique as is_unique,
  stats.schemaname || '.' || stats.indexrelname as index_name,
  pg_size_pretty(pg_relation_size(stats.indexrelid)) as size
from pg_catalog.pg_stat_user_indexes as stats
inner join pg_catalog.pg_index on stats.indexrelid = pg_index.indexrelid
where stats.schemaname in ('public', 'private') and stats.idx_scan = 0
order by pg_relation_size(stats.indexrelid) desc
limit :top;

rollback;
