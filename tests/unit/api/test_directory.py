from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fluxio_api.ingest.directory import _CAPACITY, KNOWN_S, UNKNOWN_S, Directory
from fluxio_api.problems import Unavailable
from support.bodies import METERS, NIVUS, SECOND

from .reader import Plant

NAME = (("server_name", NIVUS),)
STRANGER = (("server_name", "X"),)


class Counted(Plant):
    """Counts the names it was asked for; `is_away` fails."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[int] = []
        self.is_away = False
        self.now = 1000.0

    def resolve(self, api_key_id: str | None, names: list[dict[str, str]]) -> list[str | None]:
        if self.is_away:
            raise Unavailable("away")
        self.names.append(len(names))
        return super().resolve(api_key_id, names)

    def directory(self) -> Directory:
        return Directory(self, clock=lambda: self.now)


def test_a_known_name_is_asked_for_once_in_thirty_seconds() -> None:
    plant = Counted()
    directory = plant.directory()
    for _ in range(3):
        assert directory.device_ids("key", [NAME, NAME]) == {NAME: NIVUS}
    assert plant.names == [1]
    plant.now += KNOWN_S
    directory.device_ids("key", [NAME])
    assert plant.names == [1, 1]


def test_an_unknown_name_is_asked_for_again_after_seconds() -> None:
    plant = Counted()
    directory = plant.directory()
    assert directory.device_ids("key", [STRANGER]) == {STRANGER: None}
    directory.device_ids("key", [STRANGER])
    plant.known["X"] = METERS[NIVUS]
    plant.now += UNKNOWN_S
    assert directory.device_ids("key", [STRANGER]) == {STRANGER: "X"}
    assert plant.names == [1, 1]


def test_one_keys_names_are_no_others() -> None:
    plant = Counted()
    directory = plant.directory()
    directory.device_ids("key", [NAME])
    directory.device_ids("other", [NAME])
    directory.device_ids(None, [NAME])
    assert plant.names == [1, 1, 1]


def test_a_call_asks_for_a_thousand_at_most() -> None:
    plant = Counted()
    names = [(("server_name", str(number)),) for number in range(1001)]
    assert len(plant.directory().device_ids("key", names)) == 1001
    assert plant.names == [1000, 1]


def test_an_outage_is_not_remembered() -> None:
    plant = Counted()
    directory = plant.directory()
    plant.is_away = True
    with pytest.raises(Unavailable):
        directory.device_ids("key", [NAME])
    plant.is_away = False
    assert directory.device_ids("key", [NAME]) == {NAME: NIVUS}


def test_a_flood_of_names_pushes_out_nothing_known() -> None:
    plant = Counted()
    directory = plant.directory()
    directory.device_ids("key", [NAME])
    directory.device_ids("key", ((("server_name", f"x{number}"),) for number in range(_CAPACITY + 10)))
    plant.names.clear()
    directory.device_ids("key", [NAME])
    assert plant.names == []


def test_threads_may_share_it() -> None:
    directory = Counted().directory()
    start = threading.Barrier(8)

    def ask(_: int) -> bool:
        start.wait()
        return all(set(directory.meters([NIVUS, SECOND, "X"])) == {NIVUS, SECOND, "X"} for _ in range(200))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))
