from __future__ import annotations

from fluxio_api.ingest.spool.outage import Outage


def waits(outage: Outage, now: list[float]) -> float:
    """How long it takes until the database is asked."""
    start = now[0]
    while not outage.is_time_to_ask():
        now[0] += 0.05
    return now[0] - start


def test_waits_grow_to_a_ceiling() -> None:
    now = [0.0]
    outage = Outage(lambda: now[0])
    outage.failed()
    first = waits(outage, now)
    for _ in range(10):
        outage.failed(asked=True)
    assert first < 1
    assert 10 < waits(outage, now) < 20


def test_calls_that_fail_meanwhile_do_not_delay_the_question() -> None:
    now = [0.0]
    outage = Outage(lambda: now[0])
    outage.failed()
    for _ in range(100):
        outage.failed()
    assert waits(outage, now) < 1


def test_a_database_that_answers_and_stores_nothing_is_asked_ever_more_seldom() -> None:
    now = [0.0]
    outage = Outage(lambda: now[0])
    for _ in range(8):
        outage.failed()
        outage.answered()
    outage.failed()
    assert waits(outage, now) > 5
    outage.answered()
    outage.stored()
    outage.failed()
    assert waits(outage, now) < 1
