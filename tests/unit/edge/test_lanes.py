"""What is sent next: new readings at once, a backlog behind them and not all the time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from fluxio_edge.forward_settings import SendingSettings
from fluxio_edge.lanes import Lanes
from fluxio_edge.reading import Reading
from fluxio_edge.spool import Spool


class Bench:
    """A spool with a backlog of `behind` readings, lanes over it, and a clock that is set by hand."""

    def __init__(self, spool: Spool, behind: int, *, order: Literal["oldest", "newest"] = "oldest") -> None:
        self.spool = spool
        self.now = 0.0
        self.store(behind)
        settings = SendingSettings(batch=20, live_batch=5, order=order, catch_up_share=0.25, catch_up_pause_s=0.5)
        self.lanes = Lanes(spool, settings, now=lambda: self.now)

    def store(self, count: int) -> None:
        self.spool.add_all([(Reading("M1", "2026-12-01T00:00:00.000Z", "{}"), None)] * count)

    def send(self, *, took: float = 1.0) -> list[int]:
        """The numbers of the next batch, which the API accepts after `took` seconds; none if it is not time."""
        batch = self.lanes.next_batch()
        if batch is None:
            return []
        seqs = [each.seq for each in batch.readings]
        self.now += took
        self.spool.settle(seqs, [])
        self.lanes.sent(batch, took)
        return seqs


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path / "spool.sqlite3") as spool:
        yield spool


def test_a_backlog_goes_in_large_batches_oldest_first(spool: Spool) -> None:
    bench = Bench(spool, 50)
    assert bench.send() == list(range(1, 21))
    bench.now += 10
    assert bench.send() == list(range(21, 41))


def test_newest_first_by_choice(spool: Spool) -> None:
    bench = Bench(spool, 50, order="newest")
    assert bench.send() == list(range(50, 30, -1))


def test_a_backlog_leaves_the_link_to_others_for_its_share_of_the_time(spool: Spool) -> None:
    bench = Bench(spool, 100)
    bench.send(took=2.0)
    assert bench.lanes.backlog_due_in == 6.0, "a quarter of the time is used"
    assert bench.send() == []
    bench.now += 6
    assert len(bench.send(took=0.01)) == 20
    assert bench.lanes.backlog_due_in == 0.5, "never less than this"


def test_new_readings_pass_a_backlog(spool: Spool) -> None:
    bench = Bench(spool, 100)
    bench.send()
    bench.store(3)
    assert bench.send() == [101, 102, 103], "in the pause"
    bench.store(2)
    bench.now += 10
    assert bench.send() == list(range(21, 41)), "the backlog has its turn"
    assert bench.send() == [104, 105]


def test_new_readings_go_in_small_batches_and_do_not_starve_a_backlog(spool: Spool) -> None:
    bench = Bench(spool, 100)
    sent = []
    for _ in range(12):
        bench.store(2)
        bench.now += 5
        sent.append(bench.send())
    assert {len(seqs) for seqs in sent if seqs[0] > 100} == {2, 4}
    assert sum(len(seqs) for seqs in sent if seqs[-1] <= 100) == 100


def test_more_than_small_batches_can_take_becomes_backlog(spool: Spool) -> None:
    bench = Bench(spool, 0)
    bench.store(100)
    sizes = [len(bench.send()) for _ in range(6)]
    assert sizes == [5, 5, 5, 5, 5, 20]


def test_a_full_batch_need_not_wait_for_more(spool: Spool) -> None:
    bench = Bench(spool, 0)
    assert not bench.lanes.has_full_batch
    bench.store(5)
    assert bench.lanes.has_full_batch
    bench.send()
    assert not bench.lanes.has_full_batch


def test_each_lane_finds_its_own_size(spool: Spool) -> None:
    bench = Bench(spool, 100)
    batch = bench.lanes.next_batch()
    assert batch is not None
    batch.size.halve(20, lasting=True)
    bench.store(30)
    assert len(bench.send()) == 5
    bench.now += 10
    assert len(bench.send()) == 10


def test_what_waits_after_an_outage_is_backlog(spool: Spool) -> None:
    bench = Bench(spool, 0)
    bench.store(50)
    bench.lanes.all_is_backlog()
    bench.store(2)
    assert bench.send() == [51, 52]
    assert bench.send() == list(range(1, 21))


def test_nothing_is_asked_of_the_disk_while_nothing_waits(spool: Spool) -> None:
    bench = Bench(spool, 0)
    assert bench.lanes.next_batch() is None
    assert bench.lanes.backlog_due_in is None
