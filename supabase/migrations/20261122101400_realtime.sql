/*
 * Realtime: the two tables browsers subscribe to.
 *
 * Not flow_data: Realtime reads changes under the name of the partition, so a
 * subscriber to a partitioned table hears nothing. Whole tables, without a row
 * filter or a column list: row security decides per subscriber, and Realtime
 * does not apply it to deletes, of which subscribers learn the key only.
 */
alter publication supabase_realtime add table public.latest_readings, public.alerts;
