"""The clock's doubt, with both clocks driven by hand, seen through what a spool would send."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fluxio_edge import host
from fluxio_edge.clock import GatewayClock, Sources
from fluxio_edge.forward_settings import ClockSettings
from fluxio_edge.hindsight import Hindsight
from fluxio_edge.reading import Reading, iso_utc
from fluxio_edge.spool import Spool

#: The true time at which each gateway of these tests boots.
BOOT = datetime(2026, 12, 1, 12, tzinfo=UTC)


class Gateway:
    """A gateway with a clock that is `wrong` by so much, and the spool of an agent on it."""

    def __init__(self, spool: Spool, wrong: timedelta, *, boot: str = "boot-1", began: datetime = BOOT) -> None:
        self.spool = spool
        self.began = began
        self.wrong = wrong
        self.seconds = 10.0
        self.synchronized = False
        self.boot = boot
        self.start()

    def start(self, **settings: object) -> None:
        """The agent's process."""
        sources = Sources(
            wall=lambda: (self.began + self.wrong).timestamp() + self.seconds,
            since_boot=lambda: self.seconds,
            is_synchronized=lambda: self.synchronized,
            boot_id=lambda: self.boot,
        )
        self.clock = GatewayClock(ClockSettings.model_validate({"wait_s": 600.0, **settings}), sources)

    def read(self, number: int) -> None:
        """A meter is read and the reading stored."""
        self.store(self.take(number))

    def take(self, number: int) -> Reading:
        created_at = iso_utc(self.clock())
        body = {"device_id": "M1", "created_at": created_at, "flow_rate": number, "quality": "good"}
        return Reading("M1", created_at, json.dumps(body))

    def store(self, reading: Reading) -> None:
        self.spool.add_all([self.clock.settle(reading)])

    def api_answers(self) -> None:
        # Its clock was read half a round trip ago, and was cut off to a whole second, by a half on average.
        self.clock.heard(self.began + timedelta(seconds=self.seconds - 0.6), 0.2)

    def synchronize(self) -> None:
        self.wrong, self.synchronized = timedelta(), True

    def sendable(self) -> list[tuple[object, float, object, object, bool]]:
        """(number, when after BOOT [s], quality, flags, whether another time was told) of what would be sent."""
        self.clock.look()
        hindsight = self.clock.hindsight()
        while hindsight and self.spool.held and self.spool.release(hindsight, 2):
            continue
        found = []
        for each in self.spool.take(100):
            body = json.loads(each.reading.body)
            assert body["created_at"] == each.reading.created_at
            after = (datetime.fromisoformat(each.reading.created_at) - BOOT).total_seconds()
            told = "reported_at" in body.get("metadata", {})
            found.append((body["flow_rate"], after, body["quality"], body.get("flags"), told))
        return found


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path / "spool.sqlite3") as spool:
        yield spool


def since_1970() -> timedelta:
    return datetime(1970, 1, 1, tzinfo=UTC) - BOOT


HOURS_BEHIND = timedelta(hours=-3)


@pytest.mark.parametrize("wrong", [since_1970(), HOURS_BEHIND, timedelta(days=400)])
def test_readings_before_the_clock_is_set_are_held_back_and_corrected(spool: Spool, wrong: timedelta) -> None:
    gateway = Gateway(spool, wrong)
    gateway.read(1)
    gateway.seconds = 70
    gateway.read(2)
    assert gateway.sendable() == []
    assert (spool.waiting, spool.held) == (2, 2)
    gateway.synchronize()
    gateway.seconds = 80
    gateway.read(3)
    assert gateway.sendable() == [
        (1, 10, "good", None, True),
        (2, 70, "good", None, True),
        (3, 80, "good", None, False),
    ]


def test_a_synchronized_clock_is_believed_at_once(spool: Spool) -> None:
    gateway = Gateway(spool, timedelta())
    gateway.synchronized = True
    gateway.read(1)
    assert gateway.sendable() == [(1, 10, "good", None, False)]


def test_a_clock_that_says_less_than_this_code_is_not_believed_even_if_synchronized(spool: Spool) -> None:
    gateway = Gateway(spool, since_1970())
    gateway.synchronized = True
    gateway.read(1)
    assert (gateway.sendable(), gateway.clock.state) == ([], "doubted")


def test_a_clock_without_ntp_is_believed_once_it_agrees_with_the_apis(spool: Spool) -> None:
    gateway = Gateway(spool, timedelta(seconds=-20))
    gateway.read(1)
    assert gateway.sendable() == []
    gateway.api_answers()
    assert gateway.sendable() == [(1, -10, "good", None, False)], "20 s are within the tolerance"


def test_after_the_wait_they_are_sent_once_as_suspect_at_the_apis_time(spool: Spool) -> None:
    gateway = Gateway(spool, since_1970())
    gateway.read(1)
    gateway.seconds = 5000
    assert gateway.sendable() == [], "without an answer of the API nothing could be sent, so nothing is given up"
    gateway.api_answers()
    gateway.seconds = 5599
    gateway.read(2)
    assert gateway.sendable() == []
    gateway.seconds = 5601
    gateway.read(3)
    before = gateway.sendable()
    assert [(number, after) for number, after, *_ in before] == [(1, 10), (2, 5599), (3, 5601)]
    assert [tuple(rest) for _, _, *rest in before] == [("suspect", ["clock_suspect"], True)] * 3
    gateway.synchronize()
    gateway.read(4)
    assert gateway.sendable() == [*before, (4, 5601, "good", None, False)], "never corrected as well"


def test_without_the_apis_time_they_are_sent_as_suspect_at_their_own(spool: Spool) -> None:
    gateway = Gateway(spool, HOURS_BEHIND)
    gateway.clock.heard(None, 0.2)
    gateway.read(1)
    gateway.seconds = 611
    assert gateway.sendable() == [(1, 10 - 3 * 3600, "suspect", ["clock_suspect"], False)]


def test_a_reading_that_is_stored_after_the_step_is_corrected_too(spool: Spool) -> None:
    gateway = Gateway(spool, since_1970())
    reading = gateway.take(1)
    gateway.seconds = 12
    gateway.synchronize()
    gateway.store(reading)
    assert gateway.sendable() == [(1, 10, "good", None, True)]


def test_a_step_puts_a_clock_in_doubt_until_it_is_confirmed(spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    gateway = Gateway(spool, timedelta())
    gateway.api_answers()
    gateway.read(1)
    gateway.seconds, gateway.wrong = 20, timedelta(hours=1)
    gateway.read(2)
    assert [number for number, *_ in gateway.sendable()] == [1]
    gateway.api_answers()
    gateway.seconds, gateway.wrong = 30, timedelta()
    gateway.read(3)
    assert gateway.sendable() == [
        (1, 10, "good", None, False),
        (2, 20, "good", None, True),
        (3, 30, "good", None, False),
    ]
    assert caplog.messages == [
        "clock: was stepped by +3600.0 s: to be confirmed",
    ]


def test_a_step_of_ntp_leaves_the_clock_believed(spool: Spool) -> None:
    gateway = Gateway(spool, timedelta(seconds=-20))
    gateway.api_answers()
    gateway.seconds = 20
    gateway.synchronize()
    gateway.read(1)
    assert gateway.sendable() == [(1, 20, "good", None, False)]


def test_the_agent_may_be_started_again_in_between(spool: Spool) -> None:
    gateway = Gateway(spool, since_1970())
    gateway.read(1)
    gateway.seconds = 100
    gateway.start()
    gateway.read(2)
    gateway.synchronize()
    assert [(number, after, quality) for number, after, quality, *_ in gateway.sendable()] == [
        (1, 10, "good"),
        (2, 100, "good"),
    ]


def test_a_reboot_in_between_leaves_them_suspect_before_the_next_boot(spool: Spool) -> None:
    """Nobody knows how long the gateway was off: they are put as late as can be, with their spacing."""
    for number, boot in enumerate(("boot-0", "boot-1")):
        earlier = Gateway(spool, since_1970(), boot=boot, began=BOOT - timedelta(hours=5 - number))
        earlier.read(10 * number + 1)
        earlier.seconds = 70
        earlier.read(10 * number + 2)
    gateway = Gateway(spool, since_1970(), boot="boot-2")
    gateway.read(21)
    assert gateway.sendable() == []
    gateway.synchronize()
    assert gateway.sendable() == [
        (1, -120, "suspect", ["clock_suspect"], True),
        (2, -60, "suspect", ["clock_suspect"], True),
        (11, -60, "suspect", ["clock_suspect"], True),
        (12, 0, "suspect", ["clock_suspect"], True),
        (21, 10, "good", None, True),
    ]


def test_a_time_of_an_earlier_boot_that_can_be_true_stands_and_is_suspect(spool: Spool) -> None:
    """Such as of a clock with a battery and without NTP, on a gateway that was switched off during an outage."""
    earlier = Gateway(spool, timedelta(), boot="boot-0", began=BOOT - timedelta(hours=5))
    earlier.read(1)
    gateway = Gateway(spool, timedelta())
    gateway.api_answers()
    assert gateway.sendable() == [(1, 10 - 5 * 3600, "suspect", ["clock_suspect"], False)]


def test_any_clock_is_believed_if_so_configured(spool: Spool) -> None:
    gateway = Gateway(spool, HOURS_BEHIND)
    gateway.start(trust="always")
    gateway.read(1)
    assert gateway.sendable() == [(1, 10 - 3 * 3600, "good", None, False)]


def test_flags_and_metadata_of_the_reading_stay(spool: Spool) -> None:
    body = {"created_at": "1970-01-01T00:00:10.000Z", "quality": "bad", "flags": ["partial"], "metadata": {"a": 1}}
    gateway = Gateway(spool, since_1970())
    spool.add(*gateway.clock.settle(Reading("M1", "1970-01-01T00:00:10.000Z", json.dumps(body))))
    spool.release(Hindsight("boot-1", BOOT.timestamp(), trusted=False, earliest=BOOT))
    (sent,) = spool.oldest(1)
    assert json.loads(sent.reading.body) == {
        "created_at": "2026-12-01T12:00:10.000Z",
        "quality": "bad",
        "flags": ["clock_suspect", "partial"],
        "metadata": {"a": 1, "reported_at": "1970-01-01T00:00:10.000Z"},
    }


def test_each_change_is_said_once(spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    gateway = Gateway(spool, since_1970())
    with caplog.at_level(logging.INFO):
        for gateway.seconds in (20, 30, 40):
            gateway.read(1)
        gateway.api_answers()
        for gateway.seconds in (641, 650):
            gateway.read(1)
        gateway.synchronize()
        for gateway.seconds in (660, 670):
            gateway.read(1)
    assert caplog.messages == [
        "clock: is not set (1970-01-01 00:00:20 UTC): readings are held back",
        "clock: is not set: readings are sent as suspect, at the API's time",
        "clock: is set (2026-12-01 12:11:00 UTC)",
    ]


def test_a_short_doubt_is_not_worth_a_line(spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    gateway = Gateway(spool, timedelta())
    with caplog.at_level(logging.INFO):
        gateway.read(1)
        gateway.api_answers()
        gateway.read(2)
    assert caplog.messages == []


def test_a_synchronized_clock_that_is_far_from_the_apis_is_said(spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    gateway = Gateway(spool, HOURS_BEHIND)
    gateway.synchronized = True
    gateway.read(1)
    gateway.api_answers()
    gateway.read(2)
    assert caplog.messages == ["clock: is 10800 s behind the API's, though the kernel calls it synchronized"]
    assert len(gateway.sendable()) == 2


def test_the_kernel_is_asked_without_privileges() -> None:
    assert host.is_synchronized() in (True, False)
    assert host.boot_id() == host.boot_id()
    assert len(host.boot_id()) == 36
    assert 0 < host.since_boot() <= host.since_boot()
