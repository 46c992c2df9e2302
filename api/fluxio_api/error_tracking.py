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

from .redaction import without_secrets
from .settings import SettingsError

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

#: What an Authorization header carries, and user and query of an address.
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[^\s'\",;]+")
_USER = re.compile(r"://[^\s/@]*@")
_QUERY = re.compile(r"\?[^\s'\"]+")

#: Variables whose values may look like anything.
_OWN = ("API_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY", "FLUXIO_METRICS_TOKEN")


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
        # No header of Sentry's in calls to Supabase.
        trace_propagation_targets=[],
        auto_session_tracking=False,
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
            "url": _clean(urlsplit(str(request.get("url", ""))).path),
        }
    for one in (event.get("exception") or {}).get("values", []):
        one["value"] = _clean(str(one.get("value")))
    logged = event.get("logentry")
    if logged:
        # The message is ours; what was put into it may be a sender's.
        event["logentry"] = {"message": _clean(str(logged.get("message")))}
    return event


def _clean(text: str) -> str:
    """The text without keys, tokens, passwords and queries."""
    for secret in filter(None, map(os.environ.get, _OWN)):
        text = text.replace(secret, "...")
    text = _BEARER.sub(r"\1 ...", text)
    text = _USER.sub("://...@", text)
    return without_secrets(_QUERY.sub("?...", text))
