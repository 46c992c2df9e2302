"""What people's routes need from the database; every method acts as one signed-in person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

#: A row as PostgREST answers it.
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class FlowQuery:
    """Which readings; every bound may be missing."""

    device_id: str | None
    #: Inclusive.
    start_time: datetime | None
    #: Exclusive.
    end_time: datetime | None
    limit: int


class Person(Protocol):
    """A signed-in person. Every method raises Unauthenticated, Forbidden and Unavailable of problems."""

    def devices(self) -> list[Row]:
        """Every device the person sees, by device_id, with its latest reading or None as `latest`."""

    def create_device(self, values: Row) -> Row:
        """The new device; raises Conflict for a device_id that is taken and InvalidRequest for a bad value."""

    def update_device(self, device_id: str, values: Row) -> Row:
        """The changed device; raises NotFound, and InvalidRequest for a bad value."""

    def flow_data(self, query: FlowQuery) -> list[Row]:
        """Readings, newest first; equal times by device_id."""

    def alerts(self, *, device_id: str | None, is_resolved: bool | None, limit: int) -> list[Row]:
        """Alerts, newest first."""

    def resolve_alert(self, alert_id: str, values: Row) -> Row:
        """The changed alert; raises NotFound, and Conflict for one that stays resolved."""


class OpenPerson(Protocol):
    """Makes a Person of an access token; cheap, nothing is sent yet."""

    def __call__(self, token: str) -> Person:
        """The person with this token."""
