/*
 * Dead letters do not stay for good.
 *
 * A flood of them (a gateway that posts an unknown device every five seconds is
 * 17,000 a day) must not become one huge delete. Letters are about in the order
 * of their ids, so those that are due are found at the beginning of the primary
 * key; an index on last_seen_at would be written each time a letter is counted.
 */
create function private.job_dead_letters(as_of timestamptz)
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_batch constant integer := 10000;
  v_most constant integer := 1000000;
  v_due timestamptz;
  v_deleted integer;
  v_last bigint := 0;
  v_total integer := 0;
begin
  select job_dead_letters.as_of - settings.dead_letter_retention
  into v_due
  from private.settings;

  -- Nobody waits: who holds a letter is counting or replaying it. Each batch
  -- begins where the last one ended, not at what that one deleted.
  loop
    with due as (
      select letter.id
      from public.ingest_dead_letters as letter
      where letter.id > v_last
      and letter.last_seen_at < v_due
      order by letter.id
      limit v_batch
      for update skip locked
    ), gone as (
      delete from public.ingest_dead_letters
      where ingest_dead_letters.id in (select due.id from due)
      returning ingest_dead_letters.id
    )
    select
      count(*),
      max(gone.id)
    into v_deleted, v_last
    from gone;
    v_total := v_total + v_deleted;
    exit when v_deleted < v_batch or v_total >= v_most;
  end loop;
  return v_total || ' dead letters deleted';
end;
$$;
comment on function private.job_dead_letters(timestamptz) is
'Delete the letters that came last so long before as_of as the settings keep them, replayed or not; at most a million a run. Definer: nobody else deletes.';

insert into private.jobs (name, schedule, max_silence) values ('dead_letters', '40 1 * * *', interval '26 hours');

select private.register_jobs();
