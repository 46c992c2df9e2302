"""What the running API tells of itself, and what it never tells."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from fluxio_local.ports import HOST
from fluxio_local.stack import Stack
from support.api_server import ApiServer, running_api

from .conftest import SHARED_KEY, MakePlant, Plant, SignIn
from .test_ingest import minutes_ago

TOKEN = "token-of-whoever-scrapes-0123456789"
WORKERS = 3


@pytest.fixture
def server(stack: Stack, tmp_path: Path) -> Iterator[ApiServer]:
    with running_api(
        stack, tmp_path, FLUXIO_METRICS_TOKEN=TOKEN, FLUXIO_API_WORKERS=str(WORKERS), API_SECRET_KEY=SHARED_KEY,
        FLUXIO_LOG_FORMAT="json",
    ) as server:  # fmt: skip
        yield server


def post(server: ApiServer, plant: Plant, value: float) -> httpx.Response:
    body = {"device_id": plant.devices[0], "flow_rate": value, "created_at": minutes_ago(value)}
    return httpx.post(f"{server.url}/api/ingest", json=body, headers=plant.headers, timeout=30)


def sample(server: ApiServer, name: str, **labels: str) -> float:
    answer = httpx.get(f"{server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)
    answer.raise_for_status()
    for family in text_string_to_metric_families(answer.text):
        for one in family.samples:
            if (one.name, one.labels) == (name, labels):
                return one.value
    return 0


# Metrics ------------------------------------------------------------------------------------------------------------


def test_any_worker_tells_what_all_have_counted(server: ApiServer, plant: Plant) -> None:
    for value in range(1, 31):
        assert post(server, plant, value).status_code == 200
    for _ in range(5):
        assert sample(server, "fluxio_ingest_readings_total", verdict="new", code="") == 30
    assert sample(server, "fluxio_ingest_requests_total", status="200") == 30
    assert sample(server, "fluxio_ingest_reading_lag_seconds_count") == 30
    assert sample(server, "fluxio_ingest_commit_duration_seconds_count") == 30


def test_what_a_worker_had_counted_outlives_it(server: ApiServer, plant: Plant) -> None:
    for value in range(1, 11):
        post(server, plant, value)
    before = server.worker_pids()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while len(server.worker_pids() - before) < WORKERS:
        assert time.monotonic() < deadline, "the workers are not replaced"
        time.sleep(0.1)
    for value in range(11, 16):
        assert post(server, plant, value).status_code == 200
    assert sample(server, "fluxio_ingest_readings_total", verdict="new", code="") == 15


def test_the_folder_of_the_metrics_is_private_and_goes_with_the_server(server: ApiServer, plant: Plant) -> None:
    post(server, plant, 1)
    (folder,) = server.log.parent.glob("fluxio-metrics-*")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(folder.glob("*.db"))
    server.send(signal.SIGHUP)
    assert sample(server, "fluxio_ingest_readings_total", verdict="new", code="") == 1
    server.stop()
    assert not folder.exists()
    server.start()


# Health -------------------------------------------------------------------------------------------------------------


def test_it_is_ready_while_the_database_answers(server: ApiServer, stack: Stack) -> None:
    assert httpx.get(f"{server.url}/readyz", timeout=30).json() == {"status": "ready", "checks": {"database": "ok"}}
    stack.kill_gateway()
    try:
        time.sleep(1.6)  # what a probe has found stands for 1.5 s
        answer = httpx.get(f"{server.url}/readyz", timeout=30)
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert answer.json()["checks"] == {"database": "unavailable"}
        assert httpx.get(f"{server.url}/healthz").json() == {"status": "ok"}
    finally:
        stack.restart_gateway()
    deadline = time.monotonic() + 30
    while httpx.get(f"{server.url}/readyz", timeout=30).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)


# The log ------------------------------------------------------------------------------------------------------------


def test_the_log_holds_no_key_no_token_and_no_body(
    server: ApiServer, stack: Stack, make_plant: MakePlant, sign_in: SignIn
) -> None:
    plant = make_plant()
    person = sign_in(plant.organization_id, "viewer")["Authorization"]
    # In every place a client may put one, right or wrong; each place has its own, so that a leak names it.
    secrets = {place: f"flx_secret_{place}_{'0' * 40}" for place in (
        "query", "path", "body", "header", "bearer", "basic", "cookie", "id", "agent", "referer", "method", "form",
        "colon", "folded", "version", "chunk", "type", "encoding", "host", "userinfo", "expect",
    )}  # fmt: skip
    url = f"{server.url}/api/ingest"
    reading = {"device_id": plant.devices[0], "flow_rate": 1}
    for headers in ({"x-api-key": SHARED_KEY}, plant.headers, {"Authorization": f"Bearer {plant.key}"}):
        httpx.post(url, json=reading, headers=headers)
        httpx.post(f"{url}?apikey={secrets['query']}", content=b"{" + secrets["body"].encode(), headers=headers)
        httpx.post(url, json={**reading, "metadata": {"api_key": secrets["body"]}, "flow_rate": "x"}, headers=headers)
        httpx.post(url, json=[[secrets["body"]]], headers={**headers, "Content-Type": secrets["type"]})
        httpx.post(url, data={"key": secrets["form"]}, headers={**headers, "Content-Encoding": secrets["encoding"]})
    httpx.post(f"{url}/?x-api-key={secrets['query']}", headers={"x-api-key": secrets["header"]})
    httpx.post(f"{url}/{secrets['path']}")
    httpx.get(f"{server.url}/api/devices?token={secrets['query']}", headers={"Authorization": person})
    httpx.get(f"{server.url}/metrics?token={TOKEN}", headers={"Authorization": f"Bearer {secrets['bearer']}"})
    httpx.post(url, headers={
        "Authorization": f"Basic {secrets['basic']}", "Cookie": f"key={secrets['cookie']}",
        "X-Request-ID": f"{secrets['id']}!", "User-Agent": secrets["agent"], "Referer": f"/?k={secrets['referer']}",
        "Expect": secrets["expect"],
    })  # fmt: skip
    for head in (
        f"POST /api/ingest HTTP/1.1\r\nHost: x\r\nx-api-key {secrets['colon']}\r\n\r\n",
        f"POST /api/ingest HTTP/1.1\r\nHost: x\r\nx-api-key : {secrets['colon']}\r\n\r\n",
        f"POST /api/ingest HTTP/1.1\r\nHost: x\r\nx-api-key: a\r\n {secrets['folded']}\r\n\r\n",
        f"POST /api/ingest?k={secrets['query']} HTTP/{secrets['version']}\r\n\r\n",
        f"{secrets['method']} /api/ingest HTTP/1.1\r\nHost: x\r\n\r\n",
        f"POST http://u:{secrets['userinfo']}@x/api/ingest?k={secrets['query']} HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET /api/ingest HTTP/1.1\r\nHost: {secrets['host']} {secrets['host']}\r\n\r\n",
        f"POST /api/ingest HTTP/1.1\r\nHost: x\r\nContent-Length: {secrets['header']}\r\n\r\n",
        f"POST /api/ingest HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {secrets['encoding']}\r\n\r\n",
        f"POST /api/ingest HTTP/1.1\r\nHost: x\r\nx-api-key: {plant.key}\r\nTransfer-Encoding: chunked\r\n\r\n"
        f"{secrets['chunk']}\r\n",
    ):
        with socket.create_connection((HOST, server.port), timeout=10) as connection:
            connection.sendall(head.encode())
            connection.shutdown(socket.SHUT_WR)
            connection.makefile("rb").read()
    stack.kill_gateway()
    try:
        httpx.post(url, json=reading, headers={"x-api-key": secrets["header"]}, timeout=30)
        httpx.post(url, json=reading, headers=plant.headers, timeout=30)
    finally:
        stack.restart_gateway()
    server.stop()
    log = server.log.read_text()
    server.start()

    assert plant.api_key_id in log, "the key's id is there"
    told = [place for place, secret in secrets.items() if secret[:30] in log]
    assert told == []
    for secret in (plant.key, SHARED_KEY, TOKEN, person, person.split(".")[2], stack.service_role_key):
        assert secret not in log


def test_each_request_is_one_line_of_json(server: ApiServer, plant: Plant) -> None:
    answer = post(server, plant, 1)
    wanted = answer.headers["x-request-id"]
    (line,) = [json.loads(line) for line in server.log.read_text().splitlines() if wanted in line]
    assert (line["method"], line["path"], line["status"]) == ("POST", "/api/ingest", 200)
    assert (line["key"], line["readings"], line["new"]) == (plant.api_key_id, 1, 1)
    assert line["ms"] > 0
