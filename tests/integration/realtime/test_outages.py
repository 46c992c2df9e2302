"""The database and the server go away and come back."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fluxio_local import paths
from fluxio_local.stack import Stack
from support.realtime import open_socket

from .conftest import Connect, Database

Member = Callable[..., str]
Asked = dict[str, Any]


@pytest.fixture(autouse=True)
def whole_again(stack: Stack) -> Iterator[None]:
    """Whatever a test stopped runs for the next one."""
    yield
    stack.start_postgres()
    if not stack.gateway.process.is_running():
        stack.gateway.start()


def _insert(stack: Stack, table: str, key: str) -> None:
    with psycopg.connect(stack.admin_database_url, autocommit=True) as connection:
        connection.execute(f"insert into public.{table} values (%s, 'A', 1)", [key])


def _serve(config: dict[str, Any], directory: Path) -> subprocess.CompletedProcess[str]:
    """A second gateway on a port of its own, until it ends by itself."""
    file = directory / "gateway.json"
    file.write_text(json.dumps(config | {"port": 0}))
    node = shutil.which("node")
    assert node is not None
    return subprocess.run([node, paths.GATEWAY, "serve", file], capture_output=True, text=True, timeout=60, check=False)


def test_a_second_server_on_the_same_database_is_refused(
    stack: Stack, tmp_path: Path, client: Connect, db: Database, probe: str, asked: Asked, member: Member
) -> None:
    socket = client()
    socket.live("x", asked, access_token=member("A"))
    second = _serve(stack.config, tmp_path)
    assert second.returncode == 1
    assert 'another Realtime server is reading the log of database \\"postgres\\"' in second.stderr
    db.execute(f"insert into public.{probe} values ('k', 'A', 1)")
    assert socket.change()["record"]["id"] == "k"


def test_a_publication_that_hosted_realtime_would_not_apply_is_refused(
    stack: Stack, tmp_path: Path, db: Database
) -> None:
    stack.gateway.process.stop()
    db.execute("create table public.narrow (id int primary key, value int)")
    try:
        for restriction in ("(id)", "where (value > 1)"):
            db.execute(f"alter publication supabase_realtime add table public.narrow {restriction}")
            refused = _serve(stack.config, tmp_path)
            assert refused.returncode == 1
            assert "has a row filter or a column list" in refused.stderr
            db.execute("alter publication supabase_realtime drop table public.narrow")
    finally:
        db.execute("drop table public.narrow")


def test_postgres_stops_fast_and_its_return_is_told_to_every_channel(
    stack: Stack, client: Connect, probe: str, asked: Asked, member: Member
) -> None:
    sockets = [client(), client("2.0.0")]
    for socket in sockets:
        socket.live("x", asked, access_token=member("A"))
    begin = time.monotonic()
    stack.stop_postgres()
    assert time.monotonic() - begin < 5
    assert sockets[0].is_silent()
    joined_meanwhile = client()
    assert joined_meanwhile.join("y", asked, access_token=member("A"))["status"] == "ok"
    stack.start_postgres()
    for socket in (*sockets, joined_meanwhile):
        assert socket.wait_for("system")["message"] == "Subscribed to PostgreSQL"
    _insert(stack, probe, "after")
    for socket in (*sockets, joined_meanwhile):
        assert socket.change()["record"]["id"] == "after"


def test_postgres_crashes_and_the_channels_live_on(
    stack: Stack, client: Connect, probe: str, asked: Asked, member: Member
) -> None:
    socket = client()
    socket.live("x", asked, access_token=member("A"))
    stack.stop_postgres("immediate")
    stack.start_postgres()
    assert socket.wait_for("system")["message"] == "Subscribed to PostgreSQL"
    _insert(stack, probe, "after")
    assert socket.change()["record"]["id"] == "after"


def test_a_killed_server_can_start_again_at_once(stack: Stack, probe: str, asked: Asked, member: Member) -> None:
    with open_socket(stack.url, stack.anon_key) as socket:
        socket.live("x", asked, access_token=member("A"))
        stack.kill_gateway()
    stack.restart_gateway()
    with open_socket(stack.url, stack.anon_key) as socket:
        socket.live("x", asked, access_token=member("A"))
        _insert(stack, probe, "after")
        assert socket.change()["record"]["id"] == "after"
    with psycopg.connect(stack.admin_database_url) as connection:
        slots = connection.execute("select count(*) from pg_replication_slots").fetchone()
    assert slots == (1,)


def test_a_lost_session_of_the_server_is_replaced(
    client: Connect, db: Database, probe: str, asked: Asked, member: Member
) -> None:
    socket = client()
    socket.live("x", asked, access_token=member("A"))
    for purpose in ("log", "questions"):
        db.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s",
            [f"realtime {purpose}"],
        )
        # The loss of a session that is seldom asked is noticed with the next change.
        db.execute(f"insert into public.{probe} values (%s, 'A', 1)", [f"lost {purpose}"])
        assert socket.wait_for("system")["message"] == "Subscribed to PostgreSQL"
        db.execute(f"insert into public.{probe} values (%s, 'A', 1)", [f"after {purpose}"])
        assert socket.change()["record"]["id"] == f"after {purpose}"
