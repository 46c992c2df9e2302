/*
 * A note on the acknowledgement: what whoever takes an alert on is going to do.
 *
 * Like the acknowledgement's time and person, the first one counts: a note that
 * could be written later would stand under the name of another person.
 */
alter table public.alerts add column acknowledgement_note text;
alter table public.alerts
add constraint alerts_acknowledgement_note_check
check (acknowledgement_note is null or (acknowledged_at is not null and char_length(acknowledgement_note) <= 2000));
comment on column public.alerts.acknowledgement_note is
'What acknowledged_by had to say then, at most 2000 characters; kept from then on. Null without an acknowledgement.';

create function private.tg_alerts__keep_acknowledgement_note()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if old.acknowledged_at is not null then
    new.acknowledgement_note := old.acknowledgement_note;
  end if;
  return new;
end;
$$;
comment on function private.tg_alerts__keep_acknowledgement_note() is
'Who acknowledges an alert a second time did not acknowledge it, and leaves no note.';
revoke all on function private.tg_alerts__keep_acknowledgement_note() from public, anon, authenticated, service_role;

create trigger _110_keep_acknowledgement_note before update of acknowledgement_note on public.alerts
for each row execute function private.tg_alerts__keep_acknowledgement_note();

grant update (acknowledgement_note) on table public.alerts to authenticated;

notify pgrst, 'reload schema';
