/* Totalizer steps: what a step of the counter is, and what it is worth. */
begin;
select plan(10);

select tests.make_two_organizations();

-- Kinds -----------------------------------------------------------------------

select results_eq(
  $$
    select step.previous || ' to ' || step.next, private.totalizer_step_kind(step.previous, step.next, null)
    from (
      values
      (1, 100, 107.5), (2, 100, 100), (3, 0, 0), (4, 0, 9e9), (5, 100, 99.5), (6, 100, 99), (7, 100, 98.9), (8, 100, 0),
      (9, 16777216, 16777214), (10, 0.5, 0), (11, -5, -5.01), (12, 3, -3)
    ) as step (place, previous, next)
    order by step.place
  $$,
  $$
    values
    ('100 to 107.5', 'forward'), ('100 to 100', 'forward'), ('0 to 0', 'forward'), ('0 to 9000000000', 'forward'),
    ('100 to 99.5', 'reverse'), ('100 to 99', 'reverse'), ('100 to 98.9', 'reset'), ('100 to 0', 'reset'),
    ('16777216 to 16777214', 'reverse'), ('0.5 to 0', 'reset'), ('-5 to -5.01', 'reverse'), ('3 to -3', 'reset')
  $$,
  'forward or equal; back by up to 1 % of the counter is noise or reverse flow; back by more is a reset'
);
select results_eq(
  $$
    select step.previous || ' to ' || step.next, private.totalizer_step_kind(step.previous, step.next, 1000)
    from (
      values (1, 995, 5), (2, 900, 5), (3, 901, 99), (4, 901, 100), (5, 901, 900), (6, 1024, 5), (7, 995, -1), (8, 50, 5)
    ) as step (place, previous, next)
    order by step.place
  $$,
  $$
    values
    ('995 to 5', 'rollover'), ('900 to 5', 'reset'), ('901 to 99', 'rollover'), ('901 to 100', 'reset'),
    ('901 to 900', 'reverse'), ('1024 to 5', 'rollover'), ('995 to -1', 'reset'), ('50 to 5', 'reset')
  $$,
  'where the end of the counter is known, from above 90 % of it to below 10 % is a rollover'
);
select is(
  coalesce(private.totalizer_step_kind(null, 100, null), private.totalizer_step_kind(100, null, null)), null,
  'one sample is no step'
);

-- Worth -----------------------------------------------------------------------

select results_eq(
  $$
    select private.totalizer_step_volume(step.previous, step.next, 1000, 'ignore'),
    private.totalizer_step_volume(step.previous, step.next, 1000, 'subtract')
    from (
      values (1, 100, 107.5), (2, 100, 100), (3, 100, 99.5), (4, 100, 40), (5, 995, 5), (6, 1024, 5), (7, null, 100)
    ) as step (place, previous, next)
    order by step.place
  $$,
  $$
    values
    (7.5::double precision, 7.5::double precision), (0, 0), (0, -0.5), (0, 0), (10, 10), (5, 5), (null, null)
  $$,
  'an increase counts, a reset is worth 0, a rollover what is left and what is new, reverse by the device''s policy'
);
select is_empty(
  $$
    select previous, next, policy
    from unnest(array[-1e6, -1, 0, 1, 99, 100, 101, 901, 999, 1000, 1100, 1e6, 1e12]) as previous
    cross join unnest(array[-1e6, -1, 0, 1, 99, 100, 101, 901, 999, 1000, 1100, 1e6, 1e12]) as next
    cross join unnest(array['ignore', 'subtract']) as policy
    where private.totalizer_step_volume(previous, next, 1000, policy) not between
    case policy when 'subtract' then -0.01 * abs(previous) else 0 end and greatest(next - previous, 200)
  $$,
  'no step is worth more than it shows, and less than nothing only a small one that its device subtracts'
);
select is(
  private.totalizer_step_volume(100, 99.5, 1000, null), 0::double precision, 'without a device nothing is subtracted'
);

-- The policy ------------------------------------------------------------------

select results_eq(
  $$ select reverse_policy from public.devices where device_id = 'TAP_NORTH' $$, array['ignore'],
  'a device ignores small steps back unless told otherwise'
);
select throws_ok(
  $$ update public.devices set reverse_policy = 'add' where device_id = 'TAP_NORTH' $$,
  '23514', null, 'or subtracts them, and nothing else'
);
select results_eq(
  $$
    select * from tests.attempts($query$
      update public.devices set reverse_policy = 'subtract' where device_id = 'TAP_NORTH'
    $query$)
  $$,
  $$
    values
    ('north.viewer', '0 rows'), ('north.operator', '0 rows'), ('north.admin', '1 rows'), ('north.inactive', '0 rows'),
    ('south.viewer', '0 rows'), ('south.admin', '0 rows'), ('stranger', '0 rows'),
    ('anon', '42501 permission denied for table devices'), ('service_role', '1 rows')
  $$,
  'its admin decides'
);
update public.devices
set reverse_policy = 'subtract', updated_at = '2026-01-01T00:00:00Z'
where device_id = 'TAP_NORTH';
select results_eq(
  $$
    select details from public.audit_logs
    where resource_type = 'devices' and resource_id = 'TAP_NORTH' and action = 'update'
  $$,
  $$ values ('{"changed": {"reverse_policy": {"old": "ignore", "new": "subtract"}}}'::jsonb) $$,
  'and it is logged'
);

select finish();
rollback;
