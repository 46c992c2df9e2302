from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fluxio_api.ingest.spool.spool import Spool
from fluxio_api.ingest.spool.spool_file import DRAIN_LOCK, FILE, SpoolError, draining

from .conftest import NOON, arrival

LATER = 10_000_000_000.0


def test_a_body_comes_out_as_it_went_in_after_the_file_was_opened_anew(
    spool: Spool, open_spool: Callable[..., Spool]
) -> None:
    kept = arrival(b"\xff\x00[]", content_type="text/csv", api_key_id="6e2b6a3e-0000-4000-8000-000000000001")
    spool.add(kept)
    entry = open_spool().next_due(LATER)
    assert entry is not None
    assert entry.arrival() == kept


def test_entries_leave_in_the_order_they_came(spool: Spool) -> None:
    for number in range(3):
        spool.add(arrival(str(number).encode()))
    out = []
    while (entry := spool.next_due(LATER)) is not None:
        out.append(entry.body)
        spool.remove(entry.seq, "drained")
    assert out == [b"0", b"1", b"2"]
    state = spool.state()
    assert (state.entries, state.bytes, state.spooled, state.drained, state.oldest) == (0, 0, 3, 3, None)


def test_the_state_counts_what_is_held(spool: Spool) -> None:
    spool.add(arrival(b"x" * 100))
    spool.add(replace(arrival(b"y" * 50), received_at=NOON + timedelta(minutes=1)))
    state = spool.state()
    assert (state.entries, state.oldest) == (2, NOON)
    assert state.bytes > 150
    assert state.oldest_age_s(NOON + timedelta(minutes=5)) == 300


def test_what_is_put_off_lets_others_go_first_until_it_is_due(spool: Spool) -> None:
    spool.add(arrival(b"first"))
    spool.add(arrival(b"second"))
    first = spool.next_due(0)
    assert first is not None
    spool.put_off(first.seq, 100.0, failed=True)
    at_99, at_100 = spool.next_due(99), spool.next_due(100)
    assert at_99 is not None
    assert at_100 is not None
    assert (at_99.body, at_100.body, at_100.attempts, at_100.failures) == (b"second", b"first", 1, 1)


def test_what_is_set_aside_stays_and_can_be_tried_again(spool: Spool) -> None:
    spool.add(arrival(b"odd"))
    entry = spool.next_due(0)
    assert entry is not None
    spool.set_aside(entry.seq)
    state = spool.state()
    assert (state.entries, state.set_aside, spool.next_due(LATER)) == (0, 1, None)
    assert state.bytes > 0
    assert spool.retry_set_aside() == 1
    state = spool.state()
    assert (state.entries, state.set_aside) == (1, 0)


def test_a_full_spool_refuses_keeps_what_it_has_and_says_so_once(
    open_spool: Callable[..., Spool], caplog: pytest.LogCaptureFixture
) -> None:
    spool = open_spool(1000)
    spool.add(arrival(b"x" * 500))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            with pytest.raises(SpoolError, match="full"):
                spool.add(arrival(b"y" * 500))
    assert len(caplog.records) == 1
    state = spool.state()
    assert (state.entries, state.refused) == (1, 3)
    spool.tidy()
    assert open_spool(1000).state().refused == 3
    entry = spool.next_due(0)
    assert entry is not None
    assert entry.body == b"x" * 500
    spool.remove(entry.seq, "drained")
    spool.add(arrival(b"y" * 500))
    assert spool.state().entries == 1


def test_a_disk_that_is_full_costs_only_what_does_not_fit(spool: Spool) -> None:
    spool.add(arrival(b"first"))
    connection = spool._connection
    assert connection is not None
    pages = connection.execute("pragma page_count").fetchone()[0]
    connection.execute(f"pragma max_page_count = {pages + 2}")
    with pytest.raises(SpoolError, match="full"):
        spool.add(arrival(os.urandom(100_000)))
    connection.execute("pragma max_page_count = 1000000")
    spool.add(arrival(b"second"))
    state = spool.state()
    assert (state.entries, state.refused) == (2, 1)


def test_many_writers_of_several_connections_lose_nothing(open_spool: Callable[..., Spool]) -> None:
    spools = [open_spool() for _ in range(4)]

    def write(number: int) -> None:
        for turn in range(25):
            spools[number % 4].add(arrival(f"{number}-{turn}".encode()))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bodies = []
    while (entry := spools[0].next_due(LATER)) is not None:
        bodies.append(entry.body.decode())
        spools[0].remove(entry.seq, "drained")
    assert sorted(bodies) == sorted(f"{number}-{turn}" for number in range(8) for turn in range(25))
    for number in range(8):
        mine = [body for body in bodies if body.startswith(f"{number}-")]
        assert mine == [f"{number}-{turn}" for turn in range(25)]


def test_the_disk_is_given_back_when_the_backlog_is_gone(spool: Spool, directory: Path) -> None:
    for _ in range(4):
        spool.add(arrival(os.urandom(200_000)))
    while (entry := spool.next_due(LATER)) is not None:
        spool.remove(entry.seq, "drained")
    spool.tidy()
    assert sum(file.stat().st_size for file in directory.iterdir()) < 200_000


def test_nobody_else_may_read_the_files(spool: Spool, directory: Path) -> None:
    spool.add(arrival())
    assert directory.stat().st_mode & 0o077 == 0
    assert {file.name: file.stat().st_mode & 0o077 for file in directory.iterdir() if file.stat().st_mode & 0o077} == {}


def test_every_commit_is_flushed(spool: Spool, directory: Path) -> None:
    spool.add(arrival())
    assert spool._connection is not None
    assert spool._connection.execute("pragma synchronous").fetchone() == (2,)
    assert spool._connection.execute("pragma journal_mode").fetchone() == ("wal",)


def test_only_one_drains_until_it_is_done(directory: Path) -> None:
    directory.mkdir()
    with draining(directory) as first, draining(directory) as second:
        assert (first is not None, second) == (True, None)
    with draining(directory) as again:
        assert again is not None
    assert (directory / DRAIN_LOCK).exists()


@pytest.mark.parametrize("obstacle", ["file in its place", "no database", "another version"])
def test_a_spool_that_cannot_be_used_says_why(directory: Path, open_spool: Callable[..., Spool], obstacle: str) -> None:
    if obstacle == "file in its place":
        directory.write_text("")
    else:
        directory.mkdir()
        (directory / FILE).write_bytes(
            b"no database, but long enough to look at" * 100 if obstacle == "no database" else b""
        )
    if obstacle == "another version":
        connection = sqlite3.connect(directory / FILE)
        connection.execute("pragma user_version = 99")
        connection.close()
    with pytest.raises(SpoolError, match=f"{directory}.*(File exists|Not a directory|not a database|another version)"):
        open_spool().is_empty()
