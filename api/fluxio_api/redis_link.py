"""How Redis is spoken to: it stands beside the API, and nobody waits for it."""

from __future__ import annotations

from typing import Any

#: How long Redis may take [s]: what it spares must not cost more.
_TIMEOUT_S = 0.25


def options() -> dict[str, Any]:
    """For redis.from_url; whoever asks decides about asking again."""
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {
        "socket_timeout": _TIMEOUT_S,
        "socket_connect_timeout": _TIMEOUT_S,
        "retry": Retry(NoBackoff(), 0),
    }
