/*
 * Give the dead letters of one reason another chance, once their cause is mended.
 *
 *   psql "$DATABASE_URL" -v reason=unknown_device -v since=2026-11-01 -v time_offset='0' \
 *     -v most=1000 -f sql/operations/replay_dead_letters.sql
 *
 * reason        ingest_dead_letters.reason, as health.sql lists them
 * since         only letters that last came at or after this time (UTC)
 * time_offset   added to the readings' times; for a gateway whose clock was
 *               wrong by a known interval. '0' in every other case
 * most          how many letters at once, the oldest first
 *
 * Writes. Harmless to repeat: a letter that became a reading is not taken
 * again, one that is refused again stays as it is. Bodies (reason invalid_json)
 * are replayed by the API's command, since the parser is Python.
 */
\set ON_ERROR_STOP on
set timezone = 'UTC';

select
  replayed.verdict,
  replayed.code,
  count(*) as letters
from
  public.replay_dead_letters(
    array(
      select letters.id
      from public.ingest_dead_letters as letters
      where
        letters.reason = :'reason'
        and letters.last_seen_at >= :'since'::timestamptz
        and letters.replayed_at is null
        and letters.reading is not null
      order by letters.id
      limit :most
    ),
    :'time_offset'::interval
  ) as replayed
group by replayed.verdict, replayed.code
order by replayed.verdict, replayed.code;
