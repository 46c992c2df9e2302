"""Rate limits: counted per key, and generous, because a gateway that is turned away may not come back.

The windows slide: what was sent in the last minute counts, not what was sent
since the clock's minute began, so nobody sends twice the limit around its turn
and a key over it is let in again bit by bit. A limit per minute with one per
second beside it is a rate with a burst.
"""

from __future__ import annotations

import math
import time
from http import HTTPStatus
from typing import Any

from flask import Flask, Response
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits.errors import StorageError

from . import redis_link
from .problems import RETRY_AFTER_S


def register(app: Flask, *, storage: str) -> Limiter:
    """The app's limiter. A storage that is away turns nobody away: a counter must not cost readings.

    Each worker then counts by itself, and asks for the storage after 1, 2, 4
    ... 32 s, so that an absent Redis does not slow every request.
    """
    redis_options: dict[str, Any] = {}
    if "redis" in storage.partition(":")[0]:
        # Its errors are then the storage's own; asking again is the limiter's part.
        redis_options = redis_link.options() | {"wrap_exceptions": True}
    limiter = Limiter(
        get_remote_address,
        storage_uri=storage,
        storage_options=redis_options,
        strategy="sliding-window-counter",
        in_memory_fallback_enabled=True,
        key_prefix="fluxio",
        # Else Retry-After is written on every answer, and over the one of a 503.
        headers_enabled=False,
        swallow_errors=True,
    )
    limiter.init_app(app)

    @app.after_request
    def _say_when(response: Response) -> Response:
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS and "Retry-After" not in response.headers:
            response.headers["Retry-After"] = str(_wait_s(limiter))
        return response

    return limiter


def _wait_s(limiter: Limiter) -> int:
    """How long until the breached limit lets in another [s]."""
    try:
        limit = limiter.current_limit
        return RETRY_AFTER_S if limit is None else max(1, math.ceil(limit.reset_at - time.time()))
    except StorageError:
        return RETRY_AFTER_S
