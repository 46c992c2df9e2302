"""Whether the API lives, and whether it can do its work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from flask import Blueprint, Response, jsonify

from . import contract
from .openapi.operation import operation
from .problems import NotReady, Unavailable

#: What public.schema_version must answer, or more; a migration that changes what the API calls raises both.
REQUIRED_SCHEMA = "20261129090000"

#: How long an answer to /readyz stands [s], so that probes cannot load the database.
CACHE_S = 1.5

#: A word for what is wrong, or None. It is told to anyone: no addresses, no messages of others.
Check = Callable[[], str | None]


class Schema(Protocol):
    """Where the database's schema tells its version."""

    def version(self) -> str:
        """The timestamp of a migration, "" if there is none; raises problems.Unavailable."""


class Readiness:
    """What has to work; safe to share between threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._checks: dict[str, Check] = {}
        self._asking = threading.Lock()
        self._found: tuple[float, dict[str, str | None]] | None = None

    def add(self, name: str, check: Check) -> None:
        """Ask `check` too; its answer is given under `name`."""
        self._checks[name] = check

    def found(self) -> dict[str, str | None]:
        """What is wrong by name, None where nothing is; at most CACHE_S old, older while somebody else asks."""
        found = self._found
        if found is not None and (self._clock() < found[0] + CACHE_S or self._asking.locked()):
            return found[1]
        with self._asking:
            found = self._found
            if found is None or self._clock() >= found[0] + CACHE_S:
                answers = {name: check() for name, check in self._checks.items()}
                found = self._found = (self._clock(), answers)
            return found[1]


def schema_check(schema: Schema) -> Check:
    """Whether the database answers, and is new enough."""

    def check() -> str | None:
        try:
            version = schema.version()
        except Unavailable:
            return "unavailable"
        # A newer one is fine: the database is migrated before the API is replaced.
        return None if version >= REQUIRED_SCHEMA else "outdated"

    return check


def blueprint(readiness: Readiness) -> Blueprint:
    """/healthz for whoever restarts the process, /readyz for whoever sends it requests."""
    bp = Blueprint("health", __name__)

    @bp.get("/healthz")
    @operation(answers=contract.Alive, caller="anyone", name="healthz")
    def healthz() -> Response:
        """Whether the process answers; it asks nothing else, so an outage elsewhere restarts nobody."""
        return jsonify(status="ok")

    @bp.get("/readyz")
    @operation(answers=contract.Ready, caller="anyone", problems=("not_ready",), name="readyz")
    def readyz() -> Response:
        """Whether requests can be served."""
        found = readiness.found()
        checks = {name: fault or "ok" for name, fault in found.items()}
        if any(found.values()):
            raise NotReady("Not ready; see checks.", checks=checks)
        return jsonify(status="ready", checks=checks)

    return bp
