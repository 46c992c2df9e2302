/*
 * Totalizer steps: what the step from one sample of a counter to the next means.
 *
 * All volume is the sum of such steps, so this is the one place that knows
 * about resets, rollovers and counters that run backwards. A sample is a
 * reading with a totalizer that is not bad; ghosts are bad, so they are none.
 *
 * Where small ends. A meter that was exchanged or reset brings a counter of its
 * own, nearly always far lower; a step back by more than 1 % of the counter is
 * taken for that. What steps back by less is noise or water running backwards.
 * Meters tell their counter as float32, whose steps are 2^-23 to 2^-24 of the
 * value, so 1 % is at least 80,000 of its steps at any size: the last digits
 * never look like a reset. And it is a hundredth of all the water that ever
 * passed: a counter that has run for a day at 5 minutes would have to lose three
 * readings' worth of full flow in one. For the same reason a step of 0 is no
 * proof of no flow: at 8,388,608 m3 float32 counts in whole m3.
 *
 * devices gets a column with a constant default: the table is not rewritten,
 * but locked and read once for the check.
 */
alter table public.devices add column reverse_policy text not null default 'ignore',
add constraint devices_reverse_policy_check check (reverse_policy in ('ignore', 'subtract'));
comment on column public.devices.reverse_policy is
'What a small step back of the counter is worth: ignore (0) or subtract (negative volume), for a pipe in which water really runs backwards.';

create function private.totalizer_step_kind(
  previous double precision, next double precision, totalizer_max double precision
)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select case
    when previous is null or next is null then null
    when next >= previous then 'forward'
    when previous > 0.9 * totalizer_max and next >= 0 and next < 0.1 * totalizer_max then 'rollover'
    when previous - next <= 0.01 * abs(previous) then 'reverse'
    else 'reset'
  end;
$$;
comment on function private.totalizer_step_kind(double precision, double precision, double precision) is
'forward (also by 0), rollover (from above 90 % of totalizer_max to below 10 %), reverse (back by at most 1 %), or reset (any other step back: reset or exchanged meter); null without a sample before. All in m3.';

create function private.totalizer_step_volume(
  previous double precision, next double precision, totalizer_max double precision, reverse_policy text
)
returns double precision
language sql
immutable
security invoker
set search_path = ''
as $$
  select case private.totalizer_step_kind(previous, next, totalizer_max)
    when 'forward' then next - previous
    -- The counter in float32 may lie above the end that people wrote down.
    when 'rollover' then greatest(totalizer_max - previous, 0) + next
    when 'reverse' then case when reverse_policy = 'subtract' then next - previous else 0 end
    when 'reset' then 0
  end;
$$;
comment on function private.totalizer_step_volume(double precision, double precision, double precision, text) is
'[m3] What a step of the counter is worth; null without a sample before. Negative only for a reverse step that its device subtracts. What ran between a reset and the first sample after it is not known and counts 0. It is not inlined, so who sums many steps asks it about steps back only.';

create or replace trigger _200_touch_updated_at
before update of device_id, organization_id, site_id, gateway_id, device_name, device_type, location, description,
status, expected_interval_s, profile, totalizer_max, reverse_policy, metadata on public.devices
for each row execute function private.tg__touch_updated_at();

create or replace trigger _900_audit
after insert or delete or update of id, device_id, organization_id, site_id, gateway_id, device_name, device_type,
location, description, status, expected_interval_s, profile, totalizer_max, reverse_policy, metadata,
created_at on public.devices
for each row execute function private.tg__audit('device_id');

revoke all on function private.totalizer_step_kind(double precision, double precision, double precision)
from public, anon, authenticated, service_role;
revoke all on function private.totalizer_step_volume(double precision, double precision, double precision, text)
from public, anon, authenticated, service_role;

grant insert (reverse_policy), update (reverse_policy) on table public.devices to authenticated;
grant execute on function private.totalizer_step_kind(double precision, double precision, double precision)
to authenticated, service_role;
grant execute on function private.totalizer_step_volume(double precision, double precision, double precision, text)
to authenticated, service_role;

notify pgrst, 'reload schema';
