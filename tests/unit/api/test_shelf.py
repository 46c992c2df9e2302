from __future__ import annotations

from itertools import count

from fluxio_api.shelf import MemoryShelf


def test_what_was_put_there_goes_when_its_time_is_up() -> None:
    now = 0.0
    shelf = MemoryShelf(clock=lambda: now)
    shelf.put("long", b"l", 30)
    shelf.put("short", b"s", 1)
    assert (shelf.get("long"), shelf.get("short"), shelf.get("never")) == (b"l", b"s", None)
    now = 1
    assert (shelf.get("long"), shelf.get("short")) == (b"l", None)
    now = 30
    assert shelf.get("long") is None


def test_what_grows_old_while_it_is_looked_for_is_not_there() -> None:
    seconds = count()
    shelf = MemoryShelf(clock=lambda: float(next(seconds)))
    shelf.put("key", b"x", 5)
    while shelf.get("key") is not None:
        pass
    assert shelf.get("key") is None


def test_it_holds_no_more_than_there_is_room_for() -> None:
    shelf = MemoryShelf(capacity=10)
    shelf.put("too large", b"x" * 11, 30)
    assert shelf.get("too large") is None
    for name in ("a", "b", "c"):
        shelf.put(name, b"x" * 4, 30)
    assert [shelf.get(name) is None for name in ("a", "b", "c")].count(True) == 1
    assert shelf.get("c") == b"xxxx"
