/*
 * Who sees what became of notifications: operators too.
 *
 * Who is on duty has to know whether an alert reached anybody. An outbox row
 * holds what a rule says of its channels, which the whole organization reads
 * anyway, and an error never holds an address.
 */
create policy notification_outbox_select_operator on public.notification_outbox
for select to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('operator')));
drop policy notification_outbox_select_admin on public.notification_outbox;

create policy notification_attempts_select_operator on public.notification_attempts
for select to authenticated
using (organization_id = (select private.my_organization_id()) and (select private.has_role('operator')));
drop policy notification_attempts_select_admin on public.notification_attempts;
