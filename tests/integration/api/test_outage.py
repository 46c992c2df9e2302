"""The database goes and comes back under a running API."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from fluxio_local.stack import Stack
from support.api_server import ApiServer, running_api

from .conftest import Database, MakePlant, Plant, SignIn, rows
from .test_ingest import minutes_ago

Outage = Callable[[], AbstractContextManager[None]]


@pytest.fixture(params=["gateway", "postgres"])
def outage(request: pytest.FixtureRequest, stack: Stack) -> Outage:
    """A part of Supabase that is away within a block."""

    @contextmanager
    def gateway() -> Iterator[None]:
        stack.kill_gateway()
        try:
            yield
        finally:
            stack.restart_gateway()

    @contextmanager
    def postgres() -> Iterator[None]:
        stack.stop_postgres("immediate")
        try:
            yield
        finally:
            stack.start_postgres()

    return {"gateway": gateway, "postgres": postgres}[request.param]


def until_ok(send: Callable[[], httpx.Response]) -> httpx.Response:
    deadline = time.monotonic() + 30
    while (answer := send()).status_code == 503 and time.monotonic() < deadline:
        time.sleep(0.2)
    return answer


def test_an_outage_is_503_with_retry_after_and_then_over(
    outage: Outage, client: httpx.Client, stack: Stack, plant: Plant, sign_in: SignIn
) -> None:
    reader = sign_in(plant.organization_id, "viewer")
    body = [{"device_id": plant.devices[0], "flow_rate": value, "created_at": minutes_ago(value)} for value in (1, 2)]
    assert client.post("/api/ingest", json=body[:1], headers=plant.headers).status_code == 200

    with outage():
        for answer in (
            client.post("/api/ingest", json=body, headers=plant.headers),
            client.post("/api/ingest", content=b"{", headers=plant.headers),
            client.post("/api/ingest", json=body, headers={"x-api-key": "flx_nobody_knows_this_key"}),
            client.get("/api/devices", headers=reader),
        ):
            assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
            assert answer.json()["code"] == "database_unavailable"
            assert int(answer.headers["retry-after"]) > 0
        assert client.get("/api/ingest").status_code == 200

    after = until_ok(lambda: client.post("/api/ingest", json=body, headers=plant.headers))
    assert after.status_code == 200
    assert [result["verdict"] for result in after.json()["results"]] == ["duplicate", "new"]
    read = until_ok(lambda: client.get("/api/devices", headers=reader)).json()
    assert [device["device_id"] for device in read["devices"]] == plant.devices


def test_a_restarted_api_takes_up_where_it_was(
    api: ApiServer, client: httpx.Client, db: Database, plant: Plant
) -> None:
    body = {"device_id": plant.devices[0], "flow_rate": 1.5}
    assert client.post("/api/ingest", json=body, headers=plant.headers).status_code == 200
    api.stop(signal.SIGKILL)
    api.start()
    answer = httpx.post(f"{api.url}/api/ingest", json=body, headers=plant.headers, timeout=30)
    assert answer.json()["results"][0]["verdict"] == "duplicate"
    assert len(rows(db, plant.devices[0])) == 1


def test_an_answer_that_comes_too_late_costs_nothing(
    stack: Stack, tmp_path: Path, db: Database, make_plant: MakePlant
) -> None:
    plant = make_plant()
    body = {"device_id": plant.devices[0], "flow_rate": 1.5}
    with running_api(stack, tmp_path, FLUXIO_UPSTREAM_TIMEOUT_S="1.5") as server:

        def post() -> httpx.Response:
            return httpx.post(f"{server.url}/api/ingest", json=body, headers=plant.headers, timeout=30)

        with psycopg.connect(stack.database_url) as blocker:
            blocker.execute("select from public.devices where device_id = %s for update", [plant.devices[0]])
            late = post()
            assert (late.status_code, late.json()["code"]) == (503, "database_unavailable")
            blocker.rollback()
        # The call that was given up goes on in the database; whichever comes first, there is one row.
        assert until_ok(post).status_code == 200
        assert post().json()["results"][0]["verdict"] == "duplicate"
    assert len(rows(db, plant.devices[0])) == 1
