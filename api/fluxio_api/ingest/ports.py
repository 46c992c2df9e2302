"""What ingest needs from the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from .profiles import Meter

Verdict = Literal["new", "merged", "duplicate", "conflict", "rejected"]

#: Verdicts after which the gateway need not send the reading again; `queued` is the spool's.
ACCEPTED = frozenset({"new", "merged", "duplicate", "queued"})


class Judged(NamedTuple):
    """What became of one element."""

    device_id: str | None
    #: ISO 8601.
    created_at: str | None
    verdict: Verdict
    code: str | None = None
    #: JSON pointer into the reading.
    pointer: str | None = None


#: Content type of a letter whose body is elements of ingest_readings, made by us: their units are ours already.
ELEMENTS = "application/vnd.fluxio.elements+json"


@dataclass(frozen=True, slots=True)
class Letter:
    """A body, or the part of one, that could not become readings."""

    #: None: API_SECRET_KEY.
    api_key_id: str | None
    received_at: datetime
    #: invalid_json, invalid_value, unknown_device, missing_device_id, unmapped_register or invalid_state; out of the
    #: spool also invalid_key, not_processed or another problem's code.
    reason: str
    detail: str
    content_type: str
    body: bytes
    #: Headers by which the body is read, in small letters: content-encoding, x-device-id.
    headers: Mapping[str, str] = field(default_factory=dict)


class DataRefused(Exception):  # noqa: N818 - an answer, not a failure
    """The database refuses the elements of a call as they are, and stored none of them. The text is its SQLSTATE."""


class Readings(Protocol):
    """Where readings go. Every method raises problems.Unavailable, after which the same may be sent again."""

    def store(self, elements: list[dict[str, object]]) -> list[Judged]:
        """Store at most 1,000 elements of public.ingest_readings; one verdict each, in their order."""

    def keep(self, letter: Letter) -> None:
        """Keep what could not be stored."""


class Devices(Protocol):
    """What is known of a key's devices and of its gateway. Every method raises problems.Unavailable."""

    def resolve(self, api_key_id: str | None, names: list[dict[str, str]]) -> list[str | None]:
        """The device that each of at most 1,000 objects of public.resolve_devices means; None: none is known."""

    def meters(self, device_ids: list[str]) -> dict[str, Meter]:
        """What decodes the registers of at most 1,000 devices; those that nobody registered are left out."""

    def keep_state(self, api_key_id: str | None, received_at: datetime, state: Mapping[str, object]) -> None:
        """Keep what a gateway says of itself, by input; empty: it was in contact, which counts as well."""


class _Nobody:
    """Knows no device and keeps nothing."""

    def resolve(self, api_key_id: str | None, names: list[dict[str, str]]) -> list[str | None]:
        return [None] * len(names)

    def meters(self, device_ids: list[str]) -> dict[str, Meter]:
        return {}

    def keep_state(self, api_key_id: str | None, received_at: datetime, state: Mapping[str, object]) -> None:
        return None


#: For an API that takes flat readings only.
NOBODY: Devices = _Nobody()
