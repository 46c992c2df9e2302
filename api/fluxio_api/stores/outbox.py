"""The notification outbox."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from ..notifier.ports import Bundle, Notification, Route
from ..problems import Unavailable
from .upstream import Refused, Upstream

_log = logging.getLogger(__name__)

#: How long nobody else gets what was taken: longer than sending takes at worst.
_LEASE = "5 minutes"


class _Row(BaseModel):
    id: int
    event: Literal["opened", "resolved", "test"]
    created_at: AwareDatetime
    attempts: int
    alert: dict[str, object]


class _RouteRow(BaseModel):
    notification_id: int
    channel_id: str | None
    name: str
    kind: Literal["email", "webhook", "apprise"] | None
    recipients: tuple[str, ...] | None
    target: str | None
    signing_key: str | None
    is_enabled: bool | None
    organization_name: str
    time_zone: str


_ROWS = TypeAdapter(list[_Row])
_ROUTES = TypeAdapter(list[_RouteRow])


class SupabaseOutbox:
    """public.take_notifications, get_notification_routes and settle_notification."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def take(self, count: int) -> list[Bundle]:
        """At most `count` due notifications, a bundle a channel; raises problems.Unavailable.

        What was taken and then got lost on the way is due again after five minutes.
        """
        rows = _ROWS.validate_python(self._call("take_notifications", {"max_count": count, "lease": _LEASE}))
        if not rows:
            return []
        found = self._call("get_notification_routes", {"notification_ids": [row.id for row in rows]})
        try:
            routes = {row.notification_id: _route(row) for row in _ROUTES.validate_python(found)}
        except ValidationError as error:
            # Not the error's text: it would show what it could not read.
            _log.error("get_notification_routes answered something else")
            raise Unavailable("The outbox cannot be read now.") from error
        bundles: dict[Route, list[Notification]] = {}
        for row in rows:
            if row.id in routes:
                one = Notification(row.id, row.event, row.created_at, row.attempts, row.alert)
                bundles.setdefault(routes[row.id], []).append(one)
        return list(bundles.items())

    def settle(self, notification_id: int, error: str | None, retry_at: datetime | None) -> None:
        """Say what became of one; raises problems.Unavailable."""
        at = retry_at.isoformat() if retry_at else None
        self._call("settle_notification", {"id": notification_id, "error": error, "retry_at": at})

    def _call(self, function: str, arguments: dict[str, object]) -> object:
        query = self._upstream.service.rpc(function, arguments)
        try:
            return self._upstream.call(query.execute, repeatable=function != "take_notifications").data
        except Refused as refused:
            _log.error("%s was refused with %s", function, refused.code)
            raise Unavailable("The outbox cannot be reached now.") from refused


def _route(row: _RouteRow) -> Route:
    return Route(
        row.channel_id, row.name, row.kind, row.recipients or (), row.target, row.signing_key,
        bool(row.is_enabled), row.organization_name, row.time_zone,
    )  # fmt: skip
