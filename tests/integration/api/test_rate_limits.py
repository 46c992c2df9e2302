"""Limits under gunicorn: shared by workers through Redis, harmless without it, and no concern of other keys."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from fluxio_local.ports import HOST
from fluxio_local.stack import Stack
from support.api_server import running_api
from support.redis import RedisServer, running_redis

from .conftest import Database, MakePlant, Plant, rows
from .test_ingest import minutes_ago


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with running_redis(tmp_path) as server:
        yield server


def post(url: str, plant: Plant, value: float = 1) -> httpx.Response:
    body = {"device_id": plant.devices[0], "flow_rate": value, "created_at": minutes_ago(1)}
    return httpx.post(f"{url}/api/ingest", json=body, headers=plant.headers, timeout=30)


def is_well_formed(refused: httpx.Response) -> bool:
    """Whether a 429 tells what it must."""
    return (
        refused.headers["content-type"] == "application/problem+json"
        and refused.json()["code"] == "rate_limited"
        and 0 < int(refused.headers["retry-after"]) <= 3601
    )


def test_redis_counts_for_all_workers(
    stack: Stack, redis: RedisServer, tmp_path: Path, make_plant: MakePlant, db: Database
) -> None:
    plant = make_plant()
    settings = {"FLUXIO_API_WORKERS": "3", "FLUXIO_INGEST_RATE_LIMIT": "8 per hour"}
    with running_api(stack, tmp_path, FLUXIO_RATE_LIMIT_STORAGE=redis.url, **settings) as server:
        # A connection each, so that the workers take turns.
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: post(server.url, plant), range(40)))
        statuses = Counter(answer.status_code for answer in answers)
        assert statuses == {200: 8, 429: 32}
        assert all(is_well_formed(answer) for answer in answers if answer.status_code == 429)
        held = redis.keys()
        assert held, "it was Redis that counted"
        assert not any(plant.key in key for key in held), "by the key's id"

        # A counter of Redis outlives the API.
        server.stop()
        server.start()
        assert post(server.url, plant).status_code == 429


def test_a_redis_that_goes_costs_no_reading_and_no_time(
    stack: Stack, redis: RedisServer, tmp_path: Path, make_plant: MakePlant, db: Database
) -> None:
    plant = make_plant()
    with running_api(stack, tmp_path, FLUXIO_RATE_LIMIT_STORAGE=redis.url) as server:
        assert post(server.url, plant).status_code == 200
        redis.stop()
        assert [post(server.url, plant).status_code for _ in range(30)] == [200] * 30
        redis.start()
        # It is asked for again after some seconds, and counts again.
        deadline = time.monotonic() + 60
        while not redis.keys():
            assert time.monotonic() < deadline, "Redis is back, and nobody counts there"
            assert post(server.url, plant).status_code == 200
            time.sleep(0.5)
        said = server.log.read_text()
        assert (said.count("storage is away"), said.count("storage is back")) == (1, 1), "not at each request"


def test_a_redis_that_is_silent_is_asked_seldom(stack: Stack, tmp_path: Path, make_plant: MakePlant) -> None:
    plant = make_plant()
    # It takes connections and answers nothing.
    with socket.create_server((HOST, 0)) as silent:
        port = silent.getsockname()[1]
        with running_api(stack, tmp_path, FLUXIO_RATE_LIMIT_STORAGE=f"redis://{HOST}:{port}/0") as server:
            assert [post(server.url, plant).status_code for _ in range(30)] == [200] * 30
        silent.setblocking(False)
        asked = 0
        with suppress(BlockingIOError):
            while True:
                silent.accept()[0].close()
                asked += 1
    assert 0 < asked < 10, "once when it was found silent, then after 1, 2, 4 ... s"


def test_without_redis_a_key_is_limited_all_the_same(stack: Stack, tmp_path: Path, make_plant: MakePlant) -> None:
    plant = make_plant()
    with running_api(
        stack, tmp_path, FLUXIO_RATE_LIMIT_STORAGE="redis://127.0.0.1:1/0", FLUXIO_INGEST_RATE_LIMIT="3 per hour"
    ) as server:
        assert [post(server.url, plant).status_code for _ in range(5)] == [200, 200, 200, 429, 429]


def test_a_noisy_key_fails_nobody_else(stack: Stack, tmp_path: Path, make_plant: MakePlant, db: Database) -> None:
    noisy, other = make_plant(), make_plant()
    large = b'[{"device_id":"' + noisy.devices[0].encode() + b'","metadata":"' + b"x" * 500_000 + b'"}]'
    over, is_limited = threading.Event(), threading.Event()
    with running_api(stack, tmp_path, FLUXIO_INGEST_RATE_LIMIT="60 per hour") as server:

        def flood(_: int) -> Counter[int]:
            seen: Counter[int] = Counter()
            with httpx.Client(timeout=30) as client:
                while not over.is_set():
                    answer = client.post(f"{server.url}/api/ingest", content=large, headers=noisy.headers)
                    if answer.status_code == 429:
                        assert is_well_formed(answer)
                        is_limited.set()
                    seen[answer.status_code] += 1
            return seen

        with ThreadPoolExecutor(12) as pool:
            floods = [pool.submit(flood, number) for number in range(12)]
            try:
                assert is_limited.wait(60)
                answers = [post(server.url, other, value) for value in range(40)]
            finally:
                over.set()
            flooded = sum((one.result() for one in floods), Counter[int]())
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["results"][0]["verdict"] for answer in answers} == {"new"}
    assert len(rows(db, other.devices[0])) == 40
    assert (flooded[422], set(flooded)) == (60, {422, 429})


def test_a_flood_of_unknown_keys_fails_no_good_one_behind_the_same_address(
    stack: Stack, tmp_path: Path, make_plant: MakePlant, db: Database
) -> None:
    plant = make_plant()
    over = threading.Event()
    # The cache time is short, so that the good key is looked up in the flood.
    with running_api(stack, tmp_path, FLUXIO_UNKNOWN_KEY_LIMIT="20 per minute", FLUXIO_KEY_CACHE_S="0.2") as server:
        assert post(server.url, plant).status_code == 200

        def flood(worker: int) -> Counter[int]:
            seen: Counter[int] = Counter()
            with httpx.Client(timeout=30) as client:
                while not over.is_set():
                    key = f"flx_guess_{worker}_{sum(seen.values())}"
                    seen[client.post(f"{server.url}/api/ingest", headers={"x-api-key": key}).status_code] += 1
            return seen

        with ThreadPoolExecutor(4) as pool:
            floods = [pool.submit(flood, number) for number in range(4)]
            try:
                answers = [post(server.url, plant, value) for value in range(50)]
            finally:
                over.set()
            flooded = sum((one.result() for one in floods), Counter[int]())
    assert {answer.status_code for answer in answers} == {200}
    assert set(flooded) == {401, 429}
    # A look-up that is under way when another is counted is one more.
    assert flooded[401] < 20 * 3 + 16
