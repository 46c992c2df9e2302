/*
 * Compute the rollups of a span of time anew from the raw readings.
 *
 *   psql "$DATABASE_URL" -v oldest=2026-10-01 -v newest=2026-11-01 -f sql/operations/backfill_rollups.sql
 *
 * oldest, newest   the span, newest exclusive; times without an offset are UTC
 *
 * For after a repair of flow_data that went past its triggers. Writes; may run
 * at any time and again: readers see right values throughout, since an hour
 * that is marked is read from the raw rows. About a second for every ten
 * thousand hours of devices. Hours whose raw readings were dropped stay as they
 * are. What ended less than ten minutes ago is left to the job.
 */
\set ON_ERROR_STOP on
set timezone = 'UTC';

\echo 'Hours of devices that are marked now'
select private.mark_rollups(:'oldest'::timestamptz, :'newest'::timestamptz) as marked;

\echo 'Computed'
select private.refresh_rollups(:'oldest'::timestamptz, :'newest'::timestamptz) as refreshed;

\echo 'Complete now'
select private.rollups_are_complete(:'oldest'::timestamptz, :'newest'::timestamptz) as is_complete;
