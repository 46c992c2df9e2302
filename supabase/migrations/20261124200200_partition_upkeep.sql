/*
 * Partition upkeep: months are there before they are needed.
 *
 * Ingest makes a missing month itself; made ahead, no batch has to wait for it.
 */
create function private.job_partitions(as_of timestamptz)
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_before integer;
  v_after integer;
begin
  select count(*) into v_before from pg_catalog.pg_inherits where inhparent = 'public.flow_data'::regclass;
  perform private.create_flow_data_months(
    job_partitions.as_of, job_partitions.as_of + settings.months_ahead * interval '1 month'
  )
  from private.settings;
  select count(*) into v_after from pg_catalog.pg_inherits where inhparent = 'public.flow_data'::regclass;
  return v_after - v_before || ' months made';
end;
$$;
comment on function private.job_partitions(timestamptz) is
'Make the partitions of the month of as_of and of the months ahead (private.settings). Definer: callers own no table.';

insert into private.jobs (name, schedule, max_silence) values ('partitions', '10 0 * * *', interval '26 hours');

select private.register_jobs();
