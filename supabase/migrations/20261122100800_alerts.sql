/*
 * Alerts: what a rule or the system found, until somebody resolves it.
 *
 * At most one open alert per rule (or built-in type) and subject is an index,
 * not a habit of the code that opens them: it says `on conflict do nothing`
 * and may run twice. People write three columns; who and when is stamped.
 */
create table public.alerts (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references public.organizations (id) on delete restrict,
  device_id text,
  gateway_id uuid,
  job text,
  rule_id uuid references public.alert_rules (id) on delete set null,
  alert_type text not null,
  severity text not null,
  message text not null,
  threshold_value double precision,
  actual_value double precision,
  measured_at timestamptz,
  created_at timestamptz not null default now(),
  acknowledged_at timestamptz,
  acknowledged_by uuid,
  is_resolved boolean not null default false,
  resolved_at timestamptz,
  resolved_by uuid,
  resolution_note text,
  metadata jsonb not null default '{}',
  constraint alerts_organization_id_device_id_fkey foreign key (organization_id, device_id)
  references public.devices (organization_id, device_id) on update cascade on delete cascade,
  constraint alerts_organization_id_gateway_id_fkey foreign key (organization_id, gateway_id)
  references public.gateways (organization_id, id) on update cascade on delete cascade,
  constraint alerts_subject_check check (num_nonnulls(device_id, gateway_id, job) = 1),
  constraint alerts_severity_check check (severity in ('info', 'warning', 'critical')),
  constraint alerts_resolved_check check (is_resolved = (resolved_at is not null)),
  constraint alerts_resolution_note_check check (char_length(resolution_note) <= 2000),
  constraint alerts_metadata_check check (jsonb_typeof(metadata) = 'object')
);
comment on table public.alerts is 'One incident of one rule, or of a built-in check, on one subject: a device, a gateway or a job.';
comment on column public.alerts.job is 'Name of a scheduled job; null unless the alert is about one.';
comment on column public.alerts.rule_id is 'The rule that opened it; null for a built-in check, and once the rule is deleted.';
comment on column public.alerts.alert_type is 'The rule''s type when it opened, or the name of the built-in check.';
comment on column public.alerts.threshold_value is 'The rule''s threshold when it opened, in the unit of the watched quantity.';
comment on column public.alerts.actual_value is 'The first value beyond it, in the same unit.';
comment on column public.alerts.measured_at is 'The meter''s time of the reading that opened it; null if none did.';
comment on column public.alerts.created_at is 'When it opened.';
comment on column public.alerts.acknowledged_at is 'When somebody took it on; stamped, and kept from then on.';
comment on column public.alerts.acknowledged_by is 'auth.uid() of who did; null for a program. No foreign key: the alert outlives the person.';
comment on column public.alerts.is_resolved is 'A plain column, since a generated one would not be replicated. Once true it stays.';
comment on column public.alerts.resolved_at is 'When it was resolved; stamped.';
comment on column public.alerts.resolved_by is 'auth.uid() of who did; null for a program. No foreign key: the alert outlives the person.';
comment on column public.alerts.resolution_note is 'What a person has to say about it.';

create unique index alerts_open_subject_key
on public.alerts (organization_id, coalesce(rule_id::text, alert_type), device_id, gateway_id, job)
nulls not distinct where not is_resolved;
comment on index public.alerts_open_subject_key is
'One open alert per rule (else type) and subject. Open one with a bare `on conflict do nothing`.';
create index alerts_organization_id_created_at_idx on public.alerts (organization_id, created_at desc);
create index alerts_organization_id_device_id_created_at_idx
on public.alerts (organization_id, device_id, created_at desc);
create index alerts_organization_id_gateway_id_idx on public.alerts (organization_id, gateway_id);
create index alerts_rule_id_idx on public.alerts (rule_id);

create function private.tg_alerts__stamp()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if old.acknowledged_at is not null then
    new.acknowledged_at := old.acknowledged_at;
    new.acknowledged_by := old.acknowledged_by;
  elsif new.acknowledged_at is not null then
    new.acknowledged_at := now();
    new.acknowledged_by := auth.uid();
  end if;

  if old.is_resolved and not new.is_resolved then
    raise exception 'a resolved alert stays resolved: %', old.id
      using errcode = 'ALRES', hint = 'If the condition holds, its rule opens a new alert.';
  elsif old.is_resolved then
    new.resolved_at := old.resolved_at;
    new.resolved_by := old.resolved_by;
  elsif new.is_resolved then
    new.resolved_at := now();
    new.resolved_by := auth.uid();
  end if;
  return new;
end;
$$;
comment on function private.tg_alerts__stamp() is
'Say who acknowledged or resolved an alert and when, whatever the caller wrote; the first time counts. Reopening is refused (ALRES).';

create function private.tg_alert_rules__resolve_open()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  update public.alerts
  set
    is_resolved = true,
    resolution_note = coalesce(
      alerts.resolution_note,
      case tg_op when 'DELETE' then 'Its rule was deleted.' else 'Its rule no longer watches this.' end
    )
  where alerts.rule_id = old.id
  and not alerts.is_resolved
  and (
    tg_op = 'DELETE'
    or not new.is_enabled
    or new.rule_type <> old.rule_type
    or new.device_id <> alerts.device_id
  );
  return old;
end;
$$;
comment on function private.tg_alert_rules__resolve_open() is
'A rule that is deleted, switched off, given to another device or made another type takes its open alerts along: nothing would ever clear them. Definer: no caller may write the note of an alert they resolve by this.';

create function private.tg_devices__delete_alerts()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  delete from public.alerts
  where alerts.device_id = old.device_id;
  return old;
end;
$$;
comment on function private.tg_devices__delete_alerts() is
'A deleted device takes its alerts along, before the cascade takes its rules: a deleted rule still writes to its open alerts. Definer: nobody deletes alerts otherwise.';

create trigger _100_stamp
before update of acknowledged_at, acknowledged_by, is_resolved, resolved_at, resolved_by on public.alerts
for each row execute function private.tg_alerts__stamp();

create trigger _100_resolve_open before delete on public.alert_rules
for each row execute function private.tg_alert_rules__resolve_open();
create trigger _310_resolve_open after update on public.alert_rules
for each row when (
  not new.is_enabled or (old.device_id, old.rule_type) is distinct from (new.device_id, new.rule_type)
)
execute function private.tg_alert_rules__resolve_open();

create trigger _130_delete_alerts before delete on public.devices
for each row execute function private.tg_devices__delete_alerts();

create trigger _900_audit_acknowledge after update of acknowledged_at on public.alerts
for each row when (old.acknowledged_at is null and new.acknowledged_at is not null)
execute function private.tg__audit('id', 'acknowledge');
create trigger _910_audit_resolve after update of is_resolved on public.alerts
for each row when (not old.is_resolved and new.is_resolved)
execute function private.tg__audit('id', 'resolve');

alter table public.alerts enable row level security;

create policy alerts_select_member on public.alerts
for select to authenticated
using (organization_id = (select private.my_organization_id()));

create policy alerts_update_operator on public.alerts
for update to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('operator')))
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('operator')));

revoke all on table public.alerts from anon, authenticated, service_role;

grant select on table public.alerts to authenticated;
grant update (acknowledged_at, is_resolved, resolution_note) on table public.alerts to authenticated;

grant select on table public.alerts to service_role;

notify pgrst, 'reload schema';
