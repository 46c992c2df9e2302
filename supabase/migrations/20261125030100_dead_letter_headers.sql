/*
 * Dead letters: the headers without which a body cannot be read again.
 *
 * A body may be gzip by its Content-Encoding, and name its meter in x-device-id
 * only. So the same bytes with other headers are another letter. The road of
 * refused readings (private.bury) stays as it is: those have no headers.
 *
 * A nullable column without default: no rewrite. record_dead_letter gets one more
 * parameter, so the one of old goes; who calls it without headers is served as
 * before.
 */
alter table public.ingest_dead_letters
add column headers jsonb,
add constraint ingest_dead_letters_headers_check check (jsonb_typeof(headers) = 'object');
comment on column public.ingest_dead_letters.headers is
'Of the body: content-encoding and x-device-id, as far as they were sent; null for none and for a reading.';
comment on column public.ingest_dead_letters.reason is
'For a body: invalid_json; for a part of one, as a JSON array or as lines: invalid_json, invalid_value, unknown_device, missing_device_id, unmapped_register, invalid_state. For a reading the code that ingest_readings answered.';
comment on column public.ingest_dead_letters.body is
'The bytes of what no reading could be made of, for the API to read again; null for a reading.';

create function private.bury_body(
  api_key_id uuid,
  received_at timestamptz,
  reason text,
  detail text,
  content_type text,
  body bytea,
  headers jsonb
)
returns bigint
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_fingerprint constant uuid := private.dead_letter_fingerprint(
    bury_body.reason, bury_body.body, bury_body.headers
  );
  v_id bigint;
begin
  select known.id
  into v_id
  from public.ingest_dead_letters as known
  where known.fingerprint = v_fingerprint
  and known.api_key_id is not distinct from bury_body.api_key_id
  and known.body = bury_body.body
  and known.headers is not distinct from bury_body.headers
  and known.last_seen_at > clock_timestamp() - interval '1 hour'
  and known.replayed_at is null
  order by known.id
  limit 1
  for no key update;

  if found then
    update public.ingest_dead_letters as known
    set
      seen_count = known.seen_count + 1,
      last_seen_at = clock_timestamp()
    where known.id = v_id;
    return v_id;
  end if;

  insert into public.ingest_dead_letters (
    organization_id, api_key_id, received_at, reason, detail, content_type, body, headers, fingerprint
  )
  select
    case
      when bury_body.api_key_id is null then private.default_organization_id()
      else (select api_keys.organization_id from public.api_keys where api_keys.id = bury_body.api_key_id)
    end,
    bury_body.api_key_id, least(bury_body.received_at, clock_timestamp()), bury_body.reason, bury_body.detail,
    bury_body.content_type, bury_body.body, bury_body.headers, v_fingerprint
  returning ingest_dead_letters.id into v_id;
  return v_id;
end;
$$;
comment on function private.bury_body(uuid, timestamptz, text, text, text, bytea, jsonb) is
'Keep this body, or count it if it came within the last hour with the same headers; its id. Definer: nobody writes the table otherwise.';

drop function public.record_dead_letter(uuid, timestamptz, text, text, text, text);

create function public.record_dead_letter(
  api_key_id uuid,
  received_at timestamptz,
  reason text,
  detail text default null,
  content_type text default null,
  body_base64 text default null,
  headers jsonb default null
)
returns bigint
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.bury_body(
    api_key_id, coalesce(received_at, clock_timestamp()), reason, detail, content_type,
    decode(coalesce(body_base64, ''), 'base64'), nullif(headers, 'null')
  );
$$;
comment on function public.record_dead_letter(uuid, timestamptz, text, text, text, text, jsonb) is
'Keep a body, or the part of one, that could not become readings, with the headers by which it is read; its id, or that of the same within the last hour. api_key_id null: API_SECRET_KEY, so the default organization. 22023: not base64.';

revoke all on function public.record_dead_letter(uuid, timestamptz, text, text, text, text, jsonb)
from public, anon, authenticated, service_role;

grant execute on function private.bury_body(uuid, timestamptz, text, text, text, bytea, jsonb) to service_role;
grant execute on function public.record_dead_letter(uuid, timestamptz, text, text, text, text, jsonb) to service_role;

notify pgrst, 'reload schema';
