"""Rate limits: counted per key, and generous, because a gateway that is turned away may not come back."""

from __future__ import annotations

import math
import time
from http import HTTPStatus

from flask import Flask, Response
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address


def register(app: Flask, *, storage: str) -> Limiter:
    """The app's limiter. A storage that is away limits nobody: a counter must not cost readings."""
    # Not headers_enabled: that writes Retry-After on every answer, and over the one of a 503.
    limiter = Limiter(get_remote_address, storage_uri=storage, headers_enabled=False, swallow_errors=True)
    limiter.init_app(app)

    @app.after_request
    def _say_when(response: Response) -> Response:
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS and (limit := limiter.current_limit) is not None:
            response.headers["Retry-After"] = str(max(1, math.ceil(limit.reset_at - time.time())))
        return response

    return limiter
