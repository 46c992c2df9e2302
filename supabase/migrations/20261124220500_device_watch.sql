/*
 * Device watch: whether a device is judged, and from when on its silence counts.
 *
 * Inactive and in maintenance mean that nobody wants to hear of it. Its open
 * alerts are resolved then, by nobody: the person who set the status did not
 * say that the alarm was dealt with. When it is back, or its gateway is after a
 * silence, it gets its time to be heard before it is called silent.
 */
create table private.watch_starts (
  device_id text not null references public.devices (device_id) on update cascade on delete cascade,
  started_at timestamptz not null,
  constraint watch_starts_pkey primary key (device_id)
);
comment on table private.watch_starts is
'From when on the silence of a device counts, where that is later than its last contact.';
comment on column private.watch_starts.started_at is
'When it last left inactive or maintenance, or when its gateway was heard again after a gateway_offline alert; the later of the two.';

alter table private.watch_starts enable row level security;
revoke all on table private.watch_starts from public, anon, authenticated, service_role;

create function private.tg_devices__unwatch()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_claims constant text := current_setting('request.jwt.claims', true);
  v_subject constant text := current_setting('request.jwt.claim.sub', true);
begin
  delete from private.pending_alerts where pending_alerts.device_id = new.device_id;

  -- The stamps and the audit ask auth.uid(): for this statement there is nobody.
  perform set_config('request.jwt.claims', '', true), set_config('request.jwt.claim.sub', '', true);
  update public.alerts
  set
    is_resolved = true,
    resolution_note = coalesce(
      alerts.resolution_note,
      case new.status when 'maintenance' then 'Its device is in maintenance.' else 'Its device is inactive.' end
    )
  where alerts.organization_id = new.organization_id
  and alerts.device_id = new.device_id
  and not alerts.is_resolved;
  perform
    set_config('request.jwt.claims', coalesce(v_claims, ''), true),
    set_config('request.jwt.claim.sub', coalesce(v_subject, ''), true);
  return null;
end;
$$;
comment on function private.tg_devices__unwatch() is
'A device that is judged no longer takes its open alerts along: nothing would ever clear them. Definer: no caller may write those tables so.';

create function private.tg_devices__watch()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  insert into private.watch_starts as known (device_id, started_at)
  values (new.device_id, now())
  on conflict (device_id) do update
  set started_at = greatest(known.started_at, excluded.started_at);
  return null;
end;
$$;
comment on function private.tg_devices__watch() is
'The silence of a device that is judged again counts from now. Definer: nobody else writes watch_starts.';

create trigger _310_unwatch after update of status on public.devices
for each row when (
  new.status in ('inactive', 'maintenance') and old.status not in ('inactive', 'maintenance')
)
execute function private.tg_devices__unwatch();
create trigger _320_watch after update of status on public.devices
for each row when (
  new.status not in ('inactive', 'maintenance') and old.status in ('inactive', 'maintenance')
)
execute function private.tg_devices__watch();

-- What is open about devices that were put aside before this.
update public.alerts
set is_resolved = true, resolution_note = coalesce(alerts.resolution_note, 'Its device is not watched.')
from public.devices
where
  devices.device_id = alerts.device_id
  and devices.status in ('inactive', 'maintenance')
  and not alerts.is_resolved;
