/*
 * A month that another session made while this one waited is seen.
 *
 * to_regclass answers from this session's cache, and an advisory lock does not
 * bring that up to date: after the wait the month still looked missing, and
 * making it again failed (42P07), an ingest call with it. A look into pg_class
 * does.
 */
create or replace function private.create_flow_data_month(month timestamp)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_month constant timestamp := date_trunc('month', month);
  v_partition constant text := to_char(v_month, '"flow_data_"YYYY_MM');
begin
  -- Two batches may meet in a new month; the second finds the table made.
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('private.create_flow_data_month', 0));
  if exists (
    select from pg_catalog.pg_class
    where pg_class.relnamespace = 'private'::regnamespace and pg_class.relname = v_partition
  ) then
    return;
  end if;

  -- Not `create table ... partition of`: that shuts readers and writers out of
  -- flow_data. Attaching lets both go on.
  execute format('create table private.%I (like public.flow_data including all)', v_partition);
  execute format(
    'comment on table private.%I is %L', v_partition, 'flow_data of ' || to_char(v_month, 'YYYY-MM') || ' (UTC).'
  );
  execute format('alter table private.%I enable row level security', v_partition);
  execute format('revoke all on table private.%I from public, anon, authenticated, service_role', v_partition);
  execute format(
    'alter table public.flow_data attach partition private.%I for values from (%L) to (%L)',
    v_partition, v_month at time zone 'UTC', (v_month + interval '1 month') at time zone 'UTC'
  );
end;
$$;
