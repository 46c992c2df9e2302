"""Unexpected errors told to Sentry, where SENTRY_DSN is set; without it the library is not even loaded.

SENTRY_DSN and SENTRY_ENVIRONMENT are Sentry's own settings. What goes out is the
error with its stack: no body, header, query, local variable, address or person.
"""

from __future__ import annotations

import os
import re
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .settings import SettingsError

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

#: Gateways' keys, Supabase's keys, people's tokens, wherever they stand in a text.
_SECRET = re.compile(
    r"flx_\w+|sb_(?:secret|publishable)_[\w-]+|eyJ[\w-]+\.[\w-]+\.[\w-]*|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)


def start() -> None:
    """Begin telling, if SENTRY_DSN is set; again is harmless. Raises SettingsError if the library is missing."""
    if not os.environ.get("SENTRY_DSN"):
        return
    try:
        import sentry_sdk
    except ImportError:
        raise SettingsError("SENTRY_DSN is set, and sentry-sdk is missing: pip install 'fluxio[sentry]'") from None
    if sentry_sdk.is_initialized():
        return
    sentry_sdk.init(
        release=f"fluxio@{version('fluxio')}",
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=scrubbed,
    )


def scrubbed(event: Event, _: Hint) -> Event:
    """The event without what it need not tell."""
    for name in ("user", "extra", "breadcrumbs", "server_name", "modules"):
        event.pop(name, None)  # type: ignore[misc] # the key is no literal
    request = event.get("request")
    if request:
        event["request"] = {
            "method": request.get("method"),
            "url": urlsplit(str(request.get("url", "")))._replace(query="", fragment="").geturl(),
        }
    for one in (event.get("exception") or {}).get("values", []):
        one["value"] = _SECRET.sub("[left out]", str(one.get("value")))
    logged = event.get("logentry")
    if logged:
        # The message is ours; what was put into it may be a sender's.
        event["logentry"] = {"message": _SECRET.sub("[left out]", str(logged.get("message")))}
    return event
