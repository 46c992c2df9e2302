/*
 * Rollup backfill: hours of readings that were there before the rollups.
 *
 * They are only marked; the job computes them, oldest first, some thousand a run
 * (private.refresh_rollups does it faster). Until then they are read from the
 * readings. A migration of its own, so that the lock for the triggers is given
 * back before. It takes some 50 us for each hour of a device (100 s for 1,000
 * devices and 90 days) and scans nothing. A late reading waits for its end, and
 * so does one for the hour that runs: that is why this hour comes last.
 */
select private.note_dropped_months();
select private.mark_rollups('-infinity', private.utc_hour(now()));
select private.mark_rollups(private.utc_hour(now()), 'infinity');
