"""Waits and batch sizes."""

from __future__ import annotations

from fluxio_edge.backoff import Backoff
from fluxio_edge.batch_size import BatchSize


def test_waits_double_up_to_the_ceiling_and_start_again_after_a_success() -> None:
    backoff = Backoff(1, 10, chance=lambda: 0.999999)
    assert [round(backoff.next_delay(), 3) for _ in range(6)] == [1, 2, 4, 8, 10, 10]
    backoff.reset()
    assert round(backoff.next_delay(), 3) == 1


def test_chance_takes_at_most_half_of_a_wait() -> None:
    assert Backoff(4, 60, chance=lambda: 0.0).next_delay() == 2
    waits = {Backoff(4, 60).next_delay() for _ in range(50)}
    assert all(2 <= wait <= 4 for wait in waits)
    assert len(waits) > 1


def test_years_of_failures_do_no_harm() -> None:
    backoff = Backoff(1, 60)
    for _ in range(5_000):
        assert backoff.next_delay() <= 60


def test_a_refused_batch_is_halved_down_to_one_and_doubles_again() -> None:
    size = BatchSize(500)
    for expected in (250, 125, 62, 31, 15, 7, 3, 1, 1):
        size.halve(size.limit, lasting=False)
        assert size.limit == expected
    for expected in (2, 4, 8, 16, 32, 64, 128, 256, 500, 500):
        size.succeeded()
        assert size.limit == expected


def test_a_batch_that_was_too_large_is_not_tried_again_soon() -> None:
    size = BatchSize(500)
    size.halve(500, lasting=True)
    for _ in range(19):
        size.succeeded()
        assert size.limit == 250
    size.succeeded()
    assert size.limit == 500
