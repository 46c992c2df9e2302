"""Everything that talks to Supabase; no other folder imports its client."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from .. import metrics
from ..health import Schema
from ..ingest.counted import CountedReadings
from ..ingest.group_commit import Commit, GroupCommit
from ..ingest.ports import NOBODY, Devices, Readings
from ..ingest.replay import OpenReplay
from ..keyring import ApiKey
from ..people.ports import OpenPerson
from ..settings import Settings
from .devices import SupabaseDevices
from .keys import SupabaseKeys
from .letters import open_replay
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
    #: None: people cannot have bodies read again.
    replay: OpenReplay | None = None


def connect(settings: Settings) -> Stores:
    """The stores of one Supabase project; no connection is made yet."""
    upstream = Upstream(settings)
    patient = Upstream(settings.model_copy(update={"upstream_timeout_s": settings.request_timeout_s}))
    probe = Upstream(settings.model_copy(update={"upstream_timeout_s": _PROBE_TIMEOUT_S}))
    readings = CountedReadings(SupabaseReadings(upstream))
    wait_s = settings.group_commit_ms / 1000
    return Stores(
        GroupCommit(readings, wait_s=wait_s, on_commit=_note_wait) if wait_s else readings,
        SupabaseKeys(upstream),
        SupabasePeople(patient),
        SupabaseSchema(probe),
        SupabaseDevices(upstream),
        partial(open_replay, upstream, max_body_bytes=settings.max_body_bytes),
    )


def _note_wait(commit: Commit) -> None:
    metrics.observe_queue_wait(commit.waited_s)
