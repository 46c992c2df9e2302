"""POST /api/ingest with a spool, in front of a database that fails when told to."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from fluxio_api.ingest.ports import Judged
from fluxio_api.ingest.spool.spool import SpoolState
from fluxio_api.ingest.spool.spooling import Spooling
from fluxio_api.problems import Unavailable

from ..conftest import SHARED_KEY, Shelf

KEY = {"x-api-key": SHARED_KEY}
BODY = b'[{"device_id":"A","level":1},{"device_id":"B","level":"x"}]'


@pytest.fixture
def client(make_client: Callable[..., FlaskClient], directory: Path) -> Iterator[FlaskClient]:
    client = make_client(spool_dir=directory)
    yield client
    spooling_of(client).stop()


def spooling_of(client: FlaskClient) -> Spooling:
    found = client.application.extensions["fluxio.spool"]
    assert isinstance(found, Spooling)
    return found


def until(client: FlaskClient, met: Callable[[SpoolState], bool]) -> SpoolState:
    deadline = time.monotonic() + 30
    while not met(state := spooling_of(client).state()):
        assert time.monotonic() < deadline, state
        time.sleep(0.02)
    return state


def test_a_body_that_cannot_be_stored_is_queued(client: FlaskClient, shelf: Shelf) -> None:
    shelf.failure = Unavailable("away")
    answer = client.post("/api/ingest", data=BODY, headers=KEY)
    assert answer.status_code == 202
    document = answer.get_json()
    assert document["success"] is True
    assert document["message"]
    assert [(one["index"], one["device_id"], one["success"], one["verdict"]) for one in document["results"]] == [
        (0, "A", True, "queued"),
        (1, "B", True, "queued"),
    ]
    shelf.failure = None
    until(client, lambda state: state.drained == 1)
    assert [element["device_id"] for element in shelf.calls[0]] == ["A"]
    (letter,) = shelf.letters
    assert letter.body == b'[{"device_id":"B","level":"x"}]'


def test_the_receive_time_and_the_body_survive(client: FlaskClient, shelf: Shelf) -> None:
    shelf.failure = Unavailable("away")
    body = b'{"device_id":"A","level":1}'
    told = client.post("/api/ingest", data=body, headers=KEY).get_json()["results"][0]["created_at"]
    shelf.failure = None
    until(client, lambda state: state.drained == 1)
    (element,) = shelf.calls[0]
    assert element["received_at"] == told
    assert (element["body_sha256"], element["body_index"]) == (hashlib.sha256(body).hexdigest(), 0)
    assert "created_at" not in element


def test_an_outage_is_found_once_and_not_by_every_post(client: FlaskClient, shelf: Shelf) -> None:
    attempts = 0

    def store(elements: list[dict[str, object]]) -> list[Judged]:
        nonlocal attempts
        attempts += 1
        raise Unavailable("away")

    shelf.failure = Unavailable("away")
    shelf.store = store  # type: ignore[method-assign] # to count
    for _ in range(20):
        assert client.post("/api/ingest", data=BODY, headers=KEY).status_code == 202
    assert attempts == 1
    assert spooling_of(client).database_is_away


def test_no_json_is_400_and_kept_for_the_dead_letters(client: FlaskClient, shelf: Shelf) -> None:
    shelf.failure = Unavailable("away")
    for _ in range(2):
        answer = client.post("/api/ingest", data=b"{", headers=KEY)
        assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_json")
    shelf.failure = None
    until(client, lambda state: state.dead_lettered == 2)
    assert [letter.body for letter in shelf.letters] == [b"{", b"{"]


@pytest.mark.parametrize(("body", "status"), [(b"[]", 200), (b"", 400), (b"[" + b"1," * 1000 + b"1]", 413)])
def test_what_holds_nothing_to_keep_is_not_kept(client: FlaskClient, shelf: Shelf, body: bytes, status: int) -> None:
    shelf.failure = Unavailable("away")
    client.post("/api/ingest", data=BODY, headers=KEY)
    assert client.post("/api/ingest", data=body, headers=KEY).status_code == status
    assert spooling_of(client).state().entries == 1


def test_an_unknown_key_is_told_to_come_back(client: FlaskClient, shelf: Shelf) -> None:
    shelf.failure = Unavailable("away")
    answer = client.post("/api/ingest", data=BODY, headers={"x-api-key": "flx_unknown"})
    assert (answer.status_code, answer.get_json()["code"]) == (503, "database_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_full_spool_is_503_with_retry_after(
    make_client: Callable[..., FlaskClient], shelf: Shelf, directory: Path
) -> None:
    client = make_client(spool_dir=directory, spool_max_bytes=1_048_576)
    shelf.failure = Unavailable("away")
    body = b'{"device_id":"A","level":1,"metadata":{"x":"%s"}}' % (b"x" * 600_000)
    assert client.post("/api/ingest", data=body, headers=KEY).status_code == 202
    answer = client.post("/api/ingest", data=body, headers=KEY)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "database_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    spooling = spooling_of(client)
    state = spooling.state()
    assert (state.entries, state.refused) == (1, 1)
    assert spooling.fault() is None
    small = b'{"device_id":"A","level":1,"metadata":{"x":"%s"}}' % (b"x" * 380_000)
    assert client.post("/api/ingest", data=small, headers=KEY).status_code == 202
    assert spooling.fault() == "full"
    spooling.stop()


def test_a_backlog_is_drained_before_anybody_posts(
    make_client: Callable[..., FlaskClient], shelf: Shelf, directory: Path
) -> None:
    before = make_client(spool_dir=directory)
    shelf.failure = Unavailable("away")
    assert before.post("/api/ingest", data=BODY, headers=KEY).status_code == 202
    spooling_of(before).stop()
    shelf.failure = None
    after = make_client(spool_dir=directory)
    spooling_of(after).start()
    until(after, lambda state: state.drained == 1)
    spooling_of(after).stop()
    assert len(shelf.calls) == 1


def test_no_thread_runs_before_it_is_needed(make_client: Callable[..., FlaskClient], directory: Path) -> None:
    make_client(spool_dir=directory)
    assert not directory.exists()


def test_the_command_needs_a_spool(make_client: Callable[..., FlaskClient], directory: Path) -> None:
    for client, reason in ((make_client(), "FLUXIO_SPOOL_DIR"), (make_client(spool_dir=directory), "no spool")):
        done = client.application.test_cli_runner().invoke(args=["spool"])
        assert done.exit_code == 1
        assert reason in done.output


def test_the_command_counts_what_is_held(client: FlaskClient, shelf: Shelf) -> None:
    shelf.failure = Unavailable("away")
    client.post("/api/ingest", data=BODY, headers=KEY)
    done = client.application.test_cli_runner().invoke(args=["spool"])
    assert done.exit_code == 0, done.output
    assert re.search(r"^waiting +1$", done.output, re.MULTILINE)
    assert " s ago" in done.output
    assert SHARED_KEY not in done.output
