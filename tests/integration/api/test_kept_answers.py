"""The list of devices and the summary, kept for some seconds: nobody gets what is not theirs, or was before."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import jwt
import pytest

from fluxio_local.ports import HOST
from fluxio_local.stack import Stack
from support import contract
from support.api_server import ApiServer, running_api
from support.redis import RedisServer, running_redis

from .conftest import Database, MakePlant, Plant, SignIn
from .test_ingest import minutes_ago

Headers = dict[str, str]
KEPT = ["/api/devices", "/api/summary"]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module", params=["memory", "redis"])
def server(
    request: pytest.FixtureRequest, stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiServer]:
    """Two workers that keep answers for themselves, or together."""
    storage = "memory://" if request.param == "memory" else request.getfixturevalue("redis").url
    with running_api(
        stack, tmp_path_factory.mktemp("api"), FLUXIO_API_WORKERS="2", FLUXIO_ANSWER_CACHE_STORAGE=storage
    ) as server:
        yield server


@pytest.fixture
def client(server: ApiServer) -> Iterator[httpx.Client]:
    with contract.client(server.url) as client:
        yield client


@pytest.fixture
def admin(plant: Plant, sign_in: SignIn) -> Headers:
    return sign_in(plant.organization_id, "admin")


def asked_often(url: str, path: str, headers: Headers) -> list[httpx.Response]:
    """Answers over a connection each, so that the workers take turns."""
    with (
        ThreadPoolExecutor(4) as pool,
        contract.client(url, limits=httpx.Limits(max_keepalive_connections=0)) as client,
    ):
        return list(pool.map(lambda _: client.get(path, headers=headers), range(12)))


def names(answers: list[httpx.Response]) -> set[str]:
    return {answer.json()["devices"][0]["device_name"] for answer in answers}


def latest(answer: httpx.Response) -> object:
    reading = answer.json()["devices"][0]["latest"]
    return reading and reading["flow_rate"]


def post(client: httpx.Client, plant: Plant, flow_rate: float) -> None:
    reading = {"device_id": plant.devices[0], "created_at": minutes_ago(1 / flow_rate), "flow_rate": flow_rate}
    client.post("/api/ingest", json=reading, headers=plant.headers).raise_for_status()


def test_who_changes_something_sees_it_at_once_from_every_worker(
    server: ApiServer, client: httpx.Client, plant: Plant, admin: Headers
) -> None:
    asked_often(server.url, "/api/devices", admin)
    for number in range(8):
        path = f"/api/devices/{plant.devices[0]}"
        client.patch(path, json={"device_name": f"Name {number}"}, headers=admin).raise_for_status()
        assert names(asked_often(server.url, "/api/devices", admin)) == {f"Name {number}"}


def test_a_change_past_the_api_by_the_same_person_is_seen_too(
    stack: Stack, server: ApiServer, plant: Plant, admin: Headers
) -> None:
    asked_often(server.url, "/api/devices", admin)
    httpx.patch(
        f"{stack.url}/rest/v1/devices?device_id=eq.{plant.devices[0]}",
        headers={**admin, "apikey": stack.anon_key},
        json={"device_name": "Past the API"},
    ).raise_for_status()
    assert names(asked_often(server.url, "/api/devices", admin)) == {"Past the API"}


def test_alerts_and_devices_are_counted_as_the_person_left_them(
    server: ApiServer, client: httpx.Client, db: Database, plant: Plant, admin: Headers
) -> None:
    db.execute(
        "insert into public.alerts (organization_id, device_id, alert_type, severity, message)"
        " values (%s, %s, 'high_flow', 'critical', 'High')",
        [plant.organization_id, plant.devices[0]],
    )
    counted = [(answer.json()["active_alerts"], answer.json()["critical_alerts"]) for answer in asked_often(
        server.url, "/api/summary", admin)]  # fmt: skip
    assert set(counted) == {(1, 1)}
    [alert] = client.get("/api/alerts", headers=admin).json()["alerts"]
    client.patch("/api/alerts", json={"alert_id": alert["id"], "is_resolved": True}, headers=admin).raise_for_status()
    client.post("/api/devices", json={"device_id": f"{plant.devices[0]}_2"}, headers=admin).raise_for_status()
    for answer in asked_often(server.url, "/api/summary", admin):
        assert answer.json() == {"total_devices": 2, "online_devices": 0, "active_alerts": 0, "critical_alerts": 0}


def test_a_replayed_reading_is_seen_at_once(
    server: ApiServer, client: httpx.Client, plant: Plant, admin: Headers
) -> None:
    device_id = f"A{plant.devices[0]}"
    reading = {"device_id": device_id, "created_at": minutes_ago(1), "flow_rate": 3}
    assert client.post("/api/ingest", json=reading, headers=plant.headers).status_code == 422
    client.post("/api/devices", json={"device_id": device_id}, headers=admin).raise_for_status()
    assert {latest(answer) for answer in asked_often(server.url, "/api/devices", admin)} == {None}
    [letter] = client.get("/api/dead-letters", headers=admin).json()["letters"]
    client.post("/api/dead-letters/replay", json={"ids": [letter["id"]]}, headers=admin).raise_for_status()
    assert {latest(answer) for answer in asked_often(server.url, "/api/devices", admin)} == {3}


def test_readings_may_be_as_old_as_the_answer(
    client: httpx.Client, plant: Plant, admin: Headers, sign_in: SignIn
) -> None:
    # Over one connection, so from one worker.
    post(client, plant, 1)
    before = client.get("/api/devices", headers=admin)
    assert latest(before) == 1
    post(client, plant, 2)
    assert client.get("/api/devices", headers=admin).text == before.text
    # Nothing is shared with another role, which shows what has come meanwhile.
    assert latest(client.get("/api/devices", headers=sign_in(plant.organization_id, "viewer"))) == 2


@pytest.mark.parametrize("path", KEPT)
def test_what_has_not_changed_is_not_sent_again(client: httpx.Client, plant: Plant, admin: Headers, path: str) -> None:
    # The two workers may have made theirs at different times, but say the same of a plant without readings.
    first = client.get(path, headers=admin)
    assert first.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in first.headers["vary"]
    known = {**admin, "If-None-Match": first.headers["etag"]}
    second = client.get(path, headers=known)
    assert (second.status_code, second.content, second.headers["etag"]) == (304, b"", first.headers["etag"])
    assert second.headers["cache-control"] == "private, no-cache"
    client.post("/api/devices", json={"device_id": f"{plant.devices[0]}_2"}, headers=admin).raise_for_status()
    third = client.get(path, headers=known)
    assert third.status_code == 200
    assert third.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize("path", KEPT)
def test_what_is_known_is_not_told_without_a_token(client: httpx.Client, admin: Headers, path: str) -> None:
    etag = client.get(path, headers=admin).headers["etag"]
    for headers in ({}, {"Authorization": f"{admin['Authorization']}x"}):
        answer = client.get(path, headers={**headers, "If-None-Match": etag})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_another_organization_gets_its_own(server: ApiServer, make_plant: MakePlant, sign_in: SignIn) -> None:
    plants = [make_plant(1), make_plant(2)]
    people = [sign_in(plant.organization_id, "viewer") for plant in plants]
    for _ in range(2):
        for plant, person in zip(plants, people, strict=True):
            for answer in asked_often(server.url, "/api/devices", person):
                assert [device["device_id"] for device in answer.json()["devices"]] == plant.devices
            assert {answer.json()["total_devices"] for answer in asked_often(server.url, "/api/summary", person)} == {
                len(plant.devices)
            }


def test_who_is_moved_or_let_in_no_more_loses_sight_at_once(
    server: ApiServer, db: Database, make_plant: MakePlant, sign_in: SignIn
) -> None:
    here, there = make_plant(), make_plant()
    sign_in(here.organization_id, "admin")
    person = sign_in(here.organization_id, "viewer")
    person_id = jwt.decode(person["Authorization"].split()[1], options={"verify_signature": False})["sub"]

    def seen() -> set[tuple[str, ...]]:
        answers = asked_often(server.url, "/api/devices", person)
        return {tuple(device["device_id"] for device in answer.json()["devices"]) for answer in answers}

    assert seen() == {tuple(here.devices)}
    for change, expected in (
        (f"role = 'operator', organization_id = '{there.organization_id}'", {tuple(there.devices)}),
        ("is_active = false", {()}),
        (f"is_active = true, organization_id = '{here.organization_id}'", {tuple(here.devices)}),
        ("role = 'viewer', organization_id = null", {()}),
    ):
        db.execute(f"update public.users set {change} where id = %s", [person_id])
        assert seen() == expected


def test_an_answer_grows_old_and_goes(stack: Stack, tmp_path: Path, plant: Plant, admin: Headers) -> None:
    with (
        running_api(stack, tmp_path, FLUXIO_ANSWER_CACHE_S="0.5") as server,
        contract.client(server.url) as client,
    ):
        post(client, plant, 1)
        assert latest(client.get("/api/devices", headers=admin)) == 1
        post(client, plant, 2)
        deadline = time.monotonic() + 30
        while latest(client.get("/api/devices", headers=admin)) == 1:
            assert time.monotonic() < deadline, "it is still the old one"
            time.sleep(0.1)


def test_redis_shares_what_is_kept_and_may_go(stack: Stack, tmp_path: Path, plant: Plant, admin: Headers) -> None:
    settings = {"FLUXIO_API_WORKERS": "2"}
    with (
        running_redis(tmp_path) as redis,
        running_api(stack, tmp_path, FLUXIO_ANSWER_CACHE_STORAGE=redis.url, **settings) as server,
        contract.client(server.url) as client,
    ):
        post(client, plant, 1)
        assert latest(client.get("/api/devices", headers=admin)) == 1
        held = redis.keys()
        assert len(held) == 1
        assert plant.organization_id not in held[0]
        post(client, plant, 2)
        assert {latest(answer) for answer in asked_often(server.url, "/api/devices", admin)} == {1}, "kept for both"
        redis.stop()
        assert {latest(answer) for answer in asked_often(server.url, "/api/devices", admin)} == {2}, "kept by none"
        path = f"/api/devices/{plant.devices[0]}"
        client.patch(path, json={"device_name": "Without"}, headers=admin).raise_for_status()
        assert names(asked_often(server.url, "/api/devices", admin)) == {"Without"}
        redis.start()
        deadline = time.monotonic() + 60
        while not redis.keys():
            assert time.monotonic() < deadline, "Redis is back, and nobody keeps anything there"
            asked_often(server.url, "/api/devices", admin)
            time.sleep(0.5)
        assert 1 <= server.log.read_text().count("the Redis of kept answers is away") <= 2, "once a worker"


def test_a_silent_redis_is_asked_seldom(stack: Stack, tmp_path: Path, admin: Headers) -> None:
    # It takes connections and answers nothing.
    with socket.create_server((HOST, 0)) as silent:
        address = f"redis://{HOST}:{silent.getsockname()[1]}/0"
        with (
            running_api(stack, tmp_path, FLUXIO_ANSWER_CACHE_STORAGE=address) as server,
            contract.client(server.url) as client,
        ):
            assert {client.get("/api/devices", headers=admin).status_code for _ in range(20)} == {200}
            assert server.log.read_text().count("the Redis of kept answers is away") == 1
