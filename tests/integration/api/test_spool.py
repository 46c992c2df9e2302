"""The database is away, and no gateway notices."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import psycopg
import pytest

from fluxio_api.ingest.arrival import Arrival
from fluxio_api.ingest.spool.spool import Spool
from fluxio_local.stack import Stack
from support.api_server import api_env
from support.receiver import wait_until
from support.soak import short_or_long
from support.spool import Stream, held, spooling_api, stored, wait_until_drained

from .conftest import DEFAULT_ORGANIZATION, SHARED_KEY, Database, MakePlant, Plant, letters, rows


def keep(directory: Path, db: Database, plant: Plant, *bodies: tuple[bytes, datetime]) -> None:
    """Leave bodies in the spool that came from a plant's gateway at these times."""
    found = db.execute("select encode(key_hash, 'hex') as hex from public.api_keys where id = %s", [plant.api_key_id])
    key_hash = str(found.fetchone()["hex"])  # type: ignore[index] # it is there
    with closing(Spool(directory / "spool", max_bytes=1_048_576)) as spool:
        for body, received_at in bodies:
            spool.add(Arrival(body, received_at, plant.api_key_id, key_hash=key_hash))


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_an_outage_with_a_restart_in_between_costs_no_reading(
    stack: Stack, tmp_path: Path, make_plant: MakePlant
) -> None:
    plant, ours = make_plant(2), make_plant(organization_id=DEFAULT_ORGANIZATION)
    half_s = short_or_long(2.0, 90.0)
    with spooling_api(stack, tmp_path, API_SECRET_KEY=SHARED_KEY, FLUXIO_API_WORKERS="2") as server:
        timed, untimed = (Stream(server.url, device, plant.headers) for device in plant.devices)
        shared = Stream(server.url, ours.devices[0], {"x-api-key": SHARED_KEY})

        def post_for(seconds: float) -> None:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                assert [timed.post(), untimed.post(timed=False), shared.post()] == [202] * 3
                time.sleep(0.1)

        assert [timed.post(), untimed.post(timed=False), shared.post()] == [200] * 3
        stack.stop_postgres("immediate")
        try:
            post_for(half_s)
            server.stop(signal.SIGKILL)
            server.start()
            post_for(half_s)
            unknown = Stream(server.url, plant.devices[0], {"x-api-key": "flx_nobody_knows_this_key"})
            assert unknown.post() == 503
            bad = httpx.post(f"{server.url}/api/ingest", content=b'{"a":', headers=plant.headers, timeout=30)
            assert (bad.status_code, bad.json()["code"]) == (400, "invalid_json")
            assert held(tmp_path).entries == sum(one.statuses[202] for one in (timed, untimed, shared)) + 1
        finally:
            stack.start_postgres()
        wait_until_drained(tmp_path, seconds=short_or_long(60, 400))

        for stream in (timed, untimed, shared):
            assert stored(stack, stream.device).rows == list(stream.acknowledged.items())
            # The other worker may not have noticed yet; it spools meanwhile.
            wait_until(partial(_is_stored, stream), "a POST is stored at once again")
        wait_until_drained(tmp_path, seconds=60)
    state = held(tmp_path)
    assert (state.bytes, state.set_aside, state.refused, state.dead_lettered) == (0, 0, 0, 1)
    with psycopg.connect(stack.database_url) as connection:
        kept = connection.execute(
            "select reason, body from public.ingest_dead_letters where api_key_id = %s", [plant.api_key_id]
        ).fetchall()
    assert kept == [("invalid_json", b'{"a":')]


def _is_stored(stream: Stream) -> bool:
    return stream.post() == 200


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_an_api_that_ends_in_the_middle_of_a_drain_goes_on_where_it_was(
    stack: Stack, tmp_path: Path, plant: Plant, how: signal.Signals
) -> None:
    with spooling_api(stack, tmp_path, FLUXIO_API_WORKERS="2") as server:
        stream = Stream(server.url, plant.devices[0], plant.headers)
        assert stream.post() == 200
        stack.kill_gateway()
        try:
            assert [stream.post(timed=number % 2 == 0) for number in range(400)] == [202] * 400
        finally:
            stack.restart_gateway()
        wait_until(lambda: held(tmp_path).drained > 20, "a drain under way")
        server.stop(how)
        state = held(tmp_path)
        assert 0 < state.entries < 400
        in_hand = len(stored(stack, stream.device).rows) - 1 - state.drained
        assert in_hand in ({0} if how == signal.SIGTERM else {0, 1})
        server.start()
        wait_until_drained(tmp_path)
        # In order, each once: the entry in hand at the end was taken again and changed nothing.
        assert stored(stack, stream.device).rows == list(stream.acknowledged.items())


def test_a_full_spool_turns_away_and_drops_nothing(stack: Stack, tmp_path: Path, plant: Plant) -> None:
    with spooling_api(stack, tmp_path, FLUXIO_SPOOL_MAX_BYTES="1048576") as server:

        def post(number: int) -> httpx.Response:
            body = {"device_id": plant.devices[0], "totalizer": number, "metadata": {"note": "x" * 200_000}}
            return httpx.post(f"{server.url}/api/ingest", json=body, headers=plant.headers, timeout=30)

        assert post(0).status_code == 200
        stack.kill_gateway()
        try:
            answers = [post(number) for number in range(1, 9)]
        finally:
            stack.restart_gateway()
        assert [answer.status_code for answer in answers] == [202] * 5 + [503] * 3
        assert all(int(answer.headers["retry-after"]) > 0 for answer in answers[5:])
        assert held(tmp_path).bytes <= 1_048_576
        wait_until_drained(tmp_path)
        assert stored(stack, plant.devices[0]).values == [0, 1, 2, 3, 4, 5]
        wait_until(lambda: held(tmp_path).refused == 3, "counted refusals")
    assert server.log.read_text().count("the spool is full") == 1


def test_a_key_revoked_meanwhile_stores_nothing(
    stack: Stack, tmp_path: Path, db: Database, make_plant: MakePlant
) -> None:
    good, revoked = make_plant(), make_plant()
    with spooling_api(stack, tmp_path) as server:
        streams = [Stream(server.url, plant.devices[0], plant.headers) for plant in (revoked, good)]
        assert [stream.post() for stream in streams] == [200, 200]
        stack.kill_gateway()
        try:
            assert [stream.post() for stream in streams] == [202, 202]
            db.execute("update public.api_keys set revoked_at = now() where id = %s", [revoked.api_key_id])
        finally:
            stack.restart_gateway()
        wait_until_drained(tmp_path)
    assert [stored(stack, plant.devices[0]).values for plant in (revoked, good)] == [[1.0], [1.0, 2.0]]
    (letter,) = letters(db, revoked)
    assert letter["reason"] == "invalid_key"
    assert b'"totalizer":2' in bytes(letter["body"])  # type: ignore[call-overload] # bytea
    assert held(tmp_path).dead_lettered == 1


def test_a_body_that_waits_for_a_lock_does_not_hold_up_the_others(
    stack: Stack, tmp_path: Path, make_plant: MakePlant
) -> None:
    plant = make_plant(2)
    with spooling_api(stack, tmp_path, FLUXIO_UPSTREAM_TIMEOUT_S="1") as server:
        locked, free = (Stream(server.url, device, plant.headers) for device in plant.devices)
        with psycopg.connect(stack.database_url) as blocker:
            blocker.execute("select from public.devices where device_id = %s for update", [locked.device])
            assert locked.post() == 202
            assert free.post() in (200, 202)
            wait_until(lambda: stored(stack, free.device).values == [1], "the reading behind the locked one")
            wait_until(lambda: free.post() == 200, "an API that stores again")
            assert held(tmp_path).entries == 1
            blocker.rollback()
        wait_until_drained(tmp_path)
        assert stored(stack, locked.device).rows == list(locked.acknowledged.items())
    assert held(tmp_path).dead_lettered == 0


def test_a_reading_from_the_spool_keeps_its_time_and_opens_no_alert(
    stack: Stack, tmp_path: Path, db: Database, make_plant: MakePlant
) -> None:
    plant = make_plant(2)
    for device in plant.devices:
        db.execute(
            "insert into public.alert_rules (device_id, rule_name, rule_type, threshold_value)"
            " values (%s, 'High', 'high_flow', 100)",
            [device],
        )
    late, fresh = plant.devices
    ten_minutes_ago = datetime.now(UTC) - timedelta(minutes=10)
    body = '{"device_id":"%s","flow_rate":500}'
    keep(
        tmp_path, db, plant,
        ((body % late).encode(), ten_minutes_ago), ((body % fresh).encode(), datetime.now(UTC)),
    )  # fmt: skip
    # Nobody posts: the backlog is drained because the API has started.
    with spooling_api(stack, tmp_path):
        wait_until_drained(tmp_path)
    (row,) = rows(db, late)
    assert (row["created_at"], row["received_at"], row["flow_rate"]) == (ten_minutes_ago, ten_minutes_ago, 500)
    opened = db.execute("select device_id from public.alerts where device_id = any (%s)", [plant.devices]).fetchall()
    assert [alert["device_id"] for alert in opened] == [fresh]


def test_a_database_that_hangs_and_answers_late_doubles_nothing(stack: Stack, tmp_path: Path, plant: Plant) -> None:
    gateway = int((stack.dir / "gateway.pid").read_text())
    with spooling_api(stack, tmp_path, FLUXIO_UPSTREAM_TIMEOUT_S="1") as server:
        stream = Stream(server.url, plant.devices[0], plant.headers)
        assert stream.post() == 200
        os.kill(gateway, signal.SIGSTOP)
        try:
            assert [stream.post(timed=number % 2 == 0) for number in range(40)] == [202] * 40
        finally:
            os.kill(gateway, signal.SIGCONT)
        wait_until_drained(tmp_path)
        # What the API gave up waiting for is stored as well, and met again out of the spool.
        assert stored(stack, stream.device).rows == list(stream.acknowledged.items())


def test_an_untimed_body_that_is_repeated_on_the_spool_is_one_reading(
    stack: Stack, tmp_path: Path, db: Database, plant: Plant
) -> None:
    body = b'{"device_id":"%s","flow_rate":5}' % plant.devices[0].encode()
    times = [datetime.now(UTC) - timedelta(seconds=seconds) for seconds in (600, 595, 300)]
    keep(tmp_path, db, plant, *((body, received_at) for received_at in times))
    with spooling_api(stack, tmp_path):
        wait_until_drained(tmp_path)
    assert [row["created_at"] for row in rows(db, plant.devices[0])] == [times[0], times[2]]


@pytest.mark.parametrize("obstacle", ["a file in its place", "a file that is no database"])
def test_an_api_that_could_not_spool_does_not_start(stack: Stack, tmp_path: Path, obstacle: str) -> None:
    spool = tmp_path / "spool"
    if obstacle == "a file in its place":
        spool.write_text("")
    else:
        spool.mkdir()
        (spool / "spool.sqlite3").write_bytes(b"no database " * 1000)
    with pytest.raises(RuntimeError, match=rf"the spool {spool}\S* cannot be used"), spooling_api(stack, tmp_path):
        raise AssertionError("it started")


def test_the_command_counts_what_a_running_api_holds(stack: Stack, tmp_path: Path, plant: Plant) -> None:
    with spooling_api(stack, tmp_path) as server:
        stream = Stream(server.url, plant.devices[0], plant.headers)
        assert stream.post() == 200
        stack.kill_gateway()
        try:
            assert stream.post() == 202
            done = subprocess.run(
                [sys.executable, "-m", "flask", "--app", "fluxio_api", "spool"],
                env=api_env(stack, FLUXIO_SPOOL_DIR=str(tmp_path / "spool")),
                capture_output=True, text=True, check=True,
            )  # fmt: skip
        finally:
            stack.restart_gateway()
        wait_until_drained(tmp_path)
    assert done.stdout.splitlines()[0].split() == ["waiting", "1"]
    assert plant.key not in done.stdout + server.log.read_text()
