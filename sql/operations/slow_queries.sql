/*
 * Where the time goes, by statement. Read-only, a second.
 *
 *   psql "$DATABASE_URL" -v top=20 -f sql/operations/slow_queries.sql
 *
 * top   how many statements
 *
 * It reads pg_stat_statements, which hosted Supabase has; elsewhere set
 * shared_preload_libraries = 'pg_stat_statements' and create the extension.
 * Without it only what runs just now is shown.
 */
\set ON_ERROR_STOP on
begin;
set local transaction_read_only = on;

\echo 'Running now for more than a second'
select
  activity.pid,
  activity.usename as role,
  activity.wait_event_type,
  activity.wait_event,
  now() - activity.query_start as running_for,
  left(activity.query, 200) as query
from pg_catalog.pg_stat_activity as activity
where
  activity.datname = current_database()
  and activity.state = 'active'
  and activity.pid <> pg_backend_pid()
  and activity.query_start < now() - interval '1 second'
order by activity.query_start
limit :top;

select
  exists (
    select from pg_catalog.pg_extension
    where extname = 'pg_stat_statements'
  )
  and 'pg_stat_statements' = any (string_to_array(replace(current_setting('shared_preload_libraries'), ' ', ''), ','))
    as has_statements,
  (
    select pg_namespace.nspname
    from pg_catalog.pg_extension
    inner join pg_catalog.pg_namespace on pg_extension.extnamespace = pg_namespace.oid
    where pg_extension.extname = 'pg_stat_statements'
  ) as statements_schema
\gset

\if :has_statements
set local search_path = :"statements_schema", pg_catalog;

\echo 'The most time in all, since the last reset'
select
  statements.calls,
  statements.rows,
  round(statements.total_exec_time::numeric / 1000, 1) as total_seconds,
  round(statements.mean_exec_time::numeric, 2) as mean_ms,
  round(statements.max_exec_time::numeric, 1) as max_ms,
  round(100.0 * statements.shared_blks_hit / nullif(statements.shared_blks_hit + statements.shared_blks_read, 0), 1)
    as cached_percent,
  left(regexp_replace(statements.query, '\s+', ' ', 'g'), 200) as query
from pg_stat_statements as statements
inner join pg_catalog.pg_database on statements.dbid = pg_database.oid
where pg_database.datname = current_database()
order by statements.total_exec_time desc
limit :top;
\else
\echo 'pg_stat_statements is not installed: no history to show'
\endif

rollback;
