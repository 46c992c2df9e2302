/*
 * Replay: a dead letter becomes a reading once its cause is mended.
 *
 * A letter takes the road of any reading, with the key it came with and the time
 * it came, so all of ingest's rules hold: a key that was good then is good for
 * it, a repeat is a duplicate, and a late reading neither moves a value back nor
 * opens an alert. One that is refused again keeps its letter as it was. A body
 * that no parser could read is not replayed here: the parser is the API's.
 *
 * A gateway whose clock starts at its firmware's date sends readings that are
 * too old to be taken. time_offset is what a person found that clock to be
 * behind; the time that was told stays in the reading's metadata.reported_at.
 *
 * Letters are looked up without a lock and marked at the end. Ingest locks
 * devices first and letters last; whoever took a letter first and then waited
 * for its device could meet it the wrong way round. Two who replay the same
 * letter are told apart by the reading's own key.
 */
create function private.replay_dead_letters(ids bigint[], time_offset interval)
returns table (letter_id bigint, verdict text, code text, pointer text)
language plpgsql
volatile
security definer
set search_path = ''
set timezone = 'UTC'
set intervalstyle = 'iso_8601'
as $$
declare
  v_as_of constant timestamptz := clock_timestamp();
  v_offset constant interval := coalesce(replay_dead_letters.time_offset, '0');
  v_letters bigint[];
  v_readings jsonb;
  v_readable jsonb;
  v_pointers text[];
  v_verdicts public.ingest_verdict[];
begin
  with letter as (
    select
      known.id,
      mended.pointer,
      mended.readable,
      case jsonb_typeof(known.reading)
        when 'object' then known.reading || arrival.told
        else known.reading
      end as reading,
      -- What no reading may have as its time is refused anyway.
      case
        when v_offset <> '0'
          and (mended.readable ->> 'created_at')::timestamptz >= '0002-01-01T00:00:00Z BC'
          and (mended.readable ->> 'created_at')::timestamptz < '10000-01-01T00:00:00Z'
          then (mended.readable ->> 'created_at')::timestamptz + v_offset
      end as created_at
    from public.ingest_dead_letters as known
    cross join lateral (
      select jsonb_build_object('api_key_id', known.api_key_id, 'received_at', known.received_at) as told
    ) as arrival
    cross join lateral private.make_readable(
      case jsonb_typeof(known.reading) when 'object' then known.reading || arrival.told else known.reading end
    ) as mended
    where known.id = any (replay_dead_letters.ids)
    and known.replayed_at is null
    and known.reading is not null
  )
  select
    array_agg(letter.id order by letter.id),
    jsonb_agg(letter.reading order by letter.id),
    jsonb_agg(
      letter.readable
      || case
        when letter.created_at is null then '{}'
        else jsonb_build_object('created_at', letter.created_at)
      end
      || case
        when coalesce(jsonb_typeof(letter.readable -> 'metadata'), 'null') not in ('null', 'object') then '{}'
        else jsonb_build_object(
          'metadata',
          coalesce(nullif(letter.readable -> 'metadata', 'null'), '{}')
          || jsonb_build_object(
            'replayed', jsonb_build_object('letter_id', letter.id, 'offset', v_offset)
          )
          || case
            when letter.created_at is null then '{}'
            else jsonb_build_object('reported_at', letter.readable -> 'created_at')
          end
        )
      end
      order by letter.id
    ),
    array_agg(letter.pointer order by letter.id)
  into v_letters, v_readings, v_readable, v_pointers
  from letter;

  if v_letters is not null then
    v_verdicts := array(
      select answer
      from private.store_readings(v_readings, v_readable, v_pointers, v_as_of, true) as answer
    );

    perform from public.ingest_dead_letters as known
    where known.id = any (v_letters)
    order by known.id
    for no key update;

    with replayed as (
      update public.ingest_dead_letters as known
      set replayed_at = v_as_of
      from unnest(v_verdicts) as answer
      where known.id = v_letters[answer.index + 1]
      and answer.verdict in ('new', 'merged', 'duplicate')
      and known.replayed_at is null
      returning known.id, known.organization_id, answer.verdict, answer.device_id, answer.created_at
    )
    insert into public.audit_logs (organization_id, user_id, action, resource_type, resource_id, details, ip_address)
    select
      coalesce(
        replayed.organization_id,
        (
          select devices.organization_id
          from public.devices
          where devices.device_id = replayed.device_id
        )
      ),
      auth.uid(), 'replay', 'ingest_dead_letters', replayed.id::text,
      jsonb_build_object(
        'device_id', replayed.device_id, 'created_at', replayed.created_at,
        'verdict', replayed.verdict, 'offset', v_offset
      ),
      private.request_ip()
    from replayed;
  end if;

  return query
  select
    asked.id,
    coalesce(answer.verdict, 'skipped'),
    case
      when answer.verdict is not null then answer.code
      when known.id is null then 'unknown_letter'
      when known.reading is null then 'not_a_reading'
      else 'already_replayed'
    end,
    answer.pointer
  from (
    select distinct unnest(replay_dead_letters.ids) as id
  ) as asked
  left join public.ingest_dead_letters as known on known.id = asked.id
  left join unnest(v_verdicts) as answer on v_letters[answer.index + 1] = asked.id
  where asked.id is not null
  order by asked.id;
end;
$$;
comment on function private.replay_dead_letters(bigint[], interval) is
'public.replay_dead_letters for any letter. Definer: nobody else writes readings and letters.';

create function private.replay_my_dead_letters(ids bigint[], time_offset interval)
returns table (letter_id bigint, verdict text, code text, pointer text)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_mine bigint[];
begin
  if not private.has_role('admin') then
    raise exception 'only an admin replays dead letters'
      using errcode = 'insufficient_privilege';
  end if;
  v_mine := array(
    select letter.id
    from public.ingest_dead_letters as letter
    where letter.id = any (replay_my_dead_letters.ids)
    and letter.organization_id = private.my_organization_id()
  );
  return query
  select *
  from private.replay_dead_letters(v_mine, replay_my_dead_letters.time_offset)
  union all
  select
    asked.id,
    'skipped',
    'unknown_letter',
    null
  from (
    select distinct unnest(replay_my_dead_letters.ids) as id
  ) as asked
  where asked.id is not null
  and asked.id <> all (v_mine);
end;
$$;
comment on function private.replay_my_dead_letters(bigint[], interval) is
'public.replay_dead_letters for the letters of the caller''s organization, whose admin they must be (42501); another''s is as unknown as none. Definer: it is the one road of a person to writing readings.';

create function public.replay_dead_letters(ids bigint[], time_offset interval default '0')
returns table (letter_id bigint, verdict text, code text, pointer text)
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if cardinality(ids) > 1000 then
    raise exception 'too many dead letters in one call: %', cardinality(ids)
      using errcode = 'RDMAX', hint = 'Send at most 1000.';
  elsif time_offset not between interval '-100 years' and interval '100 years' then
    raise exception 'a clock is not behind or ahead by so much: %', time_offset
      using errcode = 'invalid_parameter_value';
  end if;

  if has_function_privilege('private.replay_dead_letters(bigint[], interval)', 'execute') then
    return query select * from private.replay_dead_letters(ids, time_offset);
  else
    return query select * from private.replay_my_dead_letters(ids, time_offset);
  end if;
end;
$$;
comment on function public.replay_dead_letters(bigint[], interval) is
'Ingest the readings of these dead letters again, at most 1,000, with the key and the receive time they came with; one row a letter: the verdict of ingest_readings, or skipped with already_replayed, not_a_reading (a body; the API replays those) or unknown_letter. time_offset is added to the time a reading told, for a gateway whose clock was wrong. A letter that is accepted gets replayed_at; one that is refused again stays as it is. For service_role, and for an admin the letters of their organization (else 42501). RDMAX: more than 1,000. 22023: an offset beyond 100 years.';

comment on column public.audit_logs.action is 'insert, update, delete, acknowledge, resolve or replay.';
comment on column public.ingest_dead_letters.replayed_at is
'When it became a reading after all; null until then. What comes again later is another letter.';

revoke all on function public.replay_dead_letters(bigint[], interval) from public, anon, authenticated, service_role;

grant execute on function private.replay_dead_letters(bigint[], interval) to service_role;
grant execute on function private.replay_my_dead_letters(bigint[], interval) to authenticated;
grant execute on function public.replay_dead_letters(bigint[], interval) to authenticated, service_role;

notify pgrst, 'reload schema';
