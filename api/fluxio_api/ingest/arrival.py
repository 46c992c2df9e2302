"""One POST as it came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    #: As sent, in small letters; "" if there was none.
    content_encoding: str = ""
    #: x-device-id, for readings that name no device; printable, at most 200 characters, "" if there was none.
    device_header: str = ""
    #: The units of flat readings by metric as the key says now; who takes an arrival later asks the key anew.
    flat_units: Mapping[str, str] = field(default_factory=dict)
    #: SHA-256 of the key [hex], by which it can be checked again; "" if nobody has to.
    key_hash: str = ""
