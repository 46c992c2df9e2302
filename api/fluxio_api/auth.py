"""Who calls: a gateway by its key, a person by their token."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from flask import Request

from .keyring import KeyRing
from .problems import Unauthenticated
from .settings import MAX_KEY_LENGTH
from .visitors import Visitors

_log = logging.getLogger(__name__)

#: What a key may be made of: printable ASCII without blanks.
_KEY = re.compile(rf"[!-~]{{1,{MAX_KEY_LENGTH}}}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,4096}\.[A-Za-z0-9_-]{1,8192}\.[A-Za-z0-9_-]{1,1024}")


@dataclass(frozen=True, slots=True)
class Gateway:
    """A sender of readings, by the key it showed."""

    #: None: API_SECRET_KEY, which writes to the default organization.
    api_key_id: str | None
    #: SHA-256 of the key [hex]; a name for the key that is not the key.
    key_hash: str
    #: The units of its flat readings by metric, where they are not ours.
    flat_units: Mapping[str, str] = field(default_factory=dict)


def gateway_of(request: Request, keys: KeyRing, visitors: Visitors, shared_key: str | None) -> Gateway:
    """The gateway that sent `request`; the body is not read for it.

    The key stands in x-api-key, or in Authorization as a Bearer token. Raises
    Unauthenticated for a missing, malformed, unknown, expired or revoked key
    and for one from a network it may not come from, all alike;
    RateLimited; and Unavailable when the database cannot be asked.
    """
    key = request.headers.get("x-api-key") or bearer(request) or ""
    key = key.strip()
    if not _KEY.fullmatch(key):
        raise _bad_key()
    digest = hashlib.sha256(key.encode("ascii"))
    if shared_key is not None:
        wanted = hashlib.sha256(shared_key.encode("ascii")).digest()
        if hmac.compare_digest(digest.digest(), wanted):
            return Gateway(api_key_id=None, key_hash=digest.hexdigest())
    if "," in key:
        # Two headers of the same name: the server joins them so, and create_api_key makes no key with one.
        raise _bad_key()
    visitor = visitors.of(request)
    found = keys.find(digest.hexdigest(), visitor)
    if found is None:
        raise _bad_key()
    if not found.may_come_from(visitor.address):
        _log.info("key %s came from %s, where it may not", found.api_key_id, visitor.address)
        raise _bad_key()
    return Gateway(found.api_key_id, digest.hexdigest(), found.flat_units)


def token_of(request: Request) -> str:
    """The person's access token, to be sent on; Supabase verifies it.

    Raises Unauthenticated unless it looks like the token of a signed-in
    person: keys and service tokens are not for reading.
    """
    token = bearer(request) or ""
    if not _TOKEN.fullmatch(token) or _claims(token).get("role") != "authenticated":
        raise bad_token()
    return token


def person_of(token: str) -> UUID | None:
    """Whose token it claims to be; believe it only once Supabase has taken the token."""
    try:
        return UUID(str(_claims(token).get("sub")))
    except ValueError:
        return None


def bad_token() -> Unauthenticated:
    """The answer to every token that does not sign a person in."""
    return Unauthenticated("A valid access token is required.", code="invalid_token")


def _bad_key() -> Unauthenticated:
    return Unauthenticated("A valid key is required in the header x-api-key.")


def bearer(request: Request) -> str | None:
    """The Bearer credentials of `request`, if it has any."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else None


def _claims(token: str) -> dict[str, object]:
    """What an unverified token claims."""
    payload = token.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
