"""Where pg_cron is, it wakes our jobs: those of the migrations, also when it is enabled after them."""

from __future__ import annotations

import psycopg

from fluxio_local.stack import Stack

from .conftest import create_cron, cron_stack

Connection = psycopg.Connection[tuple[object, ...]]


def test_the_push_registers_every_job(owner: Connection, pushed: list[tuple[object, ...]]) -> None:
    jobs = owner.execute(
        "select 'fluxio_' || name, schedule, format('select private.run_job(%L)', name), 'postgres', 'postgres', true"
        " from private.jobs where name <> 'minutely' order by name"
    ).fetchall()
    assert pushed == jobs != []


def test_registering_again_changes_nothing(owner: Connection, minutely: str) -> None:
    everything = "select * from cron.job order by jobid"
    before = owner.execute(everything).fetchall()
    assert owner.execute("select private.register_jobs()").fetchall() == [(len(before),)]
    assert owner.execute(everything).fetchall() == before


def test_a_changed_schedule_is_taken_over(owner: Connection, minutely: str) -> None:
    try:
        owner.execute("update private.jobs set schedule = '7 3 * * *' where name = 'partitions'")
        owner.execute("select private.register_jobs()")
        assert ("fluxio_partitions", "7 3 * * *") in owner.execute("select jobname, schedule from cron.job").fetchall()
    finally:
        owner.execute("update private.jobs set schedule = '10 0 * * *' where name = 'partitions'")
        owner.execute("select private.register_jobs()")


def test_only_our_own_jobs_are_taken_back(owner: Connection, stack_with_cron: Stack) -> None:
    names = "select jobname, username from cron.job where jobname like '%ours%' order by 1"
    with psycopg.connect(stack_with_cron.admin_database_url, autocommit=True) as admin:
        try:
            owner.execute(
                "insert into private.jobs (name, schedule, max_silence) values ('ours', '0 0 1 1 *', '1 hour')"
            )
            owner.execute("select private.register_jobs()")
            owner.execute("select cron.schedule('not ours', '0 0 1 1 *', 'select 1')")
            admin.execute("select cron.schedule('fluxio_ours_not', '0 0 1 1 *', 'select 1')")
            everybody = [("fluxio_ours", "postgres"), ("fluxio_ours_not", "supabase_admin"), ("not ours", "postgres")]
            assert admin.execute(names).fetchall() == everybody

            owner.execute("delete from private.jobs where name = 'ours'")
            owner.execute("select private.register_jobs()")

            assert admin.execute(names).fetchall() == everybody[1:]
        finally:
            owner.execute("delete from private.jobs where name = 'ours'")
            owner.execute("select cron.unschedule('not ours')")
            admin.execute("select cron.unschedule('fluxio_ours_not')")
            owner.execute("select private.register_jobs()")


def test_enabled_after_the_push_it_is_found_by_the_next_look() -> None:
    with cron_stack() as stack:
        stack.start()
        look = "select name, is_in_cron from public.get_jobs() order by name"
        with psycopg.connect(stack.database_url, autocommit=True) as service:
            names = [name for (name,) in service.execute("select name from private.jobs order by name").fetchall()]
            assert names
            service.execute("set role service_role")
            assert service.execute(look).fetchall() == [(name, False) for name in names]
            create_cron(stack)
            assert service.execute(look).fetchall() == [(name, True) for name in names]
            service.execute("reset role")
            registered = service.execute("select jobname from cron.job order by jobname").fetchall()
            assert registered == [(f"fluxio_{name}",) for name in names]
