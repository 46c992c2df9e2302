"""POSTs that share a call to the database are answered as if each had come alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import psycopg
import pytest
from flask import Flask
from pydantic import SecretStr
from werkzeug.test import TestResponse

from fluxio_api import create_app
from fluxio_api.ingest.group_commit import Commit, GroupCommit
from fluxio_api.settings import Settings
from fluxio_api.stores import Stores
from fluxio_api.stores.keys import SupabaseKeys
from fluxio_api.stores.person import SupabasePeople
from fluxio_api.stores.readings import SupabaseReadings
from fluxio_api.stores.schema import SupabaseSchema
from fluxio_api.stores.upstream import Upstream
from fluxio_local.stack import Stack
from support.api_server import ApiServer

from .conftest import Database, MakePlant, Plant, letters, rows
from .test_ingest import minutes_ago, verdicts

#: What no other test sends [m3/h]; the constraint below forbids it.
FORBIDDEN = 31337.25
PATIENCE_S = 20.0


@pytest.fixture
def constraint(db: Database) -> Iterator[None]:
    """A rule of the table that neither the API nor ingest_readings knows."""
    db.execute(
        "alter table public.flow_data add constraint flow_data_of_a_test_check"
        f" check (flow_rate is distinct from {FORBIDDEN}) not valid"
    )
    yield
    db.execute("alter table public.flow_data drop constraint flow_data_of_a_test_check")


@dataclass
class Together:
    """An API in this process whose POSTs gather as long as somebody else holds the calls."""

    app: Flask
    group: GroupCommit
    stack: Stack
    busy: list[Plant]
    pool: ThreadPoolExecutor
    commits: list[Commit] = field(default_factory=list)

    def post(self, plant: Plant, body: object) -> TestResponse:
        return self.app.test_client().post("/api/ingest", json=body, headers=plant.headers)

    @contextmanager
    def gathering(self) -> Iterator[Callable[[Plant, object], Future[TestResponse]]]:
        """What is sent within the block is stored by one call at its end."""

        def send(plant: Plant, body: object) -> Future[TestResponse]:
            before = self.group.waiting
            future = self.pool.submit(self.post, plant, body)
            wait_until(lambda: self.group.waiting > before)
            return future

        first: list[Future[TestResponse]] = []
        with psycopg.connect(self.stack.database_url) as blocker:
            names = [plant.devices[0] for plant in self.busy]
            blocker.execute("select from public.devices where device_id = any (%s) for update", [names])
            for plant in self.busy:
                body = {"device_id": plant.devices[0], "flow_rate": 1, "created_at": minutes_ago(1)}
                first.append(self.pool.submit(self.post, plant, body))
            # One is in the call in flight, and one waits already.
            wait_until(lambda: self.group.waiting == 1)
            yield send
        assert [future.result(PATIENCE_S).status_code for future in first] == [200] * len(first)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def together(stack: Stack, make_plant: MakePlant) -> Iterator[Together]:
    settings = Settings.model_validate(
        {
            "supabase_url": stack.url,
            "supabase_anon_key": stack.anon_key,
            "supabase_service_role_key": SecretStr(stack.service_role_key),
            "ingest_rate_limit": "1000000 per minute",
        }
    )
    upstream = Upstream(settings)
    commits: list[Commit] = []
    group = GroupCommit(SupabaseReadings(upstream), wait_s=PATIENCE_S, on_commit=commits.append)
    app = create_app(
        settings, stores=Stores(group, SupabaseKeys(upstream), SupabasePeople(upstream), SupabaseSchema(upstream))
    )
    with ThreadPoolExecutor(16) as pool:
        yield Together(app, group, stack, [make_plant() for _ in range(2)], pool, commits)
    upstream.close()


def answered(future: Future[TestResponse]) -> tuple[int, list[tuple[str, str | None]]]:
    answer = future.result(PATIENCE_S)
    return answer.status_code, [(result["verdict"], result.get("code")) for result in answer.get_json()["results"]]


def test_each_is_told_of_its_own_readings(together: Together, db: Database, make_plant: MakePlant) -> None:
    plants = [make_plant(2) for _ in range(4)]
    with together.gathering() as send:
        futures = [
            send(plant, [{"device_id": device, "flow_rate": 2.5} for device in (*plant.devices, "nobody's")])
            for plant in plants
        ]
    for plant, future in zip(plants, futures, strict=True):
        results = future.result(PATIENCE_S).get_json()["results"]
        assert [(result["index"], result["device_id"], result["verdict"]) for result in results] == [
            (0, plant.devices[0], "new"),
            (1, plant.devices[1], "new"),
            (2, "nobody's", "rejected"),
        ]
        assert [len(rows(db, device)) for device in plant.devices] == [1, 1]
        assert [letter["reason"] for letter in letters(db, plant)] == ["unknown_device"]
    assert max(commit.posts for commit in together.commits) == 5


def test_only_the_reading_the_table_refuses_is_rejected(
    together: Together, db: Database, make_plant: MakePlant, constraint: None, caplog: pytest.LogCaptureFixture
) -> None:
    plants = [make_plant(3) for _ in range(5)]
    at = minutes_ago(1)
    with together.gathering() as send:
        futures = [
            send(
                plant,
                [
                    {
                        "device_id": device,
                        "created_at": at,
                        "flow_rate": FORBIDDEN if (number, place) == (2, 1) else 2.5,
                    }
                    for place, device in enumerate(plant.devices)
                ],
            )
            for number, plant in enumerate(plants)
        ]
    assert "6 POSTs that were joined were refused with 23514" in caplog.text
    for number, (plant, future) in enumerate(zip(plants, futures, strict=True)):
        bad = number == 2
        assert answered(future) == (
            200,
            [("new", None), ("rejected", "invalid_value") if bad else ("new", None), ("new", None)],
        )
        assert [len(rows(db, device)) for device in plant.devices] == [1, 0 if bad else 1, 1]
        kept = letters(db, plant)
        assert [letter["reason"] for letter in kept] == (["invalid_value"] if bad else [])
        if bad:
            assert b"31337.25" in bytes(kept[0]["body"])  # type: ignore[call-overload] # bytea


def test_two_posts_of_one_instant_are_judged_one_after_the_other(
    together: Together, db: Database, plant: Plant
) -> None:
    device, at = plant.devices[0], minutes_ago(1)
    reading = {"device_id": device, "created_at": at, "flow_rate": 2.5}
    with together.gathering() as send:
        futures = [
            send(plant, reading),
            send(plant, reading),
            send(plant, reading | {"level": 0.5}),
            send(plant, reading | {"flow_rate": 3}),
        ]
    assert [answered(future) for future in futures] == [
        (200, [("new", None)]),
        (200, [("duplicate", None)]),
        (200, [("merged", None)]),
        (422, [("conflict", "conflicting_values")]),
    ]
    (row,) = rows(db, device)
    assert (row["flow_rate"], row["level"]) == (2.5, 0.5)
    assert [letter["reason"] for letter in letters(db, plant)] == ["conflicting_values"]


def test_a_body_without_a_time_sent_twice_at_once_is_one_reading(
    together: Together, db: Database, plant: Plant
) -> None:
    body = {"device_id": plant.devices[0], "flow_rate": 2.5}
    with together.gathering() as send:
        futures = [send(plant, body) for _ in range(3)]
    assert [answered(future)[1] for future in futures] == [
        [("new", None)],
        [("duplicate", None)],
        [("duplicate", None)],
    ]
    assert len(rows(db, plant.devices[0])) == 1


def test_a_revoked_key_is_refused_to_its_own_gateway_only(
    together: Together, db: Database, make_plant: MakePlant
) -> None:
    good, revoked = make_plant(), make_plant()
    # Remembered as good until now.
    assert together.post(revoked, {"device_id": revoked.devices[0], "flow_rate": 1}).status_code == 200
    db.execute("update public.api_keys set revoked_at = now() where id = %s", [revoked.api_key_id])
    with together.gathering() as send:
        futures = [send(plant, {"device_id": plant.devices[0], "flow_rate": 2}) for plant in (good, revoked, good)]
    assert [future.result(PATIENCE_S).status_code for future in futures] == [200, 401, 200]
    assert len(rows(db, revoked.devices[0])) == 1


def test_what_postgresql_cannot_hold_never_joins(together: Together, db: Database, make_plant: MakePlant) -> None:
    plants = [make_plant() for _ in range(2)]
    odd = {"device_id": plants[1].devices[0], "flow_rate": 2}
    bodies: list[object] = [
        {"device_id": plants[0].devices[0], "flow_rate": 2},
        [odd | {"metadata": {"note": "a\0b"}}, odd | {"note": "\ud800"}, odd | {"temperature": "1e400"}],
    ]
    with together.gathering() as send:
        futures = [send(plant, body) for plant, body in zip(plants, bodies, strict=True)]
    assert answered(futures[0]) == (200, [("new", None)])
    assert answered(futures[1]) == (
        200,
        [("rejected", "invalid_value"), ("rejected", "invalid_value"), ("new", None)],
    )
    # One call for both: nothing had to be taken apart.
    assert max(commit.posts for commit in together.commits) == 3


def test_an_outage_is_told_to_all_and_nothing_is_half_stored(
    together: Together, db: Database, make_plant: MakePlant, stack: Stack
) -> None:
    plants = [make_plant() for _ in range(3)]
    bodies = [{"device_id": plant.devices[0], "flow_rate": 2, "created_at": minutes_ago(1)} for plant in plants]
    for plant, body in zip(plants, bodies, strict=True):
        assert together.post(plant, body).status_code == 200
    stack.kill_gateway()
    try:
        answers = list(together.pool.map(together.post, plants, bodies))
        assert [answer.status_code for answer in answers] == [503] * 3
        assert all(answer.headers["Retry-After"] for answer in answers)
    finally:
        stack.restart_gateway()
    wait_until(lambda: together.post(plants[0], bodies[0]).status_code == 200)
    assert together.group.waiting == 0
    assert [len(rows(db, plant.devices[0])) for plant in plants] == [1, 1, 1]


def test_the_same_body_from_8_threads_50_times_is_one_set_of_rows(
    api: ApiServer, db: Database, make_plant: MakePlant
) -> None:
    plant = make_plant(5)
    now = datetime.now(UTC).isoformat()
    timed: list[dict[str, object]] = [
        {"device_id": device, "flow_rate": number + 0.5, "totalizer": 10 * number, "created_at": at}
        for number, device in enumerate(plant.devices)
        for at in (minutes_ago(2), now)
    ]
    with httpx.Client(base_url=api.url, timeout=60, limits=httpx.Limits(max_connections=8)) as client:

        def send(_: int) -> list[tuple[str, str | None]]:
            answer = client.post("/api/ingest", json=timed, headers=plant.headers)
            assert answer.status_code == 200, answer.text
            return verdicts(answer)

        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(send, range(50)))
    for place in range(len(timed)):
        assert sorted(one[place] for one in told) == [("duplicate", None)] * 49 + [("new", None)]
    assert [len(rows(db, device)) for device in plant.devices] == [2] * 5
    assert letters(db, plant) == []


def test_bad_readings_among_a_crowd_cost_no_other_reading(
    api: ApiServer, db: Database, make_plant: MakePlant, constraint: None
) -> None:
    plant = make_plant(16)
    with httpx.Client(base_url=api.url, timeout=60, limits=httpx.Limits(max_connections=16)) as client:

        def send(number: int) -> tuple[int, int, list[tuple[str, str | None]]]:
            reading = {"device_id": plant.devices[number % 16], "created_at": minutes_ago(1 + number / 1000)}
            bad = number % 9 == 4
            body = [reading | {"flow_rate": FORBIDDEN if bad else number + 0.5}]
            answer = client.post("/api/ingest", json=body, headers=plant.headers)
            return number, answer.status_code, verdicts(answer)

        with ThreadPoolExecutor(16) as pool:
            told = list(pool.map(send, range(200)))
    for number, status, judged in told:
        expected = (422, [("rejected", "invalid_value")]) if number % 9 == 4 else (200, [("new", None)])
        assert (status, judged) == expected, number
    bad = sum(number % 9 == 4 for number in range(200))
    assert sum(len(rows(db, device)) for device in plant.devices) == 200 - bad
    assert [letter["reason"] for letter in letters(db, plant)] == ["invalid_value"] * bad
