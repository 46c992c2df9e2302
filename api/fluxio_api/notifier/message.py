"""Words for people: what happened, to which meter, when. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .ports import Notification, Route

#: Lines of a message about many alerts; the rest is a number.
_MOST_LINES = 25


def subject(route: Route, notifications: list[Notification]) -> str:
    """One line; of many alerts their number."""
    if len(notifications) == 1:
        return f"[{route.organization_name}] {_word(notifications[0])}: {_message(notifications[0])}"[:200]
    told = Counter(one.event for one in notifications)
    counts = [f"{told[event]} {event}" for event in ("opened", "resolved", "test") if told[event]]
    return f"[{route.organization_name}] {len(notifications)} alerts: {', '.join(counts)}"


def text(route: Route, notifications: list[Notification]) -> str:
    """The body, the worst first; times in the organization's zone, which is named."""
    ranked = sorted(notifications, key=lambda one: (_SEVERITIES.get(str(one.alert.get("severity")), 9), one.id))
    lines = [f"{_word(one)}: {_message(one)} ({_when(one, route.time_zone)})" for one in ranked[:_MOST_LINES]]
    if len(ranked) > _MOST_LINES:
        lines.append(f"and {len(ranked) - _MOST_LINES} more; the dashboard lists them all.")
    return "\n".join(lines)


_SEVERITIES = {"critical": 0, "warning": 1, "info": 2}
#: Events that say more than the severity.
_EVENTS = {"resolved": "RESOLVED", "test": "TEST"}


def _word(one: Notification) -> str:
    return _EVENTS.get(one.event) or str(one.alert.get("severity", "")).upper()


def _message(one: Notification) -> str:
    return str(one.alert.get("message", "")).replace("\r", " ").replace("\n", " ")


def _when(one: Notification, time_zone: str) -> str:
    told = one.alert.get("resolved_at" if one.event == "resolved" else "created_at")
    try:
        at = datetime.fromisoformat(str(told))
        return f"{at.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M:%S} {time_zone}"
    except (ValueError, ZoneInfoNotFoundError):
        return str(told)
