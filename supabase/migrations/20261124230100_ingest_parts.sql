/*
 * Parts: one reading of a meter that came in pieces.
 *
 * A router that asks a meter register by register may post each answer by
 * itself, a second or two apart. Such a reading is a part: it joins the row of
 * its device that lacks all it brings, within half the expected interval and 30
 * seconds of its own time, so that a part of the next poll is nearer to the
 * next row. The row stands at the time of the part that came first; which
 * metric was read when is kept in metadata.parts.
 *
 * Only a row of parts takes parts. A whole reading that lacks the level has
 * said all it had to say: its meter tells no level, or could not. To give it
 * the level of a part ten seconds later would make a reading that nobody took.
 * The one exception is the same instant, where there can be but one row; what
 * completes a whole reading there leaves it whole.
 *
 * Metrics that are taken keep a part out, so polls that come faster than the
 * device's expected_interval_s says stay apart as long as each brings the same
 * metrics. Where it says 300 and the meter is polled every 10 seconds, a level
 * that one poll lost may be filled with that of the next: set the interval.
 *
 * What is looked up first is the row that holds the part already, by its own
 * time. It is looked for as far as any row may have taken it, since the
 * interval may have been changed in between.
 */
create type private.nearby_row as (
  created_at timestamptz,
  measured double precision[],
  parts jsonb,
  arrivals integer
);
comment on type private.nearby_row is
'A row of flow_data that a part may belong to, stored or about to be. measured: its values in the order of private.measured_names, null where it has none. parts: metadata.parts; null if it is a whole reading. arrivals: how many readings of the batch met it.';

create function private.measured_names()
returns text[]
language sql
immutable
security invoker
set search_path = ''
as $$
  select array[
    'flow_rate', 'totalizer', 'temperature', 'pressure', 'level', 'velocity', 'battery_level', 'signal_strength'
  ];
$$;
comment on function private.measured_names() is 'The metrics of a reading, in the order of flow_data''s columns.';

create function private.merged_metadata(stored jsonb, arrived jsonb)
returns jsonb
language sql
immutable
security invoker
set search_path = ''
as $$
  select case
    when jsonb_typeof(stored) <> 'object' or jsonb_typeof(arrived) <> 'object' then stored
    else (arrived - 'parts') || stored || coalesce(
      (
        select jsonb_object_agg(held.key, told.value || held.value)
        from jsonb_each(stored) as held
        inner join jsonb_each(arrived) as told on told.key = held.key
        where jsonb_typeof(held.value) = 'object' and jsonb_typeof(told.value) = 'object'
      ),
      '{}'
    )
  end;
$$;
comment on function private.merged_metadata(jsonb, jsonb) is
'The metadata of a row that another reading completed. What is stored stays; members of both that are objects (parts, raw values) are united. A row without parts gets none.';

create function private.merged_quality(
  stored text, stored_flags text[], arrived text, arrived_flags text[], zero_flag text
)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select case
    when merged_quality.zero_flag = 'ghost_zero' and not (stored <> 'bad' and 'ghost_zero' = any (stored_flags)) then 'bad'
    else (
      select (array['bad', 'suspect', 'good'])[min(array_position(array['bad', 'suspect', 'good'], told.quality))]
      from (
        select case
          when half.quality = 'bad' and 'ghost_zero' = any (half.flags)
            then case when 'clock_suspect' = any (half.flags) then 'suspect' else 'good' end
          else half.quality
        end as quality
        from (
          values (stored, stored_flags), (arrived, arrived_flags)
        ) as half (quality, flags)
      ) as told
    )
  end;
$$;
comment on function private.merged_quality(text, text[], text, text[], text) is
'The quality of a row that another reading completed; zero_flag is that of the whole. The worse of the two, but for what was bad as a ghost only: whether the whole is one is asked anew. A ghost that a person overruled (flagged, and not bad) stays overruled.';

create function private.join_parts(batch private.ingest_reading[])
returns private.ingest_reading[]
language plpgsql
stable
security definer
set search_path = ''
set timezone = 'UTC'
as $$
declare
  v_names constant text[] := private.measured_names();
  v_reach constant interval := interval '30 seconds';
  v_position integer;
  v_reading private.ingest_reading;
  v_device_id text;
  v_measured double precision[];
  v_parts jsonb;
  v_rows private.nearby_row[];
  v_row private.nearby_row;
  v_found integer;
  v_differs boolean;
begin
  -- In the order of their own times, whatever order they came in: the earliest
  -- part of a batch is the one the others join. Whole readings of these devices
  -- take their turn, since a part of the same instant meets them.
  for v_position in
    select listed.ordinality
    from unnest(batch) with ordinality as listed
    where listed.code is null
    and listed.device_id in (
      select part.device_id from unnest(batch) as part
      where part.part_window is not null and part.code is null
    )
    order by listed.device_id, listed.created_at, listed.index
  loop
    v_reading := batch[v_position];
    if v_reading.device_id is distinct from v_device_id then
      v_device_id := v_reading.device_id;
      v_rows := '{}';
    end if;
    v_measured := array[
      v_reading.flow_rate, v_reading.totalizer, v_reading.temperature, v_reading.pressure,
      v_reading.level, v_reading.velocity, v_reading.battery_level, v_reading.signal_strength
    ];
    v_parts := null;
    if v_reading.part_window is not null then
      select jsonb_object_agg(metric.name, v_reading.created_at)
      into v_parts
      from unnest(v_names, v_measured) as metric (name, value)
      where metric.value is not null;
    end if;

    -- The rows within reach: as this batch will leave them, else as stored.
    v_rows := array(
      select row(near.created_at, near.measured, near.parts, near.arrivals)::private.nearby_row
      from unnest(v_rows) as near
      where near.created_at >= v_reading.created_at - v_reach
    );
    v_rows := v_rows || array(
      select row(
        stored.created_at,
        array[
          stored.flow_rate, stored.totalizer, stored.temperature, stored.pressure,
          stored.level, stored.velocity, stored.battery_level, stored.signal_strength
        ],
        case when jsonb_typeof(stored.metadata -> 'parts') = 'object' then stored.metadata -> 'parts' end,
        0
      )::private.nearby_row
      from public.flow_data as stored
      where stored.device_id = v_device_id
      and stored.created_at >= v_reading.created_at - v_reach
      and stored.created_at <= v_reading.created_at + v_reach
      and stored.created_at not in (select known.created_at from unnest(v_rows) as known)
    );

    -- The row that holds the part; a whole reading of its instant, which
    -- remembers no part and so must always be the one that it meets; a row that
    -- lacks all it brings; the row of its instant, whatever it holds.
    select candidate.position
    into v_found
    from (
      select
        near.ordinality as position,
        near.created_at,
        abs(extract(epoch from near.created_at - v_reading.created_at)) as distance,
        case
          when exists (
            select from jsonb_each(v_parts) as part where near.parts -> part.key = part.value
          ) then 1
          when near.created_at = v_reading.created_at and near.parts is null then 2
          when near.parts is not null
            and near.created_at >= v_reading.created_at - v_reading.part_window
            and near.created_at <= v_reading.created_at + v_reading.part_window
            and not exists (
              select from unnest(near.measured, v_measured) as pair (held, told)
              where pair.held is not null and pair.told is not null
            ) then 3
          when near.created_at = v_reading.created_at then 4
        end as claim
      from unnest(v_rows) with ordinality as near
    ) as candidate
    where candidate.claim is not null
    order by candidate.claim, candidate.distance, candidate.created_at
    limit 1;

    if found then
      v_row := v_rows[v_found];
    else
      v_row := row(v_reading.created_at, array_fill(null::double precision, array[8]), v_parts, 0);
      v_found := cardinality(v_rows) + 1;
    end if;

    -- What this reading leaves behind: nothing, if any of its values differs.
    select coalesce(bool_or(pair.held <> pair.told), false)
    into v_differs
    from unnest(v_row.measured, v_measured) as pair (held, told);
    if not v_differs then
      if v_parts is not null then
        v_row.parts := v_parts || v_row.parts;
      end if;
      v_row.measured := array(
        select coalesce(pair.held, pair.told)
        from unnest(v_row.measured, v_measured) with ordinality as pair (held, told, place)
        order by pair.place
      );
    end if;
    v_row.arrivals := v_row.arrivals + 1;
    v_rows[v_found] := v_row;

    batch[v_position].created_at := v_row.created_at;
    batch[v_position].round := v_row.arrivals;
    if v_parts is not null then
      batch[v_position].metadata := v_reading.metadata || jsonb_build_object('parts', v_parts);
    end if;
  end loop;
  return batch;
end;
$$;
comment on function private.join_parts(private.ingest_reading[]) is
'Give each part the instant of the row it belongs to, stored or of this batch, and note its own time in metadata.parts; number the rounds of the devices that have parts. The caller holds the devices'' locks, and calls it in a statement of its own, so that it sees what they waited for. Definer: part of ingest.';

comment on column public.flow_data.metadata is
'What the sender added. reported_at: the time it told, where created_at is not that (clock_suspect, or a replay with an offset). parts: when each metric was read, of a reading that came in parts. replayed: the dead letter it was.';

-- A new month copies its table's comments; the months that are there get this one too.
do $$
declare
  v_month record;
begin
  for v_month in
    select pg_inherits.inhrelid::regclass as partition
    from pg_catalog.pg_inherits
    where pg_inherits.inhparent = 'public.flow_data'::regclass
  loop
    execute format(
      'comment on column %s.metadata is %L', v_month.partition,
      col_description('public.flow_data'::regclass, (
        select pg_attribute.attnum from pg_catalog.pg_attribute
        where pg_attribute.attrelid = 'public.flow_data'::regclass and pg_attribute.attname = 'metadata'
      ))
    );
  end loop;
end;
$$;

notify pgrst, 'reload schema';
