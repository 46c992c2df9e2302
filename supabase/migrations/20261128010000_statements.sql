/*
 * Statements: what a meter counted in a month, as it was told to somebody who pays.
 *
 * A statement is text, kept as it was written, so that asking again gives the
 * same bytes whatever was configured, mended or dropped since. Nobody changes
 * or removes one, not even its owner: what turned out wrong is told again, as
 * the month's next revision and with a reason, and both stay.
 *
 * Only private.write_statement writes here.
 */
create table public.statements (
  id uuid not null default gen_random_uuid(),
  organization_id uuid not null,
  device_id text not null,
  month date not null,
  revision integer not null,
  reason text,
  made_at timestamptz not null,
  made_by uuid,
  time_zone text not null,
  day_start time not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  follows text not null,
  opening_at timestamptz,
  opening_totalizer double precision,
  closing_at timestamptz,
  closing_totalizer double precision,
  volume double precision,
  resets bigint not null,
  rollovers bigint not null,
  expected bigint not null,
  received bigint not null,
  bad bigint not null,
  inputs text not null,
  inputs_sha256 text not null,
  body text not null,
  body_sha256 text not null,
  constraint statements_pkey primary key (id),
  constraint statements_device_id_month_revision_key unique (device_id, month, revision),
  constraint statements_organization_id_fkey foreign key (organization_id)
  references public.organizations (id) on delete restrict,
  constraint statements_device_id_fkey foreign key (device_id)
  references public.devices (device_id) on update restrict on delete restrict,
  constraint statements_month_check check (extract(day from month) = 1),
  constraint statements_revision_check check (revision >= 1),
  constraint statements_reason_check check (
    (revision = 1) = (reason is null) and char_length(reason) <= 2000 and reason ~ '\S'
  ),
  constraint statements_ends_at_check check (ends_at > starts_at),
  constraint statements_follows_check check (follows in ('first', 'gapless', 'gap', 'overlap')),
  constraint statements_inputs_check check (inputs in ('readings', 'rollups', 'both')),
  constraint statements_inputs_sha256_check check (inputs_sha256 ~ '^[0-9a-f]{64}$'),
  constraint statements_body_sha256_check check (
    body_sha256 = encode(sha256(convert_to(body, 'UTF8')), 'hex')
  )
);
comment on table public.statements is
'What a device counted in a month, one row a revision, never changed and never removed. The month''s highest revision counts.';
comment on column public.statements.organization_id is 'Whose device it was when the statement was made.';
comment on column public.statements.month is 'Its first day.';
comment on column public.statements.revision is '1 as issued; each correction is one more.';
comment on column public.statements.reason is 'Why it was corrected; null for revision 1.';
comment on column public.statements.made_by is
'auth.uid() of who made it; null for a program. No foreign key: the statement outlives the person.';
comment on column public.statements.time_zone is 'By which its days were counted.';
comment on column public.statements.day_start is 'Local time at which its days begin.';
comment on column public.statements.starts_at is 'When its first day begins; inclusive.';
comment on column public.statements.ends_at is 'When its last day ends; exclusive.';
comment on column public.statements.follows is
'How it joins the statement before: first (there is none), gapless (it opens with the sample the other closed with), gap (water between them is in neither), overlap (some is in both).';
comment on column public.statements.opening_at is
'When the counter was last read before starts_at; null if never, and then the volume counts from the first sample. Null also where that is not known any more: days that begin within an hour whose readings are gone.';
comment on column public.statements.opening_totalizer is '[m3] The counter then.';
comment on column public.statements.closing_at is 'When the counter was last read before ends_at; null if never or not known any more.';
comment on column public.statements.closing_totalizer is '[m3] The counter then.';
comment on column public.statements.volume is
'[m3] Sum of the counter''s steps from the opening to the closing sample, as in get_flow_statistics; null if there is none.';
comment on column public.statements.resets is 'Steps that count as reset or exchanged meter, and 0 m3.';
comment on column public.statements.rollovers is 'Steps over the end of the counter.';
comment on column public.statements.expected is 'Readings due.';
comment on column public.statements.received is 'Readings that came, bad ones included.';
comment on column public.statements.bad is 'Bad ones of them; in no volume.';
comment on column public.statements.inputs is
'What it was computed from and inputs_sha256 is over: readings, rollups (the readings were gone), or both.';
comment on column public.statements.inputs_sha256 is 'Hexadecimal SHA-256 of what it was computed from; see private.statement_inputs.';
comment on column public.statements.body is 'The statement: CSV (RFC 4180, UTF-8).';
comment on column public.statements.body_sha256 is 'Hexadecimal SHA-256 of the body in UTF-8.';
create index statements_organization_id_idx on public.statements (organization_id);

create function private.tg_statements__keep()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  raise exception 'a statement stays as it was made: % refused', lower(tg_op)
    using errcode = 'STKEP', hint = 'Correct it: correct_statement makes the next revision.';
end;
$$;
comment on function private.tg_statements__keep() is 'Refuse to change or remove a statement (STKEP), whoever asks.';

create trigger _100_keep before update or delete or truncate on public.statements
for each statement execute function private.tg_statements__keep();
create trigger _900_audit after insert on public.statements
for each row execute function private.tg__audit('id');

alter table public.statements enable row level security;

create policy statements_select_member on public.statements
for select to authenticated
using (organization_id = (select private.my_organization_id()));

revoke all on table public.statements from anon, authenticated, service_role;
revoke all on function private.tg_statements__keep() from public, anon, authenticated, service_role;

grant select on table public.statements to authenticated, service_role;

notify pgrst, 'reload schema';
