/*
 * Dead letters: what could not become a reading, kept until its cause is mended.
 *
 * A body that is no JSON comes by record_dead_letter, a reading that was refused
 * by ingest_readings; both end in private.bury. Who sends the same bad thing
 * again within an hour adds to a count, not to the table.
 */
create function private.dead_letter_fingerprint(reason text, body bytea, reading jsonb)
returns uuid
language sql
immutable
security invoker
set search_path = ''
as $$
  select md5(concat(reason, ':', encode(sha256(body), 'hex'), ':', reading::text))::uuid;
$$;
comment on function private.dead_letter_fingerprint(text, bytea, jsonb) is
'By which a repeated dead letter is found. It finds, it does not prove: compare body and reading too.';

create table public.ingest_dead_letters (
  id bigint generated always as identity,
  organization_id uuid references public.organizations (id) on delete restrict,
  api_key_id uuid,
  received_at timestamptz not null default clock_timestamp(),
  reason text not null,
  detail text,
  content_type text,
  body bytea,
  reading jsonb,
  seen_count bigint not null default 1,
  last_seen_at timestamptz not null default clock_timestamp(),
  replayed_at timestamptz,
  fingerprint uuid not null,
  constraint ingest_dead_letters_pkey primary key (id),
  constraint ingest_dead_letters_content_check check (num_nonnulls(body, reading) = 1),
  constraint ingest_dead_letters_seen_count_check check (seen_count > 0)
);
comment on table public.ingest_dead_letters is
'What could not become a reading, kept as it came until its cause is mended.';
comment on column public.ingest_dead_letters.organization_id is
'The key''s; null when no known key told whose it is, and then only service_role reads it.';
comment on column public.ingest_dead_letters.api_key_id is
'The key as told, known or not; null for API_SECRET_KEY. No foreign key: the letter outlives the key.';
comment on column public.ingest_dead_letters.received_at is 'When the first of its kind reached us.';
comment on column public.ingest_dead_letters.reason is
'invalid_json for a body; for a reading the code that ingest_readings answered.';
comment on column public.ingest_dead_letters.detail is 'For people: a parser''s message, or the pointer to the bad field.';
comment on column public.ingest_dead_letters.content_type is 'Of the body, as the sender told it; null for a reading.';
comment on column public.ingest_dead_letters.body is 'The bytes of a body that could not be parsed; null for a reading.';
comment on column public.ingest_dead_letters.reading is
'The element that ingest_readings refused, less api_key_id and received_at, which stand beside it; null for a body.';
comment on column public.ingest_dead_letters.seen_count is 'How often it came, each time within an hour of the last.';
comment on column public.ingest_dead_letters.last_seen_at is 'When it last came, by the database''s clock.';
comment on column public.ingest_dead_letters.replayed_at is 'When it became a reading after all; null until then.';
comment on column public.ingest_dead_letters.fingerprint is 'private.dead_letter_fingerprint of the letter.';
create index ingest_dead_letters_fingerprint_idx on public.ingest_dead_letters (fingerprint);
create index ingest_dead_letters_organization_id_received_at_idx
on public.ingest_dead_letters (organization_id, received_at desc);

create type private.dead_letter as (
  api_key_id uuid,
  received_at timestamptz,
  reason text,
  detail text,
  content_type text,
  body bytea,
  reading jsonb
);
comment on type private.dead_letter is 'A letter on its way into ingest_dead_letters; body or reading, not both.';

create function private.bury(letters private.dead_letter[])
returns setof bigint
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_an_hour_ago constant timestamptz := clock_timestamp() - interval '1 hour';
begin
  -- A gateway's retry differs in its receive time only, which has its own column.
  select array_agg(row(
    letter.api_key_id, letter.received_at, letter.reason, letter.detail, letter.content_type, letter.body,
    case jsonb_typeof(letter.reading)
      when 'object' then letter.reading - array['api_key_id', 'received_at']
      else letter.reading
    end
  )::private.dead_letter)
  into letters
  from unnest(letters) as letter;

  -- In one order, so that two who send the same letters do not deadlock.
  perform from public.ingest_dead_letters as known
  where known.fingerprint = any (array(
    select private.dead_letter_fingerprint(letter.reason, letter.body, letter.reading)
    from unnest(letters) as letter
  ))
  order by known.id
  for no key update;

  return query
  with arrived as materialized (
    select
      letter.api_key_id, letter.reason, letter.body, letter.reading,
      min(letter.received_at) as received_at,
      min(letter.detail) as detail,
      min(letter.content_type) as content_type,
      count(*) as seen_count,
      private.dead_letter_fingerprint(letter.reason, letter.body, letter.reading) as fingerprint
    from unnest(letters) as letter
    group by letter.api_key_id, letter.reason, letter.body, letter.reading
  ), compared as materialized (
    select
      arrived.*,
      (
        select known.id
        from public.ingest_dead_letters as known
        where known.fingerprint = arrived.fingerprint
        and known.api_key_id is not distinct from arrived.api_key_id
        and known.reading is not distinct from arrived.reading
        and known.body is not distinct from arrived.body
        and known.last_seen_at > v_an_hour_ago
        and known.replayed_at is null
        order by known.id
        limit 1
      ) as known_id
    from arrived
  ), counted as (
    update public.ingest_dead_letters as known
    set
      seen_count = known.seen_count + compared.seen_count,
      last_seen_at = clock_timestamp()
    from compared
    where known.id = compared.known_id
    returning known.id
  ), added as (
    insert into public.ingest_dead_letters (
      organization_id, api_key_id, received_at, reason, detail, content_type, body, reading, seen_count, fingerprint
    )
    select
      case
        when compared.api_key_id is null then private.default_organization_id()
        else (select api_keys.organization_id from public.api_keys where api_keys.id = compared.api_key_id)
      end,
      compared.api_key_id, least(compared.received_at, clock_timestamp()), compared.reason, compared.detail,
      compared.content_type, compared.body, compared.reading, compared.seen_count, compared.fingerprint
    from compared
    where compared.known_id is null
    returning ingest_dead_letters.id
  )
  select counted.id from counted
  union all
  select added.id from added;
end;
$$;
comment on function private.bury(private.dead_letter[]) is
'Keep these letters, or count those that came within the last hour; the ids, in no order. Definer: nobody writes the table otherwise.';

create function public.record_dead_letter(
  api_key_id uuid,
  received_at timestamptz,
  reason text,
  detail text default null,
  content_type text default null,
  body_base64 text default null
)
returns bigint
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.bury(array[row(
    api_key_id, coalesce(received_at, clock_timestamp()), reason, detail, content_type,
    decode(coalesce(body_base64, ''), 'base64'), null
  )::private.dead_letter]);
$$;
comment on function public.record_dead_letter(uuid, timestamptz, text, text, text, text) is
'Keep a body that could not be parsed; its id, or that of the same body within the last hour. api_key_id null: API_SECRET_KEY, so the default organization. 22023: not base64.';

alter table public.ingest_dead_letters enable row level security;

create policy ingest_dead_letters_select_admin on public.ingest_dead_letters
for select to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('admin')));

revoke all on table public.ingest_dead_letters from anon, authenticated, service_role;
revoke all on sequence public.ingest_dead_letters_id_seq from anon, authenticated, service_role;
revoke all on function public.record_dead_letter(uuid, timestamptz, text, text, text, text)
from public, anon, authenticated, service_role;

grant select on table public.ingest_dead_letters to authenticated, service_role;

grant execute on function private.bury(private.dead_letter[]) to service_role;
grant execute on function public.record_dead_letter(uuid, timestamptz, text, text, text, text) to service_role;

notify pgrst, 'reload schema';
