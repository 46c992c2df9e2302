/*
 * Readings: what a meter said, and when.
 *
 * The primary key is the de-duplication: a gateway may send again until it is
 * answered. created_at is the gateway's clock, received_at is ours; reports use
 * the first, freshness uses the second.
 *
 * One partition a month (UTC), in the schema private, made by whoever first
 * needs it. There is no default partition: it would stand in the way of ATTACH
 * and of DETACH CONCURRENTLY. A direct load calls
 * private.create_flow_data_months first; ingest_readings does so itself.
 *
 * One index, no foreign key, no row trigger: each would be paid for on every
 * row. A foreign key would also lock devices against ingest whenever a month is
 * attached; ingest_readings checks the device, and a device that has readings
 * cannot be deleted or renamed.
 */
create table public.flow_data (
  device_id text not null,
  created_at timestamptz not null,
  received_at timestamptz not null default clock_timestamp(),
  flow_rate double precision,
  totalizer double precision,
  temperature double precision,
  pressure double precision,
  level double precision,
  velocity double precision,
  battery_level integer,
  signal_strength integer,
  quality text not null default 'good',
  flags text[] not null default '{}',
  metadata jsonb not null default '{}',
  constraint flow_data_pkey primary key (device_id, created_at),
  constraint flow_data_quality_check check (quality in ('good', 'suspect', 'bad')),
  constraint flow_data_has_value_check check (
    num_nonnulls(flow_rate, totalizer, temperature, pressure, level, velocity, battery_level, signal_strength) > 0
  ),
  -- greatest() and least() skip nulls, and NaN sorts above infinity.
  constraint flow_data_finite_check check (
    greatest(flow_rate, totalizer, temperature, pressure, level, velocity) < 'infinity'
    and least(flow_rate, totalizer, temperature, pressure, level, velocity) > '-infinity'
  )
) partition by range (created_at);
comment on table public.flow_data is
'One reading per device and instant; sending it again is a no-op. One partition a month (UTC), in private.';
comment on column public.flow_data.device_id is 'devices.device_id, without a foreign key.';
comment on column public.flow_data.created_at is
'When the meter was read, by the gateway''s clock; the receive time if it told none or an impossible one (see flags).';
comment on column public.flow_data.received_at is 'When its POST reached us, by our clock.';
comment on column public.flow_data.flow_rate is '[m3/h] Zero is a reading, null is no reading; negative is reverse flow.';
comment on column public.flow_data.totalizer is '[m3] Counter; steps back when a meter is replaced.';
comment on column public.flow_data.temperature is '[degC]';
comment on column public.flow_data.pressure is '[bar]';
comment on column public.flow_data.level is '[m]';
comment on column public.flow_data.velocity is '[m/s]';
comment on column public.flow_data.battery_level is '[%]';
comment on column public.flow_data.signal_strength is '[dBm]';
comment on column public.flow_data.quality is
'good, suspect, or bad. A bad one is contact and nothing else: no latest value, no alert, no statistic.';
comment on column public.flow_data.flags is
'Why the quality, among others: ghost_zero, zero_unconfirmed, clock_suspect, invalid_float, out_of_range.';
comment on column public.flow_data.metadata is
'What the sender added. reported_at: the time it told, where created_at is not that (clock_suspect).';

create function private.raw_retention()
returns interval
language sql
immutable
security invoker
set search_path = ''
as $$
  select interval '90 days';
$$;
comment on function private.raw_retention() is 'How long a reading is kept as it came. Older ones are refused on arrival.';

create function private.zero_flag(
  flow_rate double precision, totalizer double precision, level double precision, velocity double precision
)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select case
    when flow_rate is distinct from 0 or level <> 0 or velocity <> 0 or totalizer <> 0 then null
    when totalizer = 0 then 'ghost_zero'
    else 'zero_unconfirmed'
  end;
$$;
comment on function private.zero_flag(double precision, double precision, double precision, double precision) is
'ghost_zero: flow and totalizer zero, level and velocity zero or absent, which no working meter says. zero_unconfirmed: the flow alone is zero. Else null. It is not inlined, so hot paths ask it about zero flows only.';

create function private.flagged_zero(flags text[])
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select case
    when 'ghost_zero' = any (flags) then 'ghost_zero'
    when 'zero_unconfirmed' = any (flags) then 'zero_unconfirmed'
  end;
$$;
comment on function private.flagged_zero(text[]) is
'What zero_flag said when these flags were written; null if nothing.';

create function private.create_flow_data_months(oldest timestamptz, newest timestamptz)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_month timestamp := date_trunc('month', oldest at time zone 'UTC');
begin
  while v_month <= newest at time zone 'UTC' loop
    if to_regclass(to_char(v_month, '"private.flow_data_"YYYY_MM')) is null then
      perform private.create_flow_data_month(v_month);
    end if;
    v_month := v_month + interval '1 month';
  end loop;
end;
$$;
comment on function private.create_flow_data_months(timestamptz, timestamptz) is
'Make the missing partitions for readings from oldest to newest. Call it before any row is locked. Definer: callers own no table.';

create function private.create_flow_data_month(month timestamp)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_month constant timestamp := date_trunc('month', month);
  v_partition constant text := to_char(v_month, '"flow_data_"YYYY_MM');
begin
  -- Two batches may meet in a new month; the second finds the table made.
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('private.create_flow_data_month', 0));
  if to_regclass('private.' || v_partition) is not null then
    return;
  end if;

  -- Not `create table ... partition of`: that shuts readers and writers out of
  -- flow_data. Attaching lets both go on.
  execute format('create table private.%I (like public.flow_data including all)', v_partition);
  execute format(
    'comment on table private.%I is %L', v_partition, 'flow_data of ' || to_char(v_month, 'YYYY-MM') || ' (UTC).'
  );
  execute format('alter table private.%I enable row level security', v_partition);
  execute format('revoke all on table private.%I from public, anon, authenticated, service_role', v_partition);
  execute format(
    'alter table public.flow_data attach partition private.%I for values from (%L) to (%L)',
    v_partition, v_month at time zone 'UTC', (v_month + interval '1 month') at time zone 'UTC'
  );
end;
$$;
comment on function private.create_flow_data_month(timestamp) is
'Make the partition of a UTC month unless it is there. Definer: callers own no table.';

alter table public.flow_data enable row level security;

create policy flow_data_select_member on public.flow_data
for select to authenticated
using (device_id = any (array(select private.member_device_ids())));

revoke all on table public.flow_data from anon, authenticated, service_role;
grant select on table public.flow_data to authenticated, service_role;

notify pgrst, 'reload schema';
