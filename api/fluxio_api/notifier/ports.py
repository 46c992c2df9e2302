"""What the notifier needs: an outbox to take from, and ways to send."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Notification:
    """One event of one alert that one channel is to hear of, or a test of the channel."""

    id: int
    event: Literal["opened", "resolved", "test"]
    created_at: datetime
    #: How often it was taken, this time included.
    attempts: int
    #: The row of public.alerts, as it is now; of a test its message, severity and created_at.
    alert: dict[str, object]


@dataclass(frozen=True, slots=True)
class Route:
    """Where a channel's notifications go. Holds secrets: never log one."""

    #: None: the organization has no channel of this name.
    channel_id: str | None
    name: str
    kind: Literal["email", "webhook", "apprise"] | None
    recipients: tuple[str, ...]
    target: str | None
    #: base64.
    signing_key: str | None
    is_enabled: bool
    organization_name: str
    #: A name of the tz database.
    time_zone: str


#: What one channel is to hear now.
Bundle = tuple[Route, list[Notification]]


class Outbox(Protocol):
    """public.notification_outbox. Every method raises problems.Unavailable."""

    def take(self, count: int) -> list[Bundle]:
        """At most `count` due notifications, by channel; nobody else gets them for a while."""

    def settle(self, notification_id: int, error: str | None, retry_at: datetime | None) -> None:
        """Sent (no error), to be tried again, or given up (an error and no `retry_at`)."""


class SendError(Exception):
    """It was not sent, or nobody knows. The message holds no address and no secret."""

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        #: Trying again is no use.
        self.is_final = is_final


class Sender(Protocol):
    """One way to send."""

    def send(self, route: Route, notifications: list[Notification]) -> None:
        """Tell a channel of these, in one message; raises SendError."""
