"""How long a call of the database, a head and a body may take."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from fluxio_local.ports import HOST
from fluxio_local.stack import Stack
from support.api_server import GUNICORN, GUNICORN_CONFIG, ApiServer, running_api
from support.receiver import wait_until

from .conftest import Plant, SignIn

_WAITING = (
    "select pid from pg_stat_activity where wait_event_type = 'Lock' and query like '%alert_rules%'"
    " and pid <> pg_backend_pid()"
)


@contextmanager
def locked(stack: Stack) -> Iterator[None]:
    """Within, every call that reads the alert rules waits."""
    with psycopg.connect(stack.database_url) as holder:
        holder.execute("lock table public.alert_rules in access exclusive mode")
        yield


def test_a_call_that_takes_too_long_is_504_and_the_next_one_is_not(
    stack: Stack, tmp_path: Path, plant: Plant, sign_in: SignIn
) -> None:
    viewer = sign_in(plant.organization_id, "viewer")
    with (
        running_api(stack, tmp_path, FLUXIO_REQUEST_TIMEOUT_S="0.5") as server,
        httpx.Client(base_url=server.url, timeout=30, headers=viewer) as client,
    ):
        with locked(stack):
            late = client.get("/api/alert-rules")
        assert (late.status_code, late.json()["code"]) == (504, "timeout")
        assert client.get("/api/alert-rules").status_code == 200


def test_a_statement_that_the_database_ends_is_504(
    stack: Stack, client: httpx.Client, stack_admin: psycopg.Connection, plant: Plant, sign_in: SignIn
) -> None:
    viewer = sign_in(plant.organization_id, "viewer")
    with ThreadPoolExecutor(1) as pool, locked(stack):
        asked = pool.submit(client.get, "/api/alert-rules", headers=viewer)
        # As statement_timeout does; both are SQLSTATE 57014.
        wait_until(lambda: stack_admin.execute(_WAITING).fetchall(), "the call waits for the table")
        stack_admin.execute(f"select pg_cancel_backend(pid) from ({_WAITING}) as waiting".encode())
        late = asked.result()
    assert (late.status_code, late.json()["code"]) == (504, "timeout")


@pytest.mark.parametrize("value", ["0", "-1", "x", "nan", "inf", "301"])
@pytest.mark.parametrize("name", ["FLUXIO_REQUEST_TIMEOUT_S", "FLUXIO_API_WORKERS", "FLUXIO_API_THREADS"])
def test_a_limit_that_is_none_stops_the_start(tmp_path: Path, name: str, value: str) -> None:
    if (name, value) == ("FLUXIO_API_THREADS", "301"):
        value = "1.5"
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), name: value}
    done = subprocess.run(
        [GUNICORN, "--check-config", "--config", GUNICORN_CONFIG, "fluxio_api.wsgi:app"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert done.stderr.count(name) == 1
    assert "Traceback" not in done.stderr


#: What a client sends and how often [s]; then it waits for the answer.
Sent = tuple[bytes, list[bytes], float]


def told(server: ApiServer, sent: Sent) -> bytes:
    """The first line of the answer to a client that sends a piece now and then; empty if there is none."""
    head, pieces, pause_s = sent
    with socket.create_connection((HOST, server.port), timeout=60) as connection:
        connection.sendall(head)
        answered = threading.Event()

        def trickle() -> None:
            for piece in pieces:
                if answered.wait(pause_s):
                    return
                try:
                    connection.sendall(piece)
                except OSError:
                    return

        sender = threading.Thread(target=trickle)
        sender.start()
        try:
            return connection.makefile("rb").readline()
        except ConnectionError:
            return b""
        finally:
            answered.set()
            sender.join()


def test_who_trickles_holds_no_thread_and_who_is_slow_is_served(stack: Stack, tmp_path: Path, plant: Plant) -> None:
    post = f"POST /api/ingest HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-api-key: {plant.key}\r\n".encode()
    slow_body = b"[]".ljust(8_000)
    clients: dict[str, Sent] = {
        "body": (post + b"Content-Length: 900000\r\n\r\n", [b" "] * 120, 0.5),
        "chunks": (post + b"Transfer-Encoding: chunked\r\n\r\n", [b"1\r\n \r\n"] * 120, 0.5),
        "head": (b"GET /api/ingest HTTP/1.1\r\nHost: x\r\n", [b"X-A: b\r\n"] * 90, 0.6),
        # 330 bytes a second, for longer than anybody waits for nothing.
        "slow gateway": (
            post + f"Content-Length: {len(slow_body)}\r\n\r\n".encode(),
            [slow_body[at : at + 200] for at in range(0, len(slow_body), 200)],
            0.6,
        ),
    }
    with (
        running_api(stack, tmp_path, FLUXIO_API_THREADS=str(len(clients))) as server,
        ThreadPoolExecutor(len(clients)) as pool,
    ):
        answers = {name: pool.submit(told, server, sent) for name, sent in clients.items()}
        got = {name: answer.result() for name, answer in answers.items()}
        assert httpx.get(f"{server.url}/api/ingest", timeout=30).status_code == httpx.codes.OK
    status = {name: line.split()[1:2] for name, line in got.items()}
    assert status == {"body": [b"400"], "chunks": [b"400"], "head": [], "slow gateway": [b"200"]}
    log = server.log.read_text()
    assert "Traceback" not in log
    assert plant.key not in log
