from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

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


def test_a_revocation_during_the_look_up_waits_no_longer() -> None:
    directory = Directory(a=GOOD)

    def slow(key_hash: str) -> ApiKey | None:
        found = directory.find(key_hash)
        directory.now += 9
        return found

    ring = KeyRing(slow, ttl_s=30, clock=lambda: directory.now)
    assert ring.find("a") == GOOD
    directory.keys.clear()
    directory.now += 21
    assert ring.find("a") is None


def test_an_expired_key_is_not_asked_for_at_every_post() -> None:
    directory = Directory(a=ApiKey("id-1", datetime.now(UTC) - timedelta(seconds=1)))
    ring = directory.ring()
    ring.find("a")
    directory.keys.clear()
    assert [ring.find("a") for _ in range(5)] == [None] * 5
    assert len(directory.asked) == 2


def test_a_key_refused_by_the_database_is_asked_for_at_once() -> None:
    directory = Directory(a=GOOD)
    ring = directory.ring()
    ring.find("a")
    directory.keys.clear()
    ring.forget("a")
    assert ring.find("a") is None


@pytest.mark.parametrize(
    ("networks", "address", "may"),
    [
        (None, "192.0.2.7", True),
        (None, None, True),
        (("192.0.2.0/24",), "192.0.2.7", True),
        (("192.0.2.0/24",), "192.0.3.7", False),
        (("192.0.2.0/24", "2001:db8::/32"), "2001:db8::1", True),
        (("192.0.2.0/24",), "2001:db8::1", False),
        (("2001:db8::/32",), "192.0.2.7", False),
        (("192.0.2.0/24",), None, False),
    ],
)
def test_a_key_is_for_its_networks(networks: tuple[str, ...] | None, address: str | None, may: bool) -> None:
    key = ApiKey("id-1", None, None if networks is None else tuple(map(ip_network, networks)))
    assert key.may_come_from(None if address is None else ip_address(address)) is may
