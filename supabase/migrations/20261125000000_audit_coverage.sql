/*
 * Audit, complete: organizations, the settings, and notes on alerts as well.
 *
 * An entry is for the admins of one organization. What changes hands is the
 * business of both, the one that loses it and the one that gets it, and leaves
 * an entry with each. What belongs to the project and to no organization is
 * logged for the default one, whose admins run the project. A person in no
 * organization is nobody's configuration: they leave an entry when they join.
 *
 * The entry about a new organization refers to it, so an organization that was
 * made can not be deleted any more, not even an empty one: the log is append
 * only.
 */
create or replace function private.tg__audit()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_unlogged constant text[] := array['key_hash', 'last_seen', 'last_used_at', 'updated_at'];
  v_old constant jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) - v_unlogged end;
  v_new constant jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) - v_unlogged end;
  v_owner constant text := coalesce(tg_argv[2], 'organization_id');
  v_organization_ids uuid[];
  v_changed jsonb;
begin
  if tg_op = 'UPDATE' then
    select jsonb_object_agg(after.key, jsonb_build_object('old', v_old -> after.key, 'new', after.value))
    into v_changed
    from jsonb_each(v_new) as after
    where after.value is distinct from v_old -> after.key;
    if v_changed is null then
      return null;
    end if;
  end if;

  v_organization_ids := array(
    select distinct concerned.id
    from unnest(array[v_new ->> v_owner, v_old ->> v_owner]::uuid[]) as concerned (id)
    where concerned.id is not null
  );
  if v_organization_ids = '{}' then
    if tg_relid = 'public.users'::regclass then
      return null;
    end if;
    v_organization_ids := array[private.default_organization_id()];
  end if;

  insert into public.audit_logs (organization_id, user_id, action, resource_type, resource_id, details, ip_address)
  select
    concerned.id,
    auth.uid(),
    coalesce(nullif(tg_argv[1], ''), lower(tg_op)),
    tg_table_name,
    coalesce(v_new, v_old) ->> tg_argv[0],
    case tg_op
      when 'INSERT' then jsonb_build_object('new', v_new)
      when 'DELETE' then jsonb_build_object('old', v_old)
      else jsonb_build_object('changed', v_changed)
    end,
    private.request_ip()
  from unnest(v_organization_ids) as concerned (id);
  return null;
end;
$$;
comment on function private.tg__audit() is
'Write a row''s change to audit_logs, once for each organization it concerns: before, after, the default one if it belongs to none. A person in none leaves no entry. Arguments: the column that names the row, then the action (default or empty: the SQL command), then the column with the organization (default organization_id). Definer: nobody may write audit_logs otherwise.';

comment on column public.audit_logs.organization_id is
'Whose admins read it: the organization the row belonged or belongs to; the default one for what belongs to the project.';
comment on column public.audit_logs.action is 'insert, update, delete, acknowledge, resolve, annotate (a note on an alert) or replay (a dead letter).';

create trigger _900_audit
after insert or update of id, name, time_zone, day_start, alert_channels, created_at on public.organizations
for each row execute function private.tg__audit('id', '', 'id');

create trigger _900_audit after insert or delete or update on private.settings
for each row execute function private.tg__audit('id');

create trigger _920_audit_annotate after update of resolution_note on public.alerts
for each row when (
  old.resolution_note is distinct from new.resolution_note
  and old.is_resolved = new.is_resolved
  and (old.acknowledged_at is null) = (new.acknowledged_at is null)
)
execute function private.tg__audit('id', 'annotate');

notify pgrst, 'reload schema';
