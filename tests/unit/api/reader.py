"""A body, read by the gateway's names and profiles of support.bodies; nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from fluxio_api.ingest.arrival import Arrival
from fluxio_api.ingest.batch import Batch
from fluxio_api.ingest.intake import Intake
from fluxio_api.ingest.ports import Judged, Letter
from fluxio_api.ingest.profiles import Meter
from support.bodies import ALIASES, METERS

RECEIVED_AT = datetime(2026, 2, 18, 5, tzinfo=UTC)
KINDS = ("device_id", "server_name", "server_id", "ip", "input_name")


class Plant:
    """Known meters, and how often was asked for them."""

    def __init__(self, meters: Mapping[str, Meter] = METERS) -> None:
        self.known = dict(meters)
        self.asked = 0
        self.states: list[dict[str, object]] = []

    def resolve(self, api_key_id: str | None, names: list[dict[str, str]]) -> list[str | None]:
        self.asked += 1
        return [self._resolved(one) for one in names]

    def _resolved(self, names: dict[str, str]) -> str | None:
        for kind in KINDS:
            name = names.get(kind, "")
            found = ALIASES.get((kind, name)) or (name if kind not in {"server_id", "ip"} else None)
            if found in self.known:
                return found
        return None

    def meters(self, device_ids: list[str]) -> dict[str, Meter]:
        self.asked += 1
        return {one: self.known[one] for one in device_ids if one in self.known}

    def keep_state(self, api_key_id: str | None, received_at: datetime, state: Mapping[str, object]) -> None:
        self.states.append(dict(state))


class Shelf:
    """Takes every reading as new and every letter."""

    def __init__(self) -> None:
        self.elements: list[dict[str, object]] = []
        self.letters: list[Letter] = []

    def store(self, elements: list[dict[str, object]]) -> list[Judged]:
        self.elements += elements
        return [Judged(str(one.get("device_id")), None, "new") for one in elements]

    def keep(self, letter: Letter) -> None:
        self.letters.append(letter)


def arrival(body: bytes, **changes: object) -> Arrival:
    values: dict[str, object] = {"body": body, "received_at": RECEIVED_AT, "api_key_id": "key", **changes}
    return Arrival(**values)  # type: ignore[arg-type] # whatever the test sets


def read(body: bytes, plant: Plant | None = None, /, **changes: object) -> Batch:
    return Intake(Shelf(), plant or Plant()).read(arrival(body, **changes))


def measured(batch: Batch) -> list[dict[str, object]]:
    """The elements, less what every one has and less what was told."""
    dropped = {"received_at", "api_key_id", "body_sha256", "body_index", "metadata", "is_part"}
    return [{name: value for name, value in one.items() if name not in dropped} for one in batch.elements]
