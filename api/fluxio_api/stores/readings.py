"""Readings on their way into the database."""

from __future__ import annotations

import base64
import logging
import random
import time
from datetime import datetime
from operator import itemgetter
from typing import NotRequired

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from ..ingest import strict_json
from ..ingest.ports import ELEMENTS, DataRefused, Judged, Letter, Verdict
from ..problems import Unavailable
from .upstream import Refused, Upstream

_log = logging.getLogger(__name__)

#: Deadlock and serialization failure: the identical call may succeed.
_REPEAT = frozenset({"40P01", "40001"})
_REPEATS = 5
#: SQLSTATE classes of a fault in the data: data exception, constraint, value too large, raised by a function.
_DATA = ("22", "23", "54", "P0")
#: Longest search for bad readings in one body [s]; what is left is answered 503.
_SEARCH_S = 20.0


class _Row(TypedDict):
    index: int
    device_id: str | None
    created_at: str | None
    verdict: Verdict
    code: NotRequired[str | None]
    pointer: NotRequired[str | None]


_ROWS = TypeAdapter(list[_Row])


class SupabaseReadings:
    """public.ingest_readings and public.record_dead_letter."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def store(self, elements: list[dict[str, object]]) -> list[Judged]:
        """One verdict per element, in their order; one call, unless the database refuses the batch.

        A batch that is refused for its data is halved until the bad reading is
        found, which then is `rejected` and kept. Raises problems.Unavailable;
        what was stored by then comes out as `duplicate` of the next attempt.
        """
        return self._store(elements, time.monotonic() + _SEARCH_S) if elements else []

    def store_whole(self, elements: list[dict[str, object]]) -> list[Judged]:
        """As `store`, all or none: raises DataRefused for a batch that `store` would halve."""
        try:
            return self._call(elements)
        except Refused as error:
            if error.code.startswith(_DATA):
                raise DataRefused(error.code) from error
            _log.error("ingest_readings was refused with %s", error.code)
            raise _later() from error

    def keep(self, letter: Letter) -> None:
        """Write one dead letter; raises problems.Unavailable."""
        query = self._upstream.service.rpc(
            "record_dead_letter",
            {
                "api_key_id": letter.api_key_id,
                "received_at": letter.received_at.isoformat(),
                "reason": letter.reason,
                "detail": letter.detail,
                "content_type": letter.content_type,
                "body_base64": base64.b64encode(letter.body).decode("ascii"),
                "headers": dict(letter.headers) or None,
            },
        )
        try:
            self._upstream.call(query.execute, repeatable=True)
        except Refused as error:
            _log.error("record_dead_letter was refused with %s", error.code)
            raise _later() from error

    def _store(self, elements: list[dict[str, object]], deadline: float) -> list[Judged]:
        try:
            return self.store_whole(elements)
        except DataRefused as error:
            if len(elements) == 1:
                return [self._reject(elements[0], str(error))]
            if time.monotonic() > deadline:
                _log.error("too many bad readings to tell apart in time, last refused with %s", error)
                raise _later() from error
            half = len(elements) // 2
            return self._store(elements[:half], deadline) + self._store(elements[half:], deadline)

    def _call(self, elements: list[dict[str, object]]) -> list[Judged]:
        """One call, repeated while it meets others in the wrong order."""
        query = self._upstream.service.rpc("ingest_readings", {"readings": elements})
        for attempt in range(_REPEATS + 1):
            try:
                return _judged(self._upstream.call(query.execute, repeatable=True).data, len(elements))
            except Refused as error:
                if error.code not in _REPEAT:
                    raise
                time.sleep(random.uniform(0.5, 1.5) * 0.02 * 2**attempt)  # noqa: S311 - only spreads callers
        raise _later()

    def _reject(self, element: dict[str, object], sqlstate: str) -> Judged:
        """Keep the one element that the database cannot take."""
        _log.error("a reading was refused alone with %s", sqlstate)
        api_key_id, device_id = element.get("api_key_id"), element.get("device_id")
        self.keep(
            Letter(
                api_key_id=api_key_id if isinstance(api_key_id, str) else None,
                received_at=datetime.fromisoformat(str(element["received_at"])),
                reason="invalid_value",
                detail=f"refused with SQLSTATE {sqlstate}",
                content_type=ELEMENTS,
                body=strict_json.dump([element]),
            )
        )
        return Judged(device_id if isinstance(device_id, str) else None, None, "rejected", "invalid_value", None)


def _judged(data: object, count: int) -> list[Judged]:
    """The rows of an answer in the order of the elements they are about."""
    try:
        rows = sorted(_ROWS.validate_python(data), key=itemgetter("index"))
    except ValidationError as error:
        _log.error("ingest_readings answered something else: %s", error.errors(include_input=False, include_url=False))
        raise _later() from error
    if [row["index"] for row in rows] != list(range(count)):
        _log.error("ingest_readings answered %d rows for %d readings", len(rows), count)
        raise _later()
    return [
        Judged(row["device_id"], row["created_at"], row["verdict"], row.get("code"), row.get("pointer")) for row in rows
    ]


def _later() -> Unavailable:
    return Unavailable("The readings cannot be stored now; send the same request again later.")
