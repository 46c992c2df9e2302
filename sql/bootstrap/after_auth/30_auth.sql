/*
 * Who is asking, and what the project's roles may do with Auth's tables: as on
 * hosted Supabase.
 *
 * Run as supabase_admin at every start, after the gateway has made the schema
 * auth, whose own versions of these functions know one form of the claims only
 * and are put back by each of its inits.
 *
 * The claims of a request are in request.jwt.claims (PostgREST, Realtime, tests)
 * or, in an older form, one setting each (request.jwt.claim.sub). Both are
 * empty, never absent, once any transaction of the session has set them.
 */
create or replace function auth.uid()
returns uuid
language sql
stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  )::uuid
$$;
comment on function auth.uid() is 'Id of the signed-in user; null for anon and service_role.';

create or replace function auth.role()
returns text
language sql
stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
  )
$$;
comment on function auth.role() is 'Role the request runs as: anon, authenticated or service_role.';

create or replace function auth.email()
returns text
language sql
stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.email', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
  )
$$;
comment on function auth.email() is 'E-mail address in the token; it may have changed since.';

create or replace function auth.jwt()
returns jsonb
language sql
stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')
  )::jsonb
$$;
comment on function auth.jwt() is 'All claims of the token; null outside of a request.';

revoke all on schema auth from public;
grant usage on schema auth to postgres, anon, authenticated, service_role;
grant execute on function auth.uid(), auth.role(), auth.email(), auth.jwt()
to postgres, anon, authenticated, service_role;

-- So that a migration can refer to a user and put a trigger on them, and a report can read them.
revoke all on all tables in schema auth from public, anon, authenticated, service_role;
grant insert, update, delete, truncate, references, trigger on all tables in schema auth to postgres;
grant select on all tables in schema auth to postgres with grant option;
