"""Everything that talks to Supabase; no other folder imports its client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..ingest.group_commit import GroupCommit
from ..ingest.ports import Readings
from ..keyring import ApiKey
from ..people.ports import OpenPerson
from ..settings import Settings
from .keys import SupabaseKeys
from .person import SupabasePeople
from .readings import SupabaseReadings
from .upstream import Upstream


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


def connect(settings: Settings) -> Stores:
    """The stores of one Supabase project; no connection is made yet."""
    upstream = Upstream(settings)
    readings = SupabaseReadings(upstream)
    wait_s = settings.group_commit_ms / 1000
    return Stores(
        GroupCommit(readings, wait_s=wait_s) if wait_s else readings,
        SupabaseKeys(upstream),
        SupabasePeople(upstream),
    )
