"""What a notification says, where a webhook may go, and what becomes of one that fails."""

from __future__ import annotations

import ipaddress
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from fluxio_api.notifier import message
from fluxio_api.notifier.address import reachable_addresses
from fluxio_api.notifier.loop import Notifier
from fluxio_api.notifier.ports import Bundle, Notification, Route, SendError
from fluxio_api.notifier.services import AppriseSender, EmailSender

Event = Literal["opened", "resolved", "test"]

AT = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
MAIL = Route("c1", "ops", "email", ("ops@water.example",), None, None, True, "North Water", "Europe/Berlin")


def alert(
    number: int,
    text: str,
    severity: str = "warning",
    event: Event = "opened",
    attempts: int = 1,
) -> Notification:
    row: dict[str, object] = {
        "message": text,
        "severity": severity,
        "created_at": AT.isoformat(),
        "resolved_at": AT.isoformat(),
    }
    return Notification(number, event, AT, attempts, row)


def test_one_alert_is_its_own_subject_in_the_zone_of_the_organization() -> None:
    one = [alert(1, "Inlet: flow 140 m3/h above 100 m3/h", "critical")]
    assert message.subject(MAIL, one) == "[North Water] CRITICAL: Inlet: flow 140 m3/h above 100 m3/h"
    assert message.text(MAIL, one).endswith("(2026-07-01 12:00:00 Europe/Berlin)")


def test_many_are_one_message_with_the_worst_first() -> None:
    many = [alert(1, "low", "info"), alert(2, "over", event="resolved"), alert(3, "high", "critical")]
    assert message.subject(MAIL, many) == "[North Water] 3 alerts: 2 opened, 1 resolved"
    assert [line.split(":")[0] for line in message.text(MAIL, many).splitlines()] == ["CRITICAL", "RESOLVED", "INFO"]
    crowd = message.text(MAIL, [alert(number, "high") for number in range(300)]).splitlines()
    assert len(crowd) == 26
    assert crowd[-1] == "and 275 more; the dashboard lists them all."


def test_a_test_says_that_it_is_one() -> None:
    one = [alert(1, "Test of the channel ops", "info", event="test")]
    assert message.subject(MAIL, one) == "[North Water] TEST: Test of the channel ops"
    both = [*one, alert(2, "high", "critical")]
    assert message.subject(MAIL, both) == "[North Water] 2 alerts: 1 opened, 1 test"


def test_no_message_can_add_lines() -> None:
    assert "\n" not in message.subject(MAIL, [alert(1, "a\nBcc: b@example.com\r\nc")])
    assert len(message.text(MAIL, [alert(1, "a\nb\r\nc")]).splitlines()) == 1


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1",  # noqa: S104
     "fe80::1", "fd00::1",
     "::ffff:10.0.0.1", "localhost", "2130706433", "0x7f000001"],
)  # fmt: skip
def test_a_webhook_does_not_reach_into_our_own_network(host: str) -> None:
    with pytest.raises(SendError) as refusal:
        reachable_addresses(host, 443, [])
    assert host not in str(refusal.value)


def test_a_public_address_and_an_allowed_network_are_reached() -> None:
    assert reachable_addresses("93.184.216.34", 443, []) == ["93.184.216.34"]
    assert reachable_addresses("10.1.2.3", 443, [ipaddress.ip_network("10.1.2.0/24")]) == ["10.1.2.3"]
    with pytest.raises(SendError):
        reachable_addresses("10.1.3.3", 443, [ipaddress.ip_network("10.1.2.0/24")])


@pytest.mark.parametrize("target", ["json://127.0.0.1/", "mailto://u:p@127.0.0.1", "ntfy://127.0.0.1/x", "slack://x"])
def test_apprise_sends_to_known_services_only_and_tells_no_address(target: str) -> None:
    with pytest.raises(SendError) as refusal:
        AppriseSender().send(Route("c", "n", "apprise", (), target, None, True, "N", "UTC"), [alert(1, "x")])
    assert refusal.value.is_final
    assert "127.0.0.1" not in str(refusal.value)


def test_mail_without_a_server_waits_for_one() -> None:
    with pytest.raises(SendError) as refusal:
        EmailSender(None).send(MAIL, [alert(1, "x")])
    assert not refusal.value.is_final


class _Box:
    """Hands out given bundles once and remembers how each was settled."""

    def __init__(self, bundles: list[Bundle]) -> None:
        self.bundles = bundles
        self.settled: dict[int, tuple[str | None, datetime | None]] = {}

    def take(self, count: int) -> list[Bundle]:
        bundles, self.bundles = self.bundles[:count], []
        return bundles

    def settle(self, notification_id: int, error: str | None, retry_at: datetime | None) -> None:
        self.settled[notification_id] = (error, retry_at)


class _Failing:
    def __init__(self, failure: Exception | None) -> None:
        self.failure = failure

    def send(self, route: Route, notifications: list[Notification]) -> None:
        if self.failure:
            raise self.failure


def settled(failure: Exception | None, bundle: Bundle, now: datetime = AT) -> tuple[str | None, datetime | None]:
    box = _Box([bundle])
    notifier = Notifier(box, {"email": _Failing(failure)}, clock=lambda: now)
    with ThreadPoolExecutor(1) as pool:
        assert notifier.look(pool) == 1
    return box.settled[1]


def test_what_was_sent_is_settled() -> None:
    assert settled(None, (MAIL, [alert(1, "x")])) == (None, None)


@pytest.mark.parametrize(("attempts", "shortest", "longest"), [(1, 24, 36), (2, 48, 72), (20, 2880, 4320)])
def test_what_failed_is_tried_again_ever_later(attempts: int, shortest: float, longest: float) -> None:
    error, at = settled(SendError("no answer"), (MAIL, [alert(1, "x", attempts=attempts)]))
    assert error == "no answer"
    assert at is not None
    assert timedelta(seconds=shortest) <= at - AT <= timedelta(seconds=longest)


def test_after_a_day_it_is_given_up() -> None:
    assert settled(SendError("no answer"), (MAIL, [alert(1, "x")]), AT + timedelta(hours=24)) == ("no answer", None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"channel_id": None, "kind": None}, "no channel"), ({"is_enabled": False}, "disabled")],
)
def test_what_cannot_be_sent_is_given_up_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    error, at = settled(None, (replace(MAIL, **changes), [alert(1, "x")]))
    assert at is None
    assert error is not None
    assert reason in error


def test_a_fault_of_a_library_tells_no_secret_and_is_tried_again() -> None:
    error, at = settled(ValueError("https://hooks.example/secret"), (MAIL, [alert(1, "x")]))
    assert error == "failed with ValueError"
    assert at is not None
