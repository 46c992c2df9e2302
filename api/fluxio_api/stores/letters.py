"""Dead letters that hold a body, as the database keeps them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from ..ingest.arrival import Arrival
from ..ingest.ports import ELEMENTS, Judged, Letter
from ..ingest.replay import Kept, Replay
from ..problems import Unavailable
from .devices import SupabaseDevices
from .readings import SupabaseReadings
from .upstream import Refused, Upstream

_log = logging.getLogger(__name__)

T = TypeVar("T")


class _Letter(BaseModel):
    id: int
    api_key_id: str | None
    received_at: AwareDatetime
    reason: str
    detail: str | None
    content_type: str | None
    #: As PostgREST writes bytea: \x and hexadecimal digits.
    body: str
    headers: dict[str, str] | None


class _Key(BaseModel):
    flat_units: dict[str, str]
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None


_LETTERS = TypeAdapter(list[_Letter])
_KEYS = TypeAdapter(list[_Key])


class SupabaseLetters:
    """public.ingest_dead_letters and mark_bodies_replayed, as service_role: whoever asks was judged before."""

    def __init__(self, upstream: Upstream, replayed_by: UUID | None = None) -> None:
        """`replayed_by`: the person whom the audit log is to name; None: a command."""
        self._upstream = upstream
        self._replayed_by = str(replayed_by) if replayed_by is not None else None

    def waiting(self, ids: tuple[int, ...], reason: str | None, since: datetime | None, limit: int) -> list[int]:
        """The ids of letters with a body that were not replayed, the oldest first; raises problems.Unavailable."""
        query = self._upstream.service.table("ingest_dead_letters").select("id")
        query = query.not_.is_("body", "null").is_("replayed_at", "null")
        if ids:
            query = query.in_("id", list(ids))
        if reason is not None:
            query = query.eq("reason", reason)
        if since is not None:
            query = query.gte("received_at", since.isoformat())
        return [row["id"] for row in self._call(query.order("id").limit(limit).execute)]

    def get(self, letter_id: int) -> Kept | None:
        """The letter, if it waits still; one at a time, since a body may have a megabyte."""
        query = (
            self._upstream.service.table("ingest_dead_letters")
            .select("id,api_key_id,received_at,reason,detail,content_type,body,headers")
            .eq("id", letter_id)
            .is_("replayed_at", "null")
        )
        rows = self._read(_LETTERS, query.execute)
        return self._kept(rows[0]) if rows else None

    def mark(self, letter_id: int) -> None:
        """Note that it was replayed; raises problems.Unavailable."""
        arguments = {"ids": [letter_id], "replayed_by": self._replayed_by}
        self._call(self._upstream.service.rpc("mark_bodies_replayed", arguments).execute)

    def _kept(self, row: _Letter) -> Kept:
        headers = row.headers or {}
        units: dict[str, str] = {}
        is_good = True
        if row.api_key_id is not None:
            keys = self._read(
                _KEYS,
                self._upstream.service.table("api_keys")
                .select("flat_units,expires_at,revoked_at")
                .eq("id", row.api_key_id)
                .execute,
            )
            is_good = bool(keys) and all(
                end is None or end > row.received_at for key in keys for end in (key.expires_at, key.revoked_at)
            )
            units = keys[0].flat_units if keys else {}
        # Of elements that the database refused; letters of old do not say so in their content type.
        is_ours = (row.detail or "").startswith("refused with SQLSTATE")
        arrival = Arrival(
            bytes.fromhex(row.body.removeprefix("\\x")),
            row.received_at,
            row.api_key_id,
            ELEMENTS if is_ours else row.content_type or "",
            headers.get("content-encoding", ""),
            headers.get("x-device-id", ""),
            units,
        )
        return Kept(row.id, row.reason, arrival, is_good)

    def _read(self, rows: TypeAdapter[list[T]], send: Callable[[], Any]) -> list[T]:
        try:
            return rows.validate_python(self._call(send))
        except ValidationError as error:
            _log.error("a dead letter reads otherwise: %s", error.errors(include_input=False, include_url=False))
            raise Unavailable("The dead letters cannot be read now.") from error

    def _call(self, send: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the answer holds is for the caller to check
        try:
            return self._upstream.call(send, repeatable=True).data
        except Refused as error:
            _log.error("dead letters were refused with %s", error.code)
            raise Unavailable(f"Supabase refused with {error.code}.") from error


class SupabaseHeldReadings(SupabaseReadings):
    """Readings that are stored at once, and letters that wait; replay.HeldReadings."""

    def __init__(self, upstream: Upstream) -> None:
        super().__init__(upstream)
        self.letters: list[Letter] = []
        self.stored = 0

    def clear(self) -> None:
        """Begin with another body."""
        self.letters, self.stored = [], 0

    def store(self, elements: list[dict[str, object]]) -> list[Judged]:
        """As SupabaseReadings; what the database cannot take waits as a letter and is not counted as stored."""
        before = len(self.letters)
        judged = super().store(elements)
        self.stored += len(judged) - (len(self.letters) - before)
        return judged

    def keep(self, letter: Letter) -> None:
        """Have it wait."""
        self.letters.append(letter)

    def keep_now(self, letter: Letter) -> None:
        """Write one dead letter; raises problems.Unavailable."""
        super().keep(letter)


def open_replay(upstream: Upstream, replayed_by: UUID | None, *, max_body_bytes: int) -> Replay:
    """A replay of bodies; one a caller, since it holds what it is at."""
    return Replay(
        SupabaseLetters(upstream, replayed_by),
        SupabaseHeldReadings(upstream),
        SupabaseDevices(upstream),
        max_body_bytes=max_body_bytes,
    )
