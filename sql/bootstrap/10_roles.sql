/*
 * The roles that hosted Supabase has and a plain PostgreSQL lacks.
 *
 * Run as supabase_admin, the cluster's superuser, at every start: each
 * statement may run again. `postgres` is no superuser, as on hosted Supabase;
 * a migration that needs more than it has fails here too. Passwords are set by
 * whoever runs this, never here.
 */
do $$
declare
  v_role text;
begin
  foreach v_role in array array['anon', 'authenticated', 'service_role', 'authenticator', 'postgres'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
      execute format('create role %I', v_role);
    end if;
  end loop;
end;
$$;

alter role anon nologin noinherit;
alter role authenticated nologin noinherit;
alter role service_role nologin noinherit bypassrls;
alter role authenticator login noinherit;
alter role postgres login nosuperuser createrole createdb replication bypassrls;

-- Inside a block, because the linter's grammar has no lists of roles here.
do $$
begin
  grant anon, authenticated, service_role to authenticator;
  grant anon, authenticated, service_role to postgres with admin option;
  grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres;
end;
$$;

-- What hosted Supabase gives a request of each kind.
alter role authenticator set statement_timeout = '8s';
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
