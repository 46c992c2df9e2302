"""POST and GET /api/ingest."""

from __future__ import annotations

import logging
import time
from collections import Counter
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.metadata import version
from typing import Protocol

from flask import Blueprint, Response, g, jsonify, request

from .. import contract, metrics
from ..auth import Gateway, gateway_of
from ..http_edge import read_body
from ..keyring import KeyRing
from ..limits import Limit
from ..openapi.operation import operation
from ..problems import NothingAccepted, Unauthenticated
from ..visitors import Visitors
from .arrival import Arrival
from .intake import KeyRefusedError
from .results import Result

_log = logging.getLogger(__name__)


class Takes(Protocol):
    """An Intake, with or without a spool behind it."""

    def take(self, arrival: Arrival) -> list[Result]:
        """As Intake.take; results are `queued` if the body is kept for later."""


def blueprint(intake: Takes, keys: KeyRing, visitors: Visitors, limit: Limit, *, shared_key: str | None) -> Blueprint:
    """The ingest routes. `limit` counts POSTs by key; `shared_key`: API_SECRET_KEY."""
    bp = Blueprint("ingest", __name__, url_prefix="/api")

    @bp.after_request
    def count(answer: Response) -> Response:
        """Count every answer to a POST, whoever made it."""
        if request.method == "POST":
            metrics.count_request(answer.status_code, time.monotonic() - g.started)
        return answer

    @bp.get("/ingest")
    @operation(answers=contract.Service, caller="anyone", name="describe")
    def describe() -> Response:
        """Who answers here, for anyone."""
        return jsonify(
            status="ok",
            service="FluxIO Data Ingest API",
            version=version("fluxio"),
            timestamp=datetime.now(UTC).isoformat(),
        )

    @bp.post("/ingest")
    @operation(
        answers=contract.Ingested,
        body=contract.IngestBody,
        also={202: "The database is away: the body is on the API's disk and will be stored."},
        problems=("too_many_readings", "nothing_accepted", "rate_limited", "database_unavailable"),
        caller="gateway",
        name="ingest",
    )
    def ingest() -> Response:
        """Store the readings of one body; sending it again is harmless.

        200 when one was accepted, or the body held none: all is committed. At most
        1 MiB and 1,000 readings. Content-Type does not matter, and bodies of gateways'
        own formats are read too; see docs/api.md.
        """
        received_at = datetime.now(UTC)
        gateway = gateway_of(request, keys, visitors, shared_key)
        g.key_label = gateway.api_key_id or "shared"
        limit.admit(g.key_label)
        arrival = Arrival(
            read_body(),
            received_at,
            gateway.api_key_id,
            _printable(request.content_type),
            _printable(request.headers.get("Content-Encoding")).lower(),
            _printable(request.headers.get("x-device-id")).strip(),
            gateway.flat_units,
            gateway.key_hash,
        )
        try:
            results = intake.take(arrival)
        except KeyRefusedError:
            keys.forget(gateway.key_hash)
            raise _revoked(gateway) from None
        metrics.count_results(results, received_at)
        g.verdicts = Counter(str(result["verdict"]) for result in results)
        return _answer(results)

    return bp


def _answer(results: list[Result]) -> Response:
    if results and not any(result["success"] for result in results):
        message = "No reading was accepted"
        raise NothingAccepted(f"{message}.", success=False, message=message, results=results)
    message = "Data ingested successfully" if results else "The body holds no readings"
    answer = jsonify(success=True, message=message, results=results)
    if results and all(result["verdict"] == "queued" for result in results):
        answer = jsonify(success=True, message="Data kept until the database is back", results=results)
        answer.status_code = HTTPStatus.ACCEPTED
    return answer


def _revoked(gateway: Gateway) -> Unauthenticated:
    _log.info("key %s was refused by the database", gateway.api_key_id)
    return Unauthenticated("A valid key is required in the header x-api-key.")


def _printable(header: str | None) -> str:
    return (header or "")[:200].encode("ascii", "backslashreplace").decode("ascii")
