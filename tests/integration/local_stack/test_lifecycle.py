"""Starting, stopping and resetting a local stack."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fluxio_local import ports
from fluxio_local.errors import LocalStackError
from fluxio_local.postgres import Cluster
from fluxio_local.services import Services
from fluxio_local.settings import LocalSettings
from fluxio_local.stack import Stack
from fluxio_local.state import State
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


def test_the_servers_settings_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {"cluster_name": "a 'quoted' $HOME", "work_mem": "5MB"}
    monkeypatch.setenv("FLUXIO_LOCAL_PG_SETTINGS", json.dumps(wanted))
    with throwaway_stack() as stack:
        stack.start_postgres()
        with psycopg.connect(stack.admin_database_url) as connection:
            found = connection.execute(
                "select name, current_setting(name) from unnest(%s::text[]) as name", [list(wanted)]
            )
            assert dict(found.fetchall()) == wanted


def test_a_taken_port_is_named(own_stack: Stack) -> None:
    own_stack.start()
    directory = Path(tempfile.mkdtemp(prefix="fluxio-test-"))
    try:
        other = Stack(LocalSettings(dir=directory, port=own_stack.state.port))
        with pytest.raises(LocalStackError, match="FLUXIO_LOCAL_PORT"):
            other.start()
    finally:
        shutil.rmtree(directory)


def test_a_first_start_that_was_cut_off_is_made_good(own_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:

        def cut_off(self: Cluster, program: str, *arguments: object) -> None:
            # initdb writes this file first.
            Path(str(arguments[arguments.index("--pgdata") + 1]), "PG_VERSION").write_text("18\n")
            raise KeyboardInterrupt

        patch.setattr(Cluster, "_run", cut_off)
        with pytest.raises(KeyboardInterrupt):
            own_stack.start_postgres()
    own_stack.start_postgres()
    with psycopg.connect(own_stack.admin_database_url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_after_a_crash_another_process_with_its_number_is_not_the_server(own_stack: Stack) -> None:
    own_stack.start_postgres()
    own_stack.stop_postgres("immediate")
    with subprocess.Popen(["sleep", "60"], **own_stack.postgres.account) as stranger:
        pid_file = own_stack.dir / "pgdata" / "postmaster.pid"
        port = own_stack.state.db_port
        pid_file.write_text(f"{stranger.pid}\n{own_stack.dir}/pgdata\n1\n{port}\n\n{ports.HOST}\n0 0\nready\n")
        pid_file.chmod(0o644)
        assert not own_stack.postgres.is_running()
        own_stack.stop()
        assert stranger.poll() is None
        stranger.kill()
    pid_file.unlink()


def test_passwords_stand_in_no_command_line_and_in_no_file_that_others_read(
    own_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[str] = []
    run = subprocess.run

    def noted(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:  # noqa: ANN401
        commands.extend(map(str, command))
        return run(command, **options)

    monkeypatch.setattr(subprocess, "run", noted)
    own_stack.start()
    assert any("remote" in part for part in commands)
    secrets = [own_stack.state.postgres_password, own_stack.state.admin_password, own_stack.jwt_secret]
    assert not [part for part in commands for secret in secrets if secret in part]
    # The numbers of processes are no secret.
    files = [file for file in own_stack.dir.iterdir() if file.suffix != ".pid"]
    assert [file.name for file in files if file.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("command", ["status", "start", "reset --yes"])
@pytest.mark.parametrize("file", ["precious", "state.json"])
def test_a_directory_of_somebody_else_is_left_alone(tmp_path: Path, command: str, file: str) -> None:
    (tmp_path / file).write_text("{}")
    before = tmp_path.stat().st_mode
    done = fluxio_local(*command.split(), FLUXIO_LOCAL_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "set FLUXIO_LOCAL_DIR to" in done.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == [file]
    assert tmp_path.stat().st_mode == before


@pytest.mark.parametrize(
    ("setting", "value"),
    [("FLUXIO_LOCAL_PORT", "abc"), ("FLUXIO_LOCAL_DIR", "/proc/nowhere"), ("FLUXIO_LOCAL_DIR", "/dev/null")],
)
def test_a_wrong_setting_is_told_without_a_traceback(tmp_path: Path, setting: str, value: str) -> None:
    done = fluxio_local("status", **{"FLUXIO_LOCAL_DIR": str(tmp_path / "stack"), setting: value})
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert (setting if setting != "FLUXIO_LOCAL_DIR" else value) in done.stderr


def test_as_root_a_folder_closed_to_the_servers_account_is_named(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    done = fluxio_local("status", FLUXIO_LOCAL_DIR=str(hidden / "stack"))
    assert "stopped" in done.stdout
    stack = Stack(LocalSettings(dir=hidden / "stack", db_port=ports.free_port()), durable=False)
    if os.geteuid() != 0:
        stack.start_postgres()
        stack.stop_postgres()
        return
    with pytest.raises(LocalStackError, match=f"nobody.* cannot pass through {hidden}"):
        stack.start_postgres()


def test_two_starts_at_once_are_one(own_stack: Stack) -> None:
    others = [Stack(own_stack.settings, durable=False) for _ in range(2)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(Stack.start, [own_stack, *others]))
    assert {stack.anon_key for stack in (own_stack, *others)} == {State.load(own_stack.dir).publishable_key}
    assert own_stack.gateway.is_ready()


def test_the_stack_is_reached_past_a_proxy(own_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{ports.HOST}:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    services = Services(own_stack)
    try:
        services.up()
    finally:
        services.down()


def test_up_after_a_stop_of_the_stack_alone(own_stack: Stack) -> None:
    services = Services(own_stack)
    try:
        services.up()
        own_stack.stop()
        services.up()
        assert services.api.is_running()
        assert all(worker.is_running() for worker in services.workers)
    finally:
        services.reset()
    assert not services.api.is_running()
    assert not any(worker.is_running() for worker in services.workers)
    assert list(own_stack.dir.iterdir()) == []


def fluxio_local(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("fluxio-local"), *arguments],
        env={"PATH": "/usr/bin:/bin", **env}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_status_says_what_is_stopped(tmp_path: Path) -> None:
    done = fluxio_local("status", FLUXIO_LOCAL_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "PostgreSQL: stopped" in done.stdout
