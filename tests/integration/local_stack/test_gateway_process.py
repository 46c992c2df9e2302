"""The gateway as a process: starting (P13, P14), stopping, and a database that goes away."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from fluxio_local import paths, ports
from fluxio_local.stack import Stack

Call = Callable[..., httpx.Response]
#: Each of these replaces a method of @supabase/lite that no documentation names.
OVERRIDDEN = ("ensureRlsContext", "applyJwtSessionContext", "applyRpcRequestGucs", "withContext",
              "normalizeDbError", "clearSchemaCache", "introspect")  # fmt: skip


def run_node(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", "--input-type=module", "--eval", script], cwd=paths.ROOT, capture_output=True, text=True, check=False
    )


def run_gateway(tmp_path: Path, command: str, config: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config))
    return subprocess.run(
        ["node", paths.GATEWAY, command, file], capture_output=True, text=True, check=False, timeout=30
    )


@pytest.mark.parametrize("method", OVERRIDDEN)
def test_what_the_gateway_overrides_exists_in_the_pinned_version(method: str) -> None:
    done = run_node(
        "import { PostgresConnection } from '@supabase/lite/postgres';"
        f"process.exit(typeof PostgresConnection.prototype.{method} === 'function' ? 0 : 1)"
    )
    assert done.returncode == 0, done.stderr


def test_a_renamed_internal_stops_the_start() -> None:
    done = run_node(
        "import { replaceInternals } from './supabase/local/gateway/database/internals.mjs';"
        "replaceInternals({ old() {} }, { old() {} }); replaceInternals({}, { gone() {} })"
    )
    assert done.returncode != 0
    assert "@supabase/lite has no method gone any more" in done.stderr


def test_init_may_run_again_and_says_nothing(stack: Stack, tmp_path: Path) -> None:
    done = run_gateway(tmp_path, "init", stack.config)
    # init puts lite's functions back; as at every start, what follows it has to follow.
    from fluxio_local.bootstrap import run_sql_files

    run_sql_files(paths.BOOTSTRAP / "after_auth", stack.admin_database_url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"jwt_secret": "short"}, "missing or not usable in the configuration: jwt_secret"),
        ({"secret_key": None, "port": "1"}, "missing or not usable in the configuration: port, secret_key"),
    ],
)
def test_a_wrong_configuration_is_named_without_its_value(
    stack: Stack, tmp_path: Path, change: dict[str, Any], complaint: str
) -> None:
    done = run_gateway(tmp_path, "serve", stack.config | change)
    assert done.returncode == 1
    assert json.loads(done.stderr)["error"] == f"Error: {complaint}"


def test_without_a_database_it_does_not_start(stack: Stack, tmp_path: Path) -> None:
    url = f"postgres://supabase_admin:x@127.0.0.1:{ports.free_port()}/postgres"
    done = run_gateway(tmp_path, "serve", stack.config | {"database_url": url, "port": ports.free_port()})
    assert done.returncode == 1
    assert "ECONNREFUSED" in json.loads(done.stderr.splitlines()[-1])["error"]


def test_it_says_that_it_is_ready_and_nothing_else(probe: Stack) -> None:
    start = probe.gateway.process.log.stat().st_size
    probe.restart_gateway()
    lines = probe.gateway.process.log.read_text()[start:].splitlines()
    assert [json.loads(line) for line in lines] == [{"ready": True, "port": probe.state.port}]


def test_a_stop_lets_a_running_request_finish(probe: Stack, call: Call) -> None:
    answers: list[httpx.Response] = []
    request = threading.Thread(
        target=lambda: answers.append(call("POST", "/rest/v1/rpc/probe_sleep", json={"seconds": 1.5}))
    )
    request.start()
    time.sleep(0.5)
    probe.gateway.process.stop()
    request.join()
    probe.gateway.start()
    assert [answer.status_code for answer in answers] == [204]


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_database_restart_is_survived(probe: Stack, mode: str) -> None:
    """Requests under way all the time get an answer or a 503, and none of them anything else."""
    statuses: list[tuple[float, int]] = []
    done = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=probe.url, headers={"apikey": probe.service_role_key}, timeout=30) as client:
            while not done.is_set():
                answer = client.post("/rest/v1/rpc/probe_request", json={})
                statuses.append((time.monotonic(), answer.status_code))
                time.sleep(0.01)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.5)
        probe.stop_postgres(mode)
        time.sleep(0.5)
        probe.start_postgres()
        back = time.monotonic()
        time.sleep(2)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert probe.gateway.process.is_running()
    assert {status for _, status in statuses} == {200, 503}
    late = {status for at, status in statuses if at > back + 1}
    assert late == {200}


def test_while_the_database_is_away_every_part_says_so(probe: Stack, call: Call) -> None:
    probe.stop_postgres()
    try:
        rest = call("GET", "/rest/v1/probe")
        sign_in = call("POST", "/auth/v1/token?grant_type=password", json={"email": "a@b.test", "password": "x"})
        users = call("GET", "/auth/v1/admin/users")
    finally:
        probe.start_postgres()
    assert {answer.status_code for answer in (rest, sign_in, users)} == {503}
    assert rest.headers["retry-after"] == "1"
    assert rest.json()["code"] == "PGRST001"
    assert sign_in.json()["error_code"] == users.json()["error_code"] == "database_unavailable"


def test_a_table_made_while_the_listener_was_away_is_known(probe: Stack, call: Call) -> None:
    probe.stop_postgres("immediate")
    probe.start_postgres()
    with psycopg.connect(probe.database_url, autocommit=True) as connection:
        connection.execute("create table public.probe_later (id integer)")
        try:
            deadline = time.monotonic() + 10
            while call("GET", "/rest/v1/probe_later").status_code != httpx.codes.OK:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        finally:
            connection.execute("drop table public.probe_later")


#: A session with a server that resets the connection after so many answers.
RESETTING_SERVER = """
import net from "node:net";
import "./supabase/local/gateway/database/unheard.mjs";
import { createPool } from "./supabase/local/gateway/database/pool.mjs";

const ready = [0x5a, 0, 0, 0, 5, 0x49];
const done = [0x43, 0, 0, 0, 13, ...Buffer.from("SELECT 0\\0")];
// To the startup message, the question for array types, and `begin`.
const all = [[0x52, 0, 0, 0, 8, 0, 0, 0, 0, ...ready], [...done, ...ready], [...done, ...ready]];
const answers = all.slice(0, ANSWERS);
const server = net.createServer((socket) => {
  const left = [...answers];
  socket.on("error", () => {});
  socket.on("data", () => {
    const answer = left.shift();
    if (answer) socket.write(Buffer.from(answer));
    else socket.resetAndDestroy();
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `postgresql://u:p@127.0.0.1:${server.address().port}/d`;
const connection = await createPool(url, { size: 1, statementSuffix: () => "" }).reserve();
const late = new Promise((resolve) => setTimeout(resolve, 10_000, "hangs"));
for (const text of ANSWERS === 3 ? ["begin", "select 1", "rollback"] : ["begin"]) {
  const outcome = connection.unsafe(text, []).then(() => "answered", (error) => error.code);
  console.log(text, await Promise.race([outcome, late]));
}
// What nobody listened to ends the process a little later.
await new Promise((resolve) => setTimeout(resolve, 1_000));
process.exit(0);
"""


def test_a_rollback_on_a_connection_that_was_reset_does_not_wait_for_ever() -> None:
    done = run_node(RESETTING_SERVER.replace("ANSWERS", "3"))
    assert done.stdout.splitlines() == [
        "begin answered",
        "select 1 ECONNRESET",
        "rollback CONNECTION_CLOSED",
    ], done.stderr


def test_a_connection_that_is_reset_while_it_is_made_does_not_end_the_gateway() -> None:
    done = run_node(RESETTING_SERVER.replace("ANSWERS", "1"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["begin ECONNRESET"], done.stderr
