"""One POST as it came in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Arrival:
    """All that is needed to read one body: now, after an outage, or out of the dead letters."""

    #: As it was received, Content-Encoding and all.
    body: bytes
    received_at: datetime
    #: None: API_SECRET_KEY.
    api_key_id: str | None
    #: The header, printable and at most 200 characters; "" if there was none.
    content_type: str = ""
    #: SHA-256 of the key [hex], by which it can be checked again; "" if nobody has to.
    key_hash: str = ""
