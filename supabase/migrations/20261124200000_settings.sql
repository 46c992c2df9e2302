/*
 * Settings: what a DBA decides for the whole project, in one row.
 *
 * private.raw_retention() reads it and is therefore no constant any more: a
 * query that asks it about each row asks a table about each row. Ask once.
 */
create table private.settings (
  id boolean not null default true,
  raw_retention interval not null default interval '90 days',
  months_ahead integer not null default 2,
  is_archive_required boolean not null default false,
  dead_letter_retention interval not null default interval '90 days',
  constraint settings_pkey primary key (id),
  constraint settings_id_check check (id),
  constraint settings_raw_retention_check check (raw_retention between interval '1 day' and interval '100 years'),
  constraint settings_months_ahead_check check (months_ahead between 1 and 24),
  constraint settings_dead_letter_retention_check check (dead_letter_retention >= interval '1 day')
);
comment on table private.settings is 'What a DBA decides for the whole project; always one row. Change it with an update.';
comment on column private.settings.id is 'Always true, so that there is one row.';
comment on column private.settings.raw_retention is 'How long a reading is kept as it came; rollups stay. Older ones are refused on arrival.';
comment on column private.settings.months_ahead is 'How many months of partitions are made before they are needed.';
comment on column private.settings.is_archive_required is
'Whether a month of readings is dropped only once it is marked as archived.';
comment on column private.settings.dead_letter_retention is 'How long a dead letter is kept after it last came.';

-- The row the code cannot run without.
insert into private.settings (id) values (true);

create or replace function private.raw_retention()
returns interval
language sql
stable
security definer
set search_path = ''
as $$
  select settings.raw_retention
  from private.settings;
$$;
comment on function private.raw_retention() is
'How long a reading is kept as it came (private.settings). Older ones are refused on arrival. Definer: nobody else reads the settings.';

alter table private.settings enable row level security;

revoke all on table private.settings from public, anon, authenticated, service_role;

notify pgrst, 'reload schema';
