/*
 * Alert rules: what an operator wants watched.
 *
 * A rule for a device belongs to the device's organization, whatever its
 * writer says; the composite foreign key keeps the two together when a device
 * moves. A rule without a device watches every device of its organization.
 *
 * The type list is complete from the start, so that a rule can be written
 * before its judge is installed. Only high_flow and low_flow are judged so far.
 */
create table public.alert_rules (
  id uuid primary key default gen_random_uuid(),
  device_id text,
  organization_id uuid not null references public.organizations (id) on delete restrict,
  rule_name text not null,
  rule_type text not null,
  threshold_value double precision,
  deadband double precision not null default 0,
  duration_minutes integer not null default 0,
  severity text not null default 'warning',
  is_enabled boolean not null default true,
  notification_channels jsonb not null default '[]',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint alert_rules_organization_id_device_id_fkey foreign key (organization_id, device_id)
  references public.devices (organization_id, device_id) on update cascade on delete cascade,
  constraint alert_rules_rule_name_check check (char_length(rule_name) between 1 and 200),
  constraint alert_rules_rule_type_check check (rule_type in (
    'high_flow', 'low_flow', 'zero_flow', 'no_data', 'device_offline', 'battery_low', 'rate_of_change', 'stuck_value'
  )),
  constraint alert_rules_threshold_value_check check (
    threshold_value > '-infinity' and threshold_value < 'infinity'
  ),
  constraint alert_rules_threshold_needed_check check (
    threshold_value is not null
    or rule_type not in ('high_flow', 'low_flow', 'battery_low', 'rate_of_change')
  ),
  constraint alert_rules_deadband_check check (deadband >= 0 and deadband < 'infinity'),
  constraint alert_rules_duration_minutes_check check (duration_minutes >= 0),
  constraint alert_rules_severity_check check (severity in ('info', 'warning', 'critical')),
  constraint alert_rules_notification_channels_check check (jsonb_typeof(notification_channels) in ('array', 'object'))
);
comment on table public.alert_rules is 'What an operator wants watched. Only high_flow and low_flow are judged so far.';
comment on column public.alert_rules.device_id is 'null means every device of the organization.';
comment on column public.alert_rules.organization_id is 'The device''s; without a device the writer''s, else the default one. Kept by trigger.';
comment on column public.alert_rules.threshold_value is
'In the unit of the watched quantity: flow m3/h, battery %; null for a type that compares with nothing.';
comment on column public.alert_rules.deadband is
'In the unit of threshold_value: how far back inside a value must be before the alert clears.';
comment on column public.alert_rules.duration_minutes is '[min] How long the condition must hold before an alert opens.';
comment on column public.alert_rules.notification_channels is 'Who is told besides the dashboard; [] is nobody.';

-- Both columns, in this order: the evaluator names both, so that a plan cached
-- while the table was empty has only one index to choose.
create index alert_rules_organization_id_device_id_idx on public.alert_rules (organization_id, device_id);

create function private.tg_alert_rules__organization()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  select devices.organization_id
  into new.organization_id
  from public.devices
  where devices.device_id = new.device_id;
  if not found then
    raise exception 'unknown device: %', new.device_id
      using errcode = 'UNKDV', hint = 'Register the device first.';
  end if;
  return new;
end;
$$;
comment on function private.tg_alert_rules__organization() is
'A rule for a device belongs to the device''s organization. Invoker on purpose: a device the caller may not see is unknown (UNKDV), as one that does not exist.';

create trigger _100_organization before insert or update of device_id, organization_id on public.alert_rules
for each row when (new.device_id is not null)
execute function private.tg_alert_rules__organization();
create trigger _110_organization before insert on public.alert_rules
for each row when (new.device_id is null)
execute function private.tg__organization();
create trigger _200_touch_updated_at before update on public.alert_rules
for each row execute function private.tg__touch_updated_at();
create trigger _900_audit after insert or delete or update on public.alert_rules
for each row execute function private.tg__audit('id');

alter table public.alert_rules enable row level security;

create policy alert_rules_select_member on public.alert_rules
for select to authenticated
using (organization_id = (select private.my_organization_id()));

create policy alert_rules_insert_operator on public.alert_rules
for insert to authenticated
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('operator')));

create policy alert_rules_update_operator on public.alert_rules
for update to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('operator')))
with check (organization_id = (select private.my_organization_id()) and (select private.has_role('operator')));

create policy alert_rules_delete_operator on public.alert_rules
for delete to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('operator')));

revoke all on table public.alert_rules from anon, authenticated, service_role;

grant select on table public.alert_rules to authenticated;
grant insert (
  device_id, organization_id, rule_name, rule_type, threshold_value, deadband, duration_minutes, severity,
  is_enabled, notification_channels
) on table public.alert_rules to authenticated;
grant update (
  device_id, rule_name, rule_type, threshold_value, deadband, duration_minutes, severity,
  is_enabled, notification_channels
) on table public.alert_rules to authenticated;
grant delete on table public.alert_rules to authenticated;

grant select, insert, update on table public.alert_rules to service_role;

notify pgrst, 'reload schema';
