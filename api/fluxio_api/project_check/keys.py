"""The address and the two keys: whether they work, and are what they are taken for."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from .findings import Finding
from .http import Http, NoAnswerError

#: Differences of clocks [s]. Beyond the second, tokens may be refused, and readings without a time get a wrong one.
_CLOCK_WARN_S, _CLOCK_FAIL_S = 5, 60

_WHERE = "Supabase dashboard, Project Settings > API Keys"


def check_address(anon: Http) -> tuple[list[Finding], bool]:
    """Whether the project answers, over TLS, at this machine's time; the findings, and whether more can be asked."""
    name = "address"
    mend = "is it the project's URL (Connect, in the dashboard), with https, and is the project not paused?"
    try:
        answer = anon.get("/auth/v1/settings")
    except NoAnswerError as reason:
        return [Finding(name, "fail", f"SUPABASE_URL: {reason}", mend)], False
    # 401: it knows keys, and not this one.
    if answer.status not in {200, 401, 403}:
        return [Finding(name, "fail", f"SUPABASE_URL answers {answer.status}", mend)], False
    found = [_tls(anon.base)]
    if (date := answer.headers.get("date")) is not None:
        found.append(_clock(date))
    return found, True


def _tls(url: str) -> Finding:
    parts = urlsplit(url)
    if parts.scheme == "https":
        return Finding("address", "ok", "reached over TLS")
    if is_loopback(url):
        return Finding("address", "ok", "reached on this machine, without TLS")
    return Finding("address", "warn", "reached without TLS: keys and passwords cross the network", "use https")


def is_loopback(url: str) -> bool:
    """Whether `url` leads to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _clock(date: str) -> Finding:
    try:
        there = parsedate_to_datetime(date)
    except ValueError:
        return Finding("clock", "unseen", "the project tells no time")
    # Its second is over on average by half.
    apart = abs((datetime.now(UTC) - there).total_seconds() - 0.5)
    if apart <= _CLOCK_WARN_S:
        return Finding("clock", "ok", "this machine's clock and the project's agree")
    state: Literal["warn", "fail"] = "fail" if apart > _CLOCK_FAIL_S else "warn"
    return Finding("clock", state, f"this machine's clock is {apart:.0f} s off", "let NTP set it: timedatectl")


def check_keys(anon: Http, service: Http) -> list[Finding]:
    """Whether both keys are taken, belong to this project and are not each other."""
    return [
        _key(anon, "anon", "SUPABASE_ANON_KEY", "the publishable (or anon) key"),
        _key(service, "service_role", "SUPABASE_SERVICE_ROLE_KEY", "a secret (or the service_role) key"),
    ]


def _key(http: Http, wanted: str, variable: str, what: str) -> Finding:
    name = "anon key" if wanted == "anon" else "service key"
    mend = f"set {variable} to {what}: {_WHERE}"
    role, project = claims_of(http.key)
    if role is not None and role != wanted:
        return Finding(name, "fail", f"{variable} holds a key of the role {role}", mend)
    host = urlsplit(http.base).hostname or ""
    if project is not None and host.endswith(".supabase.co") and host != f"{project}.supabase.co":
        return Finding(name, "fail", f"{variable} holds a key of another project", mend)
    try:
        known = http.get("/auth/v1/settings")
        # Of Auth, so that it needs no schema; not a function, whose privilege a cached plan may pass over.
        admin = http.get("/auth/v1/admin/users?page=1&per_page=1")
    except NoAnswerError as reason:
        return Finding(name, "fail", f"{variable}: {reason}", mend)
    if known.status >= 500 or admin.status >= 500:
        return Finding(name, "fail", f"Auth answers {max(known.status, admin.status)}", "see the project's logs")
    if known.status != 200:
        return Finding(name, "fail", f"{variable} is refused", mend)
    is_service = admin.status == 200
    if wanted == "anon" and is_service:
        return Finding(name, "fail", f"{variable} may do what only the service role may; browsers get it", mend)
    if wanted == "service_role" and not is_service:
        return Finding(name, "fail", f"{variable} may not do what the service role may", mend)
    return Finding(name, "ok", f"taken, role {wanted}")


def claims_of(key: str) -> tuple[str | None, str | None]:
    """The role and the project that a key names; None for what it does not tell."""
    if key.startswith("sb_publishable_"):
        return "anon", None
    if key.startswith("sb_secret_"):
        return "service_role", None
    try:
        part = key.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        role, project = claims.get("role"), claims.get("ref")
    except (IndexError, ValueError, binascii.Error, AttributeError):
        return None, None
    # Told on, so nothing but a plain word.
    is_word = isinstance(role, str) and role.replace("_", "").isalpha()
    return (role if is_word else None), (project if isinstance(project, str) else None)
