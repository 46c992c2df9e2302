"""Starting, stopping and resetting a local stack."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from fluxio_local import ports
from fluxio_local.errors import LocalStackError
from fluxio_local.settings import LocalSettings
from fluxio_local.stack import Stack
from support import needs
from support.stacks import throwaway_stack


@pytest.fixture
def own_stack() -> Iterator[Stack]:
    with throwaway_stack() as stack:
        yield stack


def migrations_of(stack: Stack) -> list[str]:
    with psycopg.connect(stack.database_url) as connection:
        rows = connection.execute("select version from supabase_migrations.schema_migrations order by 1").fetchall()
    return [version for (version,) in rows]


def test_data_and_keys_survive_a_stop(own_stack: Stack) -> None:
    own_stack.start()
    with psycopg.connect(own_stack.database_url) as connection:
        connection.execute("insert into public.organizations (name) values ('Kept Water')")
    own_stack.stop()
    assert not own_stack.is_running()

    again = Stack(own_stack.settings, durable=False)
    again.start()
    assert again.anon_key == own_stack.anon_key
    assert again.gateway.is_ready()
    with psycopg.connect(again.database_url) as connection:
        found = connection.execute("select count(*) from public.organizations where name = 'Kept Water'").fetchone()
    assert found == (1,)


def test_starting_twice_changes_nothing(own_stack: Stack) -> None:
    own_stack.start()
    before = migrations_of(own_stack)
    own_stack.start()
    assert migrations_of(own_stack) == before
    assert own_stack.gateway.is_ready()


def test_every_migration_is_pushed(own_stack: Stack) -> None:
    own_stack.start()
    files = sorted(Path(__file__).parents[3].glob("supabase/migrations/*.sql"))
    assert migrations_of(own_stack) == [file.name.split("_")[0] for file in files]


def test_postgres_is_no_superuser_and_pgtap_is_there(own_stack: Stack) -> None:
    own_stack.start()
    with psycopg.connect(own_stack.database_url) as connection:
        role = connection.execute(
            "select rolsuper, rolcreaterole, rolbypassrls, rolreplication from pg_roles where rolname = current_user"
        ).fetchone()
        assert role == (False, True, True, True)
        assert connection.execute("select extensions.pgtap_version()").fetchone() is not None


def test_only_loopback_with_a_password_gets_in(own_stack: Stack) -> None:
    own_stack.start()
    with psycopg.connect(own_stack.admin_database_url) as connection:
        assert connection.execute("show listen_addresses").fetchone() == (ports.HOST,)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(own_stack.postgres.url("supabase_admin", "guess"))


def test_reset_leaves_an_empty_directory(own_stack: Stack) -> None:
    own_stack.start()
    own_stack.reset()
    assert list(own_stack.dir.iterdir()) == []


def test_it_runs_on_postgresql_15() -> None:
    with throwaway_stack(pg_bin=needs.postgres_15()) as stack:
        stack.start()
        with psycopg.connect(stack.database_url) as connection:
            row = connection.execute("show server_version_num").fetchone()
        assert row is not None
        assert int(row[0]) // 10_000 == 15
        assert stack.gateway.is_ready()


def test_a_taken_port_is_named(own_stack: Stack) -> None:
    own_stack.start()
    directory = Path(tempfile.mkdtemp(prefix="fluxio-test-"))
    try:
        other = Stack(LocalSettings(dir=directory, port=own_stack.state.port))
        with pytest.raises(LocalStackError, match="FLUXIO_LOCAL_PORT"):
            other.start()
    finally:
        shutil.rmtree(directory)


def test_status_says_what_is_stopped(tmp_path: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("fluxio-local"), "status"],
        env={"PATH": "/usr/bin:/bin", "FLUXIO_LOCAL_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "PostgreSQL: stopped" in done.stdout
