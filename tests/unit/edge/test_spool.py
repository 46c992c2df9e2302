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
from fluxio_edge.hindsight import Held
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


def test_a_large_spool_makes_room_for_many_at_once(path: Path) -> None:
    with Spool(path, max_readings=3000) as spool:
        spool.add_all([(reading(number), None) for number in range(3001)])
        assert (spool.waiting, spool.counts().dropped_readings) == (2997 + 1, 3)
        spool.add(reading(1))
        assert (spool.waiting, spool.counts().dropped_readings) == (2999, 3)


def test_a_spool_that_grows_too_large_drops_the_oldest(path: Path) -> None:
    with Spool(path, max_bytes=200_000) as spool:
        for _ in range(30):
            spool.add_all([(Reading("M1", "2026-01-01T00:00:00.000Z", "x" * 500), None)] * 30)
        counts = spool.counts()
        assert counts.waiting + counts.dropped_readings == 900
        assert 200 < counts.waiting < 400
        assert spool.oldest(1)[0].seq == counts.dropped_readings + 1
    assert path.stat().st_size < 300_000


def test_readings_that_are_too_old_are_dropped_and_counted(spool: Spool) -> None:
    for number in (1, 2, 3):
        spool.add(reading(number))
    spool.add(Reading("M1", "1970-01-01T00:00:09.000Z", "{}"), Held("boot", 9))
    assert spool.drop_older(reading(3).created_at) == 2
    assert numbers(spool) == ['{"n":3}']
    counts = spool.counts()
    assert (counts.waiting, counts.held, counts.dropped_old, counts.dropped_readings) == (2, 1, 2, 0)


def test_what_was_dropped_is_still_counted_after_a_restart(path: Path) -> None:
    for _ in range(2):
        with Spool(path, max_readings=1) as spool:
            spool.add(reading(1))
            spool.add(reading(2))
            spool.drop_older(reading(3).created_at)
    counts = read_counts(path)
    assert (counts.dropped_readings, counts.dropped_old) == (2, 2)


def test_any_part_can_be_taken_from_either_end(path: Path) -> None:
    with Spool(path) as spool:
        spool.add_all([(reading(number), None) for number in range(1, 10)])
        spool.add(reading(10), Held("boot", 1))

        def taken(**choice: object) -> list[int]:
            return [each.seq for each in spool.take(3, **choice)]  # type: ignore[arg-type] # the test's own

        assert taken() == [1, 2, 3]
        assert taken(after=7) == [8, 9], "not what is held back"
        assert taken(upto=6, newest_first=True) == [6, 5, 4]
        assert taken(without={1, 3}) == [2, 4, 5]


def test_accepted_readings_leave_the_file_with_the_next_write(path: Path) -> None:
    with Spool(path, settle_s=3600) as spool:
        for number in (1, 2, 3, 4):
            spool.add(reading(number))
        spool.settle([1, 2], [])
        assert (spool.waiting, numbers(spool), spool.counts().waiting) == (2, ['{"n":3}', '{"n":4}'], 2)
        assert read_counts(path).waiting == 4
        spool.add(reading(5))
        assert read_counts(path).waiting == spool.waiting == 3
        spool.settle([3], [Refused(4, "conflict")])
        assert read_counts(path).waiting == 1
        spool.settle([5], [])
        spool.flush_due()
        assert read_counts(path).waiting == 1
    assert read_counts(path).waiting == 0, "closing writes it"


def test_one_write_deletes_many(path: Path) -> None:
    with Spool(path, settle_s=3600) as spool:
        spool.add_all([(reading(number), None) for number in range(1500)])
        commits = spool._file._connection.total_changes
        for seq in range(1, 1000):
            spool.settle([seq], [])
        assert spool._file._connection.total_changes == commits
        spool.settle([1000], [])
        assert read_counts(path).waiting == spool.waiting == 500


def test_what_another_process_writes_is_seen(spool: Spool, path: Path) -> None:
    spool.add(reading(1))
    assert not spool.refresh()
    with sqlite3.connect(path) as other:
        other.execute("insert into readings (device_id, created_at, body) values ('M1', '2026-01-01T00:00:00Z', '{}')")
    other.close()
    assert spool.refresh()
    assert (spool.waiting, spool.last_seq, spool.refresh()) == (2, 2, False)


def test_a_spool_of_version_1_is_taken_over(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as old:
        old.executescript(VERSION_1)
    old.close()
    with pytest.raises(SpoolError, match="of an older version"):
        read_counts(path)
    with Spool(path) as spool:
        assert numbers(spool) == ['{"n":1}', '{"n":2}']
        counts = spool.counts()
        assert (counts.waiting, counts.quarantined, counts.dropped_readings, counts.dropped_old) == (2, 1, 7, 0)
        spool.add(reading(3), Held("boot", 1))
        assert spool.last_seq == 10


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
    with pytest.raises(SpoolError, match="cannot be used: it is a text and no spool"):
        Spool(path)
    assert path.exists(), "it may be somebody's, such as the key's file"
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
        modes = [
            spool._file._connection.execute(f"pragma {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
        ]
    assert modes == ["wal", 2]


VERSION_1 = """
create table readings (
  seq integer primary key autoincrement, device_id text not null, created_at text not null, body text not null
);
create table quarantine (
  seq integer primary key, device_id text not null, created_at text not null, body text not null, code text not null,
  detail text not null, quarantined_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
create table counters (name text primary key, value integer not null) without rowid;
insert into counters values ('dropped_readings', 7), ('dropped_quarantined', 0);
insert into readings values (8, 'M1', '2026-01-01T00:00:01.000Z', '{"n":1}'), (9, 'M1', '2026-01-01T00:00:02.000Z', '{"n":2}');
insert into quarantine (seq, device_id, created_at, body, code, detail) values (3, 'M1', '2026', '{}', 'conflict', '');
pragma journal_mode = wal;
pragma user_version = 1;
"""  # noqa: E501


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
            assert spool._file._connection.execute("pragma integrity_check").fetchone() == ("ok",)
            spool.settle([each.seq for each in spool.oldest(1_000_000)], [])


def test_threads_may_share_a_spool(path: Path) -> None:
    with Spool(path) as spool, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: spool.add(reading(number)), range(200)))
        list(pool.map(lambda each: spool.settle([each.seq], []), spool.oldest(100)))
        assert (spool.waiting, spool.counts().waiting) == (100, 100)
