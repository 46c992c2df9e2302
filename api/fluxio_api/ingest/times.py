"""Points in time as gateways and people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

#: From this magnitude on, a number counts milliseconds: 1e11 s is the year 5138, 1e11 ms is 1973.
_MILLISECONDS_FROM = 1e11

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_TEXT = re.compile(r"[+-]?[0-9]{1,16}(?:\.[0-9]{1,9})?")
#: RFC 3339, and what RutOS prints: an offset without colon, or hours alone.
_ISO = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ](?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?)"
    r" ?(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)"
)
#: As nearly all write it, which datetime.fromisoformat reads as it stands.
_USUAL_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)


def read_time(value: object) -> datetime:
    """The instant `value` denotes, in UTC.

    `value`: ISO 8601 text with Z or an offset, or seconds or milliseconds
    since 1970 as number or text. Raises ValueError for anything else, also for
    a time without an offset, which names no instant.
    """
    if isinstance(value, bool):
        raise ValueError("not a time")
    if isinstance(value, int | float):
        return _from_epoch(value)
    if isinstance(value, str):
        text = value.strip()
        if _USUAL_ISO.fullmatch(text):
            return _in_utc(text)
        if _EPOCH_TEXT.fullmatch(text):
            return _from_epoch(float(text) if "." in text else int(text))
        return _from_iso(text)
    raise ValueError("not a time")


def _from_epoch(number: float) -> datetime:
    try:
        if abs(number) > _MILLISECONDS_FROM:
            return _EPOCH + timedelta(milliseconds=number)
        return _EPOCH + timedelta(seconds=number)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999") from None


def _from_iso(text: str) -> datetime:
    parts = _ISO.fullmatch(text)
    if parts is None:
        raise ValueError("not ISO 8601 with an offset")
    return _in_utc(f"{parts['date']}T{parts['time']}{parts['zone'].upper()}")


def _in_utc(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999") from None
