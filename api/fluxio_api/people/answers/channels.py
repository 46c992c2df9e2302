"""Notification channels, and what became of notifications."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Answer, Id, Next, Object, Time

Kind = Literal["email", "webhook", "apprise"]
Event = Literal["opened", "resolved", "test"]
NotificationStatus = Literal["sent", "waiting", "given_up"]


class ListedChannel(Answer):
    """Where notifications go; its address and key are never answered."""

    id: Id
    name: Annotated[str, Field(examples=["scada"])]
    kind: Kind
    recipients: Annotated[list[str], Field(description="Of e-mail only.", examples=[["duty@example.com"]])]
    target_host: Annotated[str | None, Field(description="Scheme and host of the address; null for e-mail.")]
    is_enabled: bool
    created_at: Time
    updated_at: Time


class Channel(ListedChannel):
    """A channel as it is now."""

    signing_key: Annotated[
        str | None, Field(description="Of a webhook that is new or moved, this once (Standard Webhooks).")
    ]


class Channels(Answer):
    """The organization's channels, by name."""

    channels: list[ListedChannel]


class Tested(Answer):
    """The notification that a test is."""

    notification_id: int


class Notification(Answer):
    """What a channel was to be told."""

    id: int
    alert_id: Annotated[Id | None, Field(description="null for a test.")]
    event: Event
    channel: Annotated[Object, Field(examples=[{"channel": "scada"}])]
    created_at: Time
    attempts: Annotated[int, Field(ge=0, description="How often the notifier took it.")]
    next_attempt_at: Annotated[Time | None, Field(description="null once it is sent or given up.")]
    sent_at: Time | None
    last_error: str | None
    status: NotificationStatus


class Try(Answer):
    """How one try ended."""

    id: int
    ended_at: Time
    is_successful: bool
    error: Annotated[str | None, Field(description="Never with the address.")]


class TriedNotification(Notification):
    """A notification and its tries."""

    tries: list[Try]


class Notifications(Answer):
    """A page of notifications, newest first."""

    notifications: list[Notification]
    next: Next
