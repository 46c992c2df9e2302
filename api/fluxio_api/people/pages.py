"""Keyset pages: `next` of one answer is `after` of the next request."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated

from pydantic import Field

from ..problems import InvalidRequest
from .ports import Query, Row
from .requests import Text

After = Annotated[Text | None, Field(description="The `next` of an answer.")]


def next_page(query: Query, rows: list[Row]) -> str | None:
    """What to ask for after `rows`; None if they are fewer than the limit, so the last."""
    if query.limit is None or len(rows) < query.limit:
        return None
    values = [rows[-1][column] for column, _ in query.order]
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def read_after(text: str | None, columns: int) -> tuple[object, ...] | None:
    """What `next_page` wrote, for an order of so many columns; raises InvalidRequest for anything else."""
    if text is None:
        return None
    try:
        values = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        values = None
    if (
        not isinstance(values, list)
        or len(values) != columns
        or not all(isinstance(value, (str, int)) and "\x00" not in str(value) for value in values)
    ):
        raise InvalidRequest("after must be the `next` of an answer.", errors=[{"parameter": "after"}])
    return tuple(values)
