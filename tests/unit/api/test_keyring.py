from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from fluxio_api.keyring import _CAPACITY, UNKNOWN_KEY_S, ApiKey, KeyRing
from fluxio_api.problems import Unavailable


class Directory:
    """Keys that exist, and how often each was asked for."""

    def __init__(self, **keys: ApiKey) -> None:
        self.keys = keys
        self.asked: list[str] = []
        self.now = 1000.0
        self.is_away = False

    def find(self, key_hash: str) -> ApiKey | None:
        self.asked.append(key_hash)
        if self.is_away:
            raise Unavailable("away")
        return self.keys.get(key_hash)

    def ring(self) -> KeyRing:
        return KeyRing(self.find, ttl_s=30, clock=lambda: self.now)


GOOD = ApiKey("id-1", None)


def test_a_good_key_is_asked_for_once_in_thirty_seconds() -> None:
    directory = Directory(a=GOOD)
    ring = directory.ring()
    assert [ring.find("a") for _ in range(3)] == [GOOD] * 3
    directory.now += 29.9
    assert ring.find("a") == GOOD
    assert directory.asked == ["a"]


def test_a_revoked_key_is_refused_after_thirty_seconds() -> None:
    directory = Directory(a=GOOD)
    ring = directory.ring()
    ring.find("a")
    directory.keys.clear()
    directory.now += 30
    assert ring.find("a") is None


def test_an_unknown_key_is_asked_for_again_after_seconds() -> None:
    directory = Directory()
    ring = directory.ring()
    assert ring.find("a") is None
    assert ring.find("a") is None
    assert len(directory.asked) == 1
    directory.keys["a"] = GOOD
    directory.now += UNKNOWN_KEY_S
    assert ring.find("a") == GOOD


def test_a_key_that_expires_meanwhile_is_asked_for_again() -> None:
    directory = Directory(a=ApiKey("id-1", datetime.now(UTC) - timedelta(seconds=1)))
    ring = directory.ring()
    ring.find("a")
    ring.find("a")
    assert len(directory.asked) == 2


def test_an_outage_is_not_remembered() -> None:
    directory = Directory(a=GOOD)
    ring = directory.ring()
    directory.is_away = True
    with pytest.raises(Unavailable):
        ring.find("a")
    directory.is_away = False
    assert ring.find("a") == GOOD


def test_a_flood_of_unknown_keys_neither_grows_nor_pushes_out_good_ones() -> None:
    directory = Directory(a=GOOD)
    ring = directory.ring()
    ring.find("a")
    for number in range(_CAPACITY + 100):
        ring.find(f"unknown {number}")
    directory.asked.clear()
    ring.find("a")
    ring.find("unknown 0")
    assert directory.asked == ["unknown 0"]


def test_threads_may_share_it() -> None:
    directory = Directory(**{f"k{number}": ApiKey(f"id-{number}", None) for number in range(50)})
    ring = directory.ring()
    start = threading.Barrier(8)

    def ask(_: int) -> bool:
        start.wait()
        return all(ring.find(f"k{number}") == ApiKey(f"id-{number}", None) for number in range(50) for _ in range(20))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))
