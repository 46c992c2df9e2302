"""What no server should start with: keys that everybody knows or that are in each other's place, readable traffic."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from ipaddress import ip_address
from urllib.parse import urlsplit

#: The secrets that `supabase start` and Supabase's self-hosting guide ship: whoever knows them can sign any key.
_SHIPPED_SECRETS = (
    b"super-secret-jwt-token-with-at-least-32-characters-long",
    b"your-super-secret-jwt-token-with-at-least-32-characters-long",
)
#: How the opaque keys of every `supabase start` begin.
_SHIPPED_KEYS = ("sb_publishable_ACJWlzQHlZjBrEguHvfOxg", "sb_secret_N7UND0UgjKTVK")

#: Names that no public name server answers; by the second a container finds its host.
_LOCAL_SUFFIXES = (".internal", ".lan", ".local", ".localhost", ".test")
_HOST_OF_CONTAINER = "host.docker.internal"

#: What stands in examples where a secret belongs.
_PLACEHOLDERS = (
    "change-me",
    "change_me",
    "changeme",
    "example",
    "password",
    "placeholder",
    "secret-key",
    "your-",
    "your_",
)

#: A random key of 32 hexadecimal digits has fewer different ones once in 27 million.
_FEWEST_DIFFERENT = 8


def is_this_machine(url: str) -> bool:
    """Whether `url` is on loopback, or is the host of this container."""
    host = urlsplit(url).hostname or ""
    if host in {"localhost", _HOST_OF_CONTAINER} or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_readable_on_the_way(url: str) -> bool:
    """Whether `url` is plain http over networks that are not one's own."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "http" or is_this_machine(url):
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        # A name without a dot is of a network of containers, or of the machine's own.
        return "." in host and not host.endswith(_LOCAL_SUFFIXES)


def is_shipped(key: str) -> bool:
    """Whether `key` is of those that everybody has: of `supabase start`, or signed with a published secret."""
    if key.startswith(_SHIPPED_KEYS):
        return True
    signed, _, signature = key.rpartition(".")
    return bool(signed) and any(
        hmac.compare_digest(signature.encode(), _base64(hmac.digest(secret, signed.encode(), hashlib.sha256)))
        for secret in _SHIPPED_SECRETS
    )


def role_of(key: str) -> str | None:
    """anon or service_role by the key's own word, None if it does not say; nothing is verified."""
    if key.startswith("sb_publishable_"):
        return "anon"
    if key.startswith("sb_secret_"):
        return "service_role"
    try:
        _, payload, _ = key.split(".")
        role = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["role"]
    except (ValueError, KeyError, TypeError):
        return None
    return role if isinstance(role, str) else None


def is_guessable(secret: str) -> bool:
    """Whether `secret` repeats a few characters, or still is what an example says."""
    text = secret.lower()
    return len(set(secret)) < _FEWEST_DIFFERENT or any(word in text for word in _PLACEHOLDERS)


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
