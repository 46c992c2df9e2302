/*
 * Foundation: what every later migration stands on.
 *
 * Functions are executable by everybody unless told otherwise. Only the global
 * form of the revoke below changes that; with `in schema` it does nothing. It
 * does not touch Supabase's own default grants in public (to anon,
 * authenticated and service_role), so each migration also revokes by name and
 * then grants the minimum.
 */
create schema private;
comment on schema private is
'Helpers, trigger functions and partitions. The Data API must never expose it.';

revoke all on schema private from public;
grant usage on schema private to authenticated, service_role;

alter default privileges revoke execute on functions from public;

create function private.tg__touch_updated_at()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  new.updated_at := now();
  return new;
end;
$$;
comment on function private.tg__touch_updated_at() is
'Stamp updated_at. Bind it to the configuration columns only, never to one that the ingest path writes.';

create function private.is_time_zone(time_zone text)
returns boolean
language sql
stable
security invoker
set search_path = ''
as $$
  select exists (
    select from pg_catalog.pg_timezone_names as zone
    where zone.name = is_time_zone.time_zone
  );
$$;
comment on function private.is_time_zone(text) is
'Whether this is a named zone. PostgreSQL itself also takes made-up POSIX zones such as XYZ9, which this refuses.';

create function private.tg__check_time_zone()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  if new.time_zone is not null and not private.is_time_zone(new.time_zone) then
    raise exception 'unknown time zone: %', new.time_zone
      using errcode = 'UNKTZ', hint = 'Use a name of the tz database, such as Europe/Berlin.';
  end if;
  return new;
end;
$$;
comment on function private.tg__check_time_zone() is
'Refuse a time zone that is not in the tz database (UNKTZ). A trigger, since the list is data and may not stand in a check. Definer: callers hold no right on the helper.';
