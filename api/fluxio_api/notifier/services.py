"""E-mail and the services that Apprise knows."""

from __future__ import annotations

import logging
from collections.abc import Collection
from urllib.parse import quote

import apprise

from . import message
from .ports import Notification, Route, SendError

_log = logging.getLogger(__name__)

#: Services at addresses of their own. The others' hosts are chosen by who types them, and could be ours.
SERVICES = frozenset({
    "slack", "tgram", "discord", "msteams", "workflows", "pover", "pagerduty", "opsgenie", "spike", "sns",
    "twilio", "vonage", "nexmo", "clickatell", "clicksend", "sinch", "msgbird", "bulksms", "bulkvs", "d7sms",
    "smsmanager", "threema", "seven", "46elks", "popcorn", "voipms", "httpsms", "signl4", "victorops", "splunk",
})  # fmt: skip


class EmailSender:
    """Mails one message to all recipients of a channel, through one mail server."""

    def __init__(self, server: str | None) -> None:
        """`server`: an address as Apprise writes it, `mailtos://user:password@host:port/?from=...`; None: no mail."""
        self._server = server

    def send(self, route: Route, notifications: list[Notification]) -> None:
        """One mail a recipient; if one of them fails, all are repeated later. Raises SendError."""
        if self._server is None:
            raise SendError("FLUXIO_MAIL_SERVER is not set")
        separator = "&" if "?" in self._server else "?"
        recipients = ",".join(quote(recipient, safe="@") for recipient in route.recipients)
        _notify(f"{self._server}{separator}to={recipients}", route, notifications)


class AppriseSender:
    """Sends through a service that Apprise knows, if it is one of `services`."""

    def __init__(self, services: Collection[str] = SERVICES) -> None:
        self._services = services

    def send(self, route: Route, notifications: list[Notification]) -> None:
        """One message; raises SendError."""
        if route.target is None:
            raise SendError("the channel has no address", is_final=True)
        if route.target.partition("://")[0].lower() not in self._services:
            raise SendError("the service is not one that this server sends to", is_final=True)
        _notify(route.target, route, notifications)


def _notify(address: str, route: Route, notifications: list[Notification]) -> None:
    service = apprise.Apprise.instantiate(address, suppress_exceptions=True)
    if not isinstance(service, apprise.NotifyBase):
        raise SendError("the address is not one that Apprise reads", is_final=True)
    is_good = all(one.event != "opened" for one in notifications)
    sent = service.notify(
        title=message.subject(route, notifications),
        body=message.text(route, notifications),
        notify_type=apprise.NotifyType.SUCCESS if is_good else apprise.NotifyType.WARNING,
        body_format=apprise.NotifyFormat.TEXT,
    )
    if not sent:
        raise SendError("the service did not take it")
