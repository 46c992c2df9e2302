/*
 * Ingest waits for a moment before it repeats a call that lost a deadlock.
 *
 * A row lock that is given up is free for whoever comes first, and the loser,
 * who repeats at once, is nearly always sooner than the one who waits for it:
 * both then met in the same deadlock again. 5 to 60 ms let that one through.
 */
create or replace function public.ingest_readings(readings jsonb)
returns setof public.ingest_verdict
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_as_of constant timestamptz := clock_timestamp();
  v_readable jsonb := readings;
  v_pointers text[];
begin
  if jsonb_typeof(readings) is distinct from 'array' then
    raise exception 'readings are no array: %', coalesce(jsonb_typeof(readings), 'null')
      using errcode = 'RDARR';
  elsif jsonb_array_length(readings) > 1000 then
    raise exception 'too many readings in one call: %', jsonb_array_length(readings)
      using errcode = 'RDMAX', hint = 'Send at most 1000.';
  end if;

  for v_attempt in 1 .. 5 loop
    begin
      return query select * from private.store_readings(readings, v_readable, v_pointers, v_as_of);
      return;
    exception
      -- The last: a rule was deleted while its alert was opened.
      when deadlock_detected or serialization_failure or foreign_key_violation then
        if v_attempt = 5 then
          raise;
        end if;
        perform pg_sleep(0.01 * v_attempt * (0.5 + random()));
      when data_exception then
        if v_attempt = 5 or v_pointers is not null then
          raise;
        end if;
        -- The API lets no such reading through. If one came, it alone is rejected.
        select
          jsonb_agg(mended.readable order by listed.ordinality),
          array_agg(mended.pointer order by listed.ordinality)
        into v_readable, v_pointers
        from jsonb_array_elements(readings) with ordinality as listed (element, ordinality)
        cross join lateral private.make_readable(listed.element) as mended;
    end;
  end loop;
end;
$$;

create or replace function public.schema_version()
returns text
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select '20261125090000';
$$;

notify pgrst, 'reload schema';
