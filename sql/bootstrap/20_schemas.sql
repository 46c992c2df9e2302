/*
 * Schemas, default grants and the publication, as on hosted Supabase.
 *
 * The default grants are as permissive as Supabase's: a new table in public
 * starts with every privilege for anon and authenticated, so that a migration
 * that forgets to revoke is caught here and not in production.
 */
create schema if not exists extensions;
comment on schema extensions is 'Extensions, kept out of public.';
grant usage on schema extensions to public;

do $$
begin
  execute format('alter database %I set search_path = "$user", public, extensions', current_database());
  execute format('grant create on database %I to postgres', current_database());
end;
$$;

alter schema public owner to postgres;
grant usage on schema public to anon, authenticated, service_role;

alter default privileges for role postgres in schema public
grant all on tables to anon, authenticated, service_role;
alter default privileges for role postgres in schema public
grant all on functions to anon, authenticated, service_role;
alter default privileges for role postgres in schema public
grant all on sequences to anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public
grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public
grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public
grant all on sequences to postgres, anon, authenticated, service_role;

do $$
begin
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
end;
$$;
alter publication supabase_realtime owner to postgres;

-- pgTAP where the server has it: the embedded build always, another by its package.
do $$
begin
  if exists (select from pg_catalog.pg_available_extensions where name = 'pgtap') then
    create extension if not exists pgtap with schema extensions;
  end if;
end;
$$;

/*
 * The REST server reloads its picture of the schema when DDL has run, as on
 * hosted Supabase.
 */
create or replace function extensions.pgrst_ddl_watch()
returns event_trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  perform pg_catalog.pg_notify('pgrst', 'reload schema');
end;
$$;
comment on function extensions.pgrst_ddl_watch() is 'Tell the REST server to reload its schema cache.';

-- Inside a block, because the linter's grammar has no event triggers.
do $$
begin
  drop event trigger if exists pgrst_ddl_watch;
  create event trigger pgrst_ddl_watch on ddl_command_end
  when tag in (
    'CREATE SCHEMA', 'ALTER SCHEMA', 'CREATE TABLE', 'CREATE TABLE AS', 'ALTER TABLE', 'CREATE VIEW', 'ALTER VIEW',
    'CREATE FUNCTION', 'ALTER FUNCTION', 'CREATE TYPE', 'ALTER TYPE', 'COMMENT'
  )
  execute function extensions.pgrst_ddl_watch();

  drop event trigger if exists pgrst_drop_watch;
  create event trigger pgrst_drop_watch on sql_drop
  execute function extensions.pgrst_ddl_watch();
end;
$$;
