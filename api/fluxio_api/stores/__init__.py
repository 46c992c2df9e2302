"""Everything that talks to Supabase; no other folder imports its client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from ..health import Schema
from ..ingest.ports import NOBODY, Devices, Readings
from ..keyring import ApiKey
from ..people.ports import OpenPerson
from ..settings import Settings
from .devices import SupabaseDevices
from .keys import SupabaseKeys
from .person import SupabasePeople
from .readings import SupabaseReadings
from .schema import SupabaseSchema
from .upstream import Upstream

#: How long the database may take to tell the schema's version [s]: whoever probes does not wait long.
_PROBE_TIMEOUT_S = 2.0


class Keys(Protocol):
    """Where gateway keys are looked up."""

    def find(self, key_hash: str) -> ApiKey | None:
        """The key with this SHA-256 [hex] if it is good; raises problems.Unavailable."""


@dataclass(frozen=True, slots=True)
class Stores:
    """What the app keeps its data in."""

    readings: Readings
    keys: Keys
    people: OpenPerson
    schema: Schema
    devices: Devices = field(default=NOBODY)


def connect(settings: Settings) -> Stores:
    """The stores of one Supabase project; no connection is made yet."""
    upstream = Upstream(settings)
    probe = Upstream(settings.model_copy(update={"upstream_timeout_s": _PROBE_TIMEOUT_S}))
    return Stores(
        SupabaseReadings(upstream),
        SupabaseKeys(upstream),
        SupabasePeople(upstream),
        SupabaseSchema(probe),
        SupabaseDevices(upstream),
    )
