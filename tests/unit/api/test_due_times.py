"""When the scheduler wakes which job."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cronsim import CronSimError

from fluxio_api.scheduler.clock import DueTimes
from fluxio_api.scheduler.ports import Job

NOON = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
EACH_MINUTE = Job("alert_clock", "* * * * *", is_in_cron=False)
DAILY = Job("partitions", "10 1 * * *", is_in_cron=False)


def names(due: list[Job]) -> list[str]:
    return [job.name for job in due]


def test_every_job_is_due_at_the_start_and_then_by_its_schedule() -> None:
    due = DueTimes()
    assert names(due.take([EACH_MINUTE, DAILY], NOON)) == ["alert_clock", "partitions"]
    assert due.take([EACH_MINUTE, DAILY], NOON + timedelta(seconds=29)) == []
    assert names(due.take([EACH_MINUTE, DAILY], NOON + timedelta(seconds=30))) == ["alert_clock"]
    night = datetime(2026, 3, 2, 1, 10, tzinfo=UTC)
    assert names(due.take([DAILY], night - timedelta(seconds=1))) == []
    assert names(due.take([DAILY], night)) == ["partitions"]


def test_a_pause_is_made_up_for_once() -> None:
    due = DueTimes()
    due.take([EACH_MINUTE], NOON)
    assert names(due.take([EACH_MINUTE], NOON + timedelta(hours=3))) == ["alert_clock"]
    assert due.take([EACH_MINUTE], NOON + timedelta(hours=3, seconds=5)) == []


def test_what_pg_cron_wakes_is_left_to_it_until_it_stops() -> None:
    due = DueTimes()
    in_cron = Job("alert_clock", "* * * * *", is_in_cron=True)
    assert due.take([in_cron], NOON) == []
    assert names(due.take([EACH_MINUTE], NOON + timedelta(seconds=1))) == ["alert_clock"]


def test_a_job_that_still_runs_waits_for_its_end() -> None:
    due = DueTimes()
    due.take([EACH_MINUTE], NOON)
    later = NOON + timedelta(minutes=2)
    assert due.take([EACH_MINUTE], later, busy={"alert_clock"}) == []
    assert names(due.take([EACH_MINUTE], later)) == ["alert_clock"]
    assert due.take([EACH_MINUTE], later) == []


def test_a_changed_schedule_counts_from_now_on() -> None:
    due = DueTimes()
    due.take([DAILY], NOON)
    often = Job("partitions", "*/5 * * * *", is_in_cron=False)
    assert due.take([often], NOON) == []
    assert names(due.take([often], NOON + timedelta(minutes=5))) == ["partitions"]


def test_a_clock_that_is_set_back_delays_nothing_for_long() -> None:
    due = DueTimes()
    due.take([EACH_MINUTE], NOON)
    hour_ago = NOON - timedelta(hours=1)
    assert due.take([EACH_MINUTE], hour_ago) == []
    assert names(due.take([EACH_MINUTE], hour_ago + timedelta(seconds=30))) == ["alert_clock"]


def test_a_schedule_that_is_none_is_an_error() -> None:
    due = DueTimes()
    with pytest.raises(CronSimError):
        due.take([Job("odd", "61 * * * *", is_in_cron=False)], NOON)
