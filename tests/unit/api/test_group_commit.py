from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from pydantic import SecretStr

from fluxio_api.ingest.counted import CountedReadings
from fluxio_api.ingest.group_commit import Commit, GroupCommit
from fluxio_api.ingest.ports import DataRefused, Judged, Letter
from fluxio_api.problems import Unavailable
from fluxio_api.settings import Settings
from fluxio_api.stores import connect

Element = dict[str, object]
PATIENCE_S = 20.0


class Shelf:
    """Takes every element as new. `gate` holds the calls; `fault` says what a call of these devices raises."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.fault: Callable[[list[str]], BaseException | None] = lambda _: None
        self.begun: list[list[str]] = []
        self.in_flight: list[list[str]] = []
        self.overlaps: list[set[str]] = []
        self._lock = threading.Lock()

    def store(self, elements: list[Element]) -> list[Judged]:
        try:
            return self.store_whole(elements)
        except DataRefused:
            return [Judged(str(element["device_id"]), None, "rejected", "invalid_value") for element in elements]

    def store_whole(self, elements: list[Element]) -> list[Judged]:
        devices = [str(element["device_id"]) for element in elements]
        with self._lock:
            self.overlaps += [both for other in self.in_flight if (both := set(other) & set(devices))]
            self.begun.append(devices)
            self.in_flight.append(devices)
        try:
            assert self.gate.wait(PATIENCE_S)
            if (error := self.fault(devices)) is not None:
                raise error
            return [Judged(device, None, "new") for device in devices]
        finally:
            with self._lock:
                self.in_flight.remove(devices)

    def keep(self, letter: Letter) -> None:
        raise AssertionError("nothing is kept here")


def post(*devices: str) -> list[Element]:
    return [{"device_id": device} for device in devices]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def told(judged: list[Judged]) -> list[tuple[int, str | None, str]]:
    return [(index, one.device_id, one.verdict) for index, one in enumerate(judged)]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(40) as pool:
        yield pool


class Busy:
    """A group commit whose calls are all taken, so that what comes now gathers."""

    def __init__(self, shelf: Shelf, pool: ThreadPoolExecutor, *, wait_s: float = PATIENCE_S) -> None:
        self.commits: list[Commit] = []
        self.group = GroupCommit(shelf, wait_s=wait_s, on_commit=self.commits.append)
        self._shelf = shelf
        self._pool = pool
        self.first: list[Future[list[Judged]]] = []
        while self.group.waiting == 0:
            self.first.append(pool.submit(self.group.store, post(f"busy {len(self.first)}")))
            until(lambda: len(shelf.begun) + self.group.waiting == len(self.first))

    def gather(self, *posts: list[Element]) -> list[Future[list[Judged]]]:
        """Send these while everything is busy, one after the other."""
        futures = []
        for elements in posts:
            before = self.group.waiting
            futures.append(self._pool.submit(self.group.store, elements))
            until(lambda: self.group.waiting > before)  # noqa: B023 - within the round
        return futures


@pytest.mark.parametrize(("wait_ms", "kind"), [(0, CountedReadings), (20, GroupCommit)])
def test_no_wait_is_no_group_commit(wait_ms: float, kind: type) -> None:
    settings = {
        "supabase_url": "http://db.test",
        "supabase_anon_key": "sb_publishable_x",
        "supabase_service_role_key": SecretStr("sb_secret_x"),
        "group_commit_ms": wait_ms,
    }
    assert type(connect(Settings.model_validate(settings)).readings) is kind


def test_nothing_is_no_call(shelf: Shelf) -> None:
    assert GroupCommit(shelf, wait_s=PATIENCE_S).store([]) == []
    assert shelf.begun == []


def test_who_comes_alone_waits_for_nobody(shelf: Shelf) -> None:
    shelf.gate.set()
    began = time.monotonic()
    for number in range(50):
        assert told(GroupCommit(shelf, wait_s=PATIENCE_S).store(post(f"D{number}"))) == [(0, f"D{number}", "new")]
    assert time.monotonic() - began < PATIENCE_S


def test_what_gathers_is_one_call_and_each_gets_its_own(shelf: Shelf, pool: ThreadPoolExecutor) -> None:
    busy = Busy(shelf, pool)
    before = len(shelf.begun)
    futures = busy.gather(post("A"), post("B", "C"), post("D"), post("E", "A"))
    shelf.gate.set()
    assert [told(future.result(PATIENCE_S)) for future in futures] == [
        [(0, "A", "new")],
        [(0, "B", "new"), (1, "C", "new")],
        [(0, "D", "new")],
        [(0, "E", "new"), (1, "A", "new")],
    ]
    joined = [devices for devices in shelf.begun[before:] if "A" in devices]
    assert len(joined) == 1
    # In the order they came, for two that bring the same instant.
    assert joined[0][-6:] == ["A", "B", "C", "D", "E", "A"]
    until(lambda: sum(commit.posts for commit in busy.commits) == len(busy.first) + 4)
    assert sum(commit.readings for commit in busy.commits) == len(busy.first) + 6
    assert all(commit.waited_s >= 0 and commit.took_s > 0 for commit in busy.commits)


def test_a_call_has_at_most_1000_elements(shelf: Shelf, pool: ThreadPoolExecutor) -> None:
    busy = Busy(shelf, pool)
    futures = busy.gather(*[post(*[f"{number} {index}" for index in range(400)]) for number in range(5)])
    shelf.gate.set()
    for future in futures:
        assert len(future.result(PATIENCE_S)) == 400
    assert {len(devices) for devices in shelf.begun} <= {1, 400, 401, 800, 801}


def test_long_metadata_does_not_add_up(shelf: Shelf, pool: ThreadPoolExecutor) -> None:
    busy = Busy(shelf, pool)
    note: Element = {"note": "x" * 200_000}
    posts: list[list[Element]] = [[{"device_id": f"{number}", "metadata": note}] for number in range(4)]
    futures = busy.gather(*posts)
    shelf.gate.set()
    for future in futures:
        future.result(PATIENCE_S)
    assert all(len({"0", "1", "2", "3"} & set(devices)) <= 1 for devices in shelf.begun)


def test_what_is_refused_costs_the_others_nothing(shelf: Shelf, pool: ThreadPoolExecutor) -> None:
    shelf.fault = lambda devices: DataRefused("23514") if "bad" in devices else None
    busy = Busy(shelf, pool)
    futures = busy.gather(post("A"), post("bad"), post("B", "C"))
    shelf.gate.set()
    assert [told(future.result(PATIENCE_S)) for future in futures] == [
        [(0, "A", "new")],
        [(0, "bad", "rejected")],
        [(0, "B", "new"), (1, "C", "new")],
    ]


def test_an_outage_is_told_to_all_of_a_call(shelf: Shelf, pool: ThreadPoolExecutor) -> None:
    busy = Busy(shelf, pool)
    shelf.fault = lambda devices: Unavailable("away") if "A" in devices else None
    futures = busy.gather(post("A"), post("B"), post("C"))
    before = len(shelf.begun)
    shelf.gate.set()
    errors = [future.exception(PATIENCE_S) for future in futures]
    assert [str(error) for error in errors] == ["away"] * 3
    assert len({id(error) for error in errors}) == 3
    assert len([devices for devices in shelf.begun[before:] if {"A", "B", "C"} & set(devices)]) == 1
    for future in busy.first:
        assert isinstance(future.exception(PATIENCE_S), Unavailable | None)


def test_a_failure_nobody_expected_is_its_own_posts_only(shelf: Shelf, pool: ThreadPoolExecutor) -> None:
    shelf.fault = lambda devices: KeyError("bug") if "bug" in devices else None
    busy = Busy(shelf, pool)
    futures = busy.gather(post("A"), post("bug"), post("B"))
    shelf.gate.set()
    assert told(futures[0].result(PATIENCE_S)) == [(0, "A", "new")]
    assert isinstance(futures[1].exception(PATIENCE_S), KeyError)
    assert told(futures[2].result(PATIENCE_S)) == [(0, "B", "new")]


def test_a_thread_that_is_ended_leaves_nobody_waiting(shelf: Shelf, pool: ThreadPoolExecutor) -> None:
    shelf.fault = lambda devices: SystemExit(1) if "A" in devices else None
    busy = Busy(shelf, pool)
    futures = busy.gather(post("A"), post("B"))
    shelf.gate.set()
    errors = [future.exception(PATIENCE_S) for future in (*busy.first, *futures)]
    # The first that waited made the call for all.
    assert [type(error) for error in errors[-3:]] == [SystemExit, Unavailable, Unavailable]
    assert told(busy.group.store(post("C"))) == [(0, "C", "new")]


def test_nobody_waits_longer_than_told(shelf: Shelf, pool: ThreadPoolExecutor) -> None:
    busy = Busy(shelf, pool, wait_s=0.01)
    late = pool.submit(busy.group.store, post("late"))
    until(lambda: any("late" in devices for devices in shelf.begun))
    shelf.gate.set()
    assert told(late.result(PATIENCE_S)) == [(0, "late", "new")]


def test_a_device_is_in_one_call_at_a_time(shelf: Shelf, pool: ThreadPoolExecutor) -> None:
    shelf.gate.set()
    group = GroupCommit(shelf, wait_s=PATIENCE_S)

    def send(number: int) -> None:
        devices = ["A", "B", "C", "D", "E"][number % 4 : number % 4 + 2]
        assert [device for _, device, _ in told(group.store(post(*devices)))] == devices

    list(pool.map(send, range(1000)))
    assert shelf.overlaps == []


def test_a_device_in_flight_holds_up_no_other(shelf: Shelf, pool: ThreadPoolExecutor) -> None:
    group = GroupCommit(shelf, wait_s=0.01)
    futures = [pool.submit(group.store, post(device)) for device in ("A", "A", "A", "B", "A", "C")]
    until(lambda: {"A", "B", "C"} <= {device for devices in shelf.begun for device in devices})
    assert all(len(set(devices)) == len(devices) or set(devices) == {"A"} for devices in shelf.begun)
    # What had to go beside its own device's call goes without company.
    assert all(set(devices) == {"A"} for devices in shelf.begun if "A" in devices)
    shelf.gate.set()
    for future in futures:
        assert future.result(PATIENCE_S)[0].verdict == "new"


@pytest.mark.parametrize("wait_s", [0.0005, 0.005, PATIENCE_S])
def test_under_load_everyone_gets_the_own_verdicts_and_nothing_stays_behind(
    shelf: Shelf, pool: ThreadPoolExecutor, wait_s: float
) -> None:
    shelf.gate.set()

    def fault(devices: list[str]) -> BaseException | None:
        time.sleep(0.0005)
        if any(device.startswith("bad") for device in devices):
            return DataRefused("23514")
        return RuntimeError("bug") if any(device.startswith("bug") for device in devices) else None

    shelf.fault = fault
    group = GroupCommit(shelf, wait_s=wait_s)

    def send(number: int) -> None:
        kind = {3: "bad", 7: "bug"}.get(number % 50, "D")
        devices = [f"{kind}{number}", f"common{number % 8}"]
        try:
            judged = told(group.store(post(*devices)))
        except RuntimeError:
            assert kind == "bug"
            return
        assert judged == [
            (index, device, "rejected" if kind == "bad" else "new") for index, device in enumerate(devices)
        ]

    list(pool.map(send, range(3000)))
    assert group.waiting == 0
    assert shelf.in_flight == []
    assert len(shelf.begun) < 3000
