"""The store on disk: what is added stays until it is settled, whatever happens to the process."""

from __future__ import annotations

import logging
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fluxio_edge.errors import SpoolError
from fluxio_edge.reading import Reading
from fluxio_edge.spool import Refused, Spool
from fluxio_edge.spool_file import read_counts


def reading(number: int, device: str = "M1") -> Reading:
    return Reading(device, f"2026-01-01T00:00:{number:06.3f}Z", f'{{"n":{number}}}')


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "spool.sqlite3"


@pytest.fixture
def spool(path: Path) -> Iterator[Spool]:
    with Spool(path, max_readings=5, max_quarantined=2) as spool:
        yield spool


def numbers(spool: Spool, limit: int = 100) -> list[str]:
    return [each.reading.body for each in spool.oldest(limit)]


def test_readings_come_out_in_the_order_they_went_in_and_stay(spool: Spool) -> None:
    for number in (3, 1, 2):
        spool.add(reading(number))
    assert numbers(spool) == ['{"n":3}', '{"n":1}', '{"n":2}']
    assert numbers(spool, 2) == ['{"n":3}', '{"n":1}']
    assert spool.oldest(1)[0].reading == reading(3)
    assert spool.waiting == 3


def test_accepted_readings_leave_and_refused_ones_are_set_aside(spool: Spool, path: Path) -> None:
    for number in (1, 2, 3):
        spool.add(reading(number))
    first, second, _ = spool.oldest(3)
    spool.settle([first.seq], [Refused(second.seq, "unknown_device", "/device_id")])
    assert numbers(spool) == ['{"n":3}']
    counts = spool.counts()
    assert (counts.waiting, counts.quarantined, spool.waiting) == (1, 1, 1)
    with sqlite3.connect(path) as other:
        rows = other.execute("select device_id, created_at, body, code, detail from quarantine").fetchall()
    other.close()
    assert rows == [("M1", second.reading.created_at, '{"n":2}', "unknown_device", "/device_id")]


def test_settling_twice_changes_nothing(spool: Spool) -> None:
    spool.add(reading(1))
    seq = spool.oldest(1)[0].seq
    spool.settle([seq], [])
    spool.settle([seq], [Refused(seq, "x")])
    assert (spool.waiting, spool.counts().waiting, spool.counts().quarantined) == (0, 0, 0)


def test_a_full_spool_drops_the_oldest_counts_them_and_says_so_once(
    spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        for number in range(9):
            spool.add(reading(number))
    assert numbers(spool) == [f'{{"n":{number}}}' for number in range(4, 9)]
    assert (spool.waiting, spool.counts().dropped_readings) == (5, 4)
    assert [record.message for record in caplog.records] == ["spool is full (5 readings): the oldest are dropped"]


def test_a_smaller_limit_than_before_drops_down_to_it(path: Path) -> None:
    with Spool(path) as roomy:
        for number in range(9):
            roomy.add(reading(number))
    with Spool(path, max_readings=3) as tight:
        tight.add(reading(9))
        assert numbers(tight) == ['{"n":7}', '{"n":8}', '{"n":9}']
        assert tight.counts().dropped_readings == 7


def test_the_quarantine_is_bounded_and_counted(spool: Spool) -> None:
    for number in range(4):
        spool.add(reading(number))
    spool.settle([], [Refused(each.seq, "conflict") for each in spool.oldest(4)])
    counts = spool.counts()
    assert (counts.waiting, counts.quarantined, counts.dropped_quarantined) == (0, 2, 2)


def test_numbers_are_never_used_again(path: Path) -> None:
    with Spool(path) as first:
        first.add(reading(1))
        seq = first.oldest(1)[0].seq
        first.settle([seq], [])
    with Spool(path) as second:
        second.add(reading(2))
        assert second.oldest(1)[0].seq > seq


def test_a_second_agent_is_kept_out_and_counting_is_not(spool: Spool, path: Path) -> None:
    spool.add(reading(1))
    with pytest.raises(SpoolError, match="in use by another agent"):
        Spool(path)
    counts = read_counts(path)
    assert (counts.waiting, counts.oldest) == (1, reading(1).created_at)


def test_a_file_that_is_no_spool_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("not a database, but long enough to be looked at" * 100)
    with pytest.raises(SpoolError, match="cannot be used: file is not a database"):
        Spool(path)
    with pytest.raises(SpoolError, match="there is no spool"):
        read_counts(tmp_path / "nothing")
    with pytest.raises(SpoolError, match="cannot be used"):
        Spool(path / "below-a-file")


def test_a_spool_of_another_version_is_left_alone(path: Path) -> None:
    with Spool(path):
        pass
    with sqlite3.connect(path) as other:
        other.execute("pragma user_version = 99")
    other.close()
    with pytest.raises(SpoolError, match="written by another version"):
        Spool(path)


def test_a_commit_is_flushed_to_the_disk_before_add_returns(path: Path) -> None:
    with Spool(path) as spool:
        modes = [spool._connection.execute(f"pragma {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert modes == ["wal", 2]


WRITER = """
import sys
from pathlib import Path
from fluxio_edge.reading import Reading
from fluxio_edge.spool import Spool
with Spool(Path(sys.argv[1])) as spool:
    for number in range(10_000_000):
        spool.add(Reading("M1", str(number), str(number)))
        print(number, flush=True)
        if number % 3 == 0:
            spool.settle([spool.oldest(1)[0].seq], [])
"""


def test_killed_at_any_moment_the_spool_holds_every_reading_that_was_stored(path: Path) -> None:
    told = -1
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(50)]
            writer.send_signal(signal.SIGKILL)
            lines += writer.stdout.readlines()
        told = int([line for line in lines if line.endswith("\n")][-1])
        with Spool(path) as spool:
            stored = [int(each.reading.body) for each in spool.oldest(1_000_000)]
            assert told <= stored[-1] <= told + 1, "what add returned for is there; at most one more"
            assert stored == list(range(stored[0], stored[-1] + 1)), "and nothing between is missing"
            assert spool.waiting == len(stored)
            assert spool._connection.execute("pragma integrity_check").fetchone() == ("ok",)
            spool.settle([each.seq for each in spool.oldest(1_000_000)], [])


def test_threads_may_share_a_spool(path: Path) -> None:
    with Spool(path) as spool, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: spool.add(reading(number)), range(200)))
        list(pool.map(lambda each: spool.settle([each.seq], []), spool.oldest(100)))
        assert (spool.waiting, spool.counts().waiting) == (100, 100)
