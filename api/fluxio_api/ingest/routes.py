"""POST and GET /api/ingest."""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, datetime
from importlib.metadata import version

from flask import Blueprint, Response, g, jsonify, request
from flask_limiter import Limiter

from ..auth import Gateway, gateway_of
from ..http_edge import read_body
from ..keyring import KeyRing
from ..problems import InvalidJson, NothingAccepted, PayloadTooLarge, Unauthenticated
from . import strict_json
from .batch import Batch, Refusal, TooManyReadingsError, normalise, split
from .ports import ACCEPTED, Judged, Letter, Readings
from .reading import Origin

_log = logging.getLogger(__name__)

#: How many refusals a dead letter's detail names.
_NAMED_REFUSALS = 20


def blueprint(readings: Readings, keys: KeyRing, limiter: Limiter, *, shared_key: str | None, rate: str) -> Blueprint:
    """The ingest routes. `shared_key`: API_SECRET_KEY; `rate`: POSTs a key may send, as Flask-Limiter writes it."""
    bp = Blueprint("ingest", __name__, url_prefix="/api")

    @limiter.limit(rate, key_func=lambda: str(g.key_label))
    def admit() -> None:
        """Count this POST against its key; raises RateLimitExceeded."""

    @bp.get("/ingest")
    def describe() -> Response:
        """Whether the API runs, for anyone."""
        return jsonify(
            status="ok",
            service="FluxIO Data Ingest API",
            version=version("fluxio"),
            timestamp=datetime.now(UTC).isoformat(),
        )

    @bp.post("/ingest")
    def ingest() -> Response:
        """Store the readings of one body; see docs/api.md for bodies and answers.

        Answers 200 when one was accepted or the body held none. Problems:
        invalid_key, rate_limited, unsupported_encoding, payload_too_large,
        too_many_readings, invalid_json, nothing_accepted, database_unavailable.
        """
        received_at = datetime.now(UTC)
        gateway = gateway_of(request, keys, shared_key)
        g.key_label = gateway.api_key_id or "shared"
        admit()
        body = read_body()
        origin = Origin(gateway.api_key_id, received_at, hashlib.sha256(body).hexdigest())
        batch = normalise(_values(body, origin, readings), origin)
        judged = readings.store(batch.elements)
        if judged and all(one.code == "invalid_key" for one in judged):
            keys.forget(gateway.key_hash)
            raise _revoked(gateway)
        if batch.refusals:
            readings.keep(_letter(batch.refusals, origin))
        return _answer(_results(batch, judged))

    return bp


def _values(body: bytes, origin: Origin, readings: Readings) -> list[object]:
    """The readings as they were sent; a body that is no JSON goes to the dead letters first."""
    try:
        return split(body)
    except strict_json.NotJsonError as fault:
        if body:
            content_type = (request.content_type or "")[:200].encode("ascii", "backslashreplace").decode("ascii")
            letter = Letter(origin.api_key_id, origin.received_at, "invalid_json", str(fault), content_type, body)
            readings.keep(letter)
        raise InvalidJson(f"The body must be a JSON object or array: {fault}.") from None
    except TooManyReadingsError as fault:
        raise PayloadTooLarge(f"The body holds {fault}.", code="too_many_readings") from None


def _letter(refusals: list[Refusal], origin: Origin) -> Letter:
    """What of a body is no reading, as one JSON array, for the parser to read again one day."""
    faults = [f"{refusal.index}{refusal.pointer}" for refusal in refusals[:_NAMED_REFUSALS]]
    more = f" and {len(refusals) - _NAMED_REFUSALS} more" if len(refusals) > _NAMED_REFUSALS else ""
    return Letter(
        origin.api_key_id,
        origin.received_at,
        "invalid_value",
        f"invalid at {', '.join(faults)}{more} of the body",
        "application/json",
        strict_json.dump([refusal.raw for refusal in refusals]),
    )


def _results(batch: Batch, judged: list[Judged]) -> list[dict[str, object]]:
    """One result per value of the body, in its order."""
    results = {
        index: _result(index, one.device_id, one.created_at, one.verdict, one.code, one.pointer)
        for index, one in zip(batch.indexes, judged, strict=True)
    }
    for no in batch.refusals:
        results[no.index] = _result(no.index, no.device_id, None, "rejected", no.code, no.pointer)
    return [results[index] for index in sorted(results)]


def _result(
    index: int, device_id: str | None, created_at: str | None, verdict: str, code: str | None, pointer: str | None
) -> dict[str, object]:
    result: dict[str, object] = {
        "index": index,
        "device_id": device_id,
        "created_at": created_at,
        "success": verdict in ACCEPTED,
        "verdict": verdict,
    }
    if code is not None:
        result["code"] = code
    if pointer is not None:
        result["pointer"] = pointer
    return result


def _answer(results: list[dict[str, object]]) -> Response:
    if results and not any(result["success"] for result in results):
        message = "No reading was accepted"
        raise NothingAccepted(f"{message}.", success=False, message=message, results=results)
    message = "Data ingested successfully" if results else "The body holds no readings"
    return jsonify(success=True, message=message, results=results)


def _revoked(gateway: Gateway) -> Unauthenticated:
    _log.info("key %s was refused by the database", gateway.api_key_id)
    return Unauthenticated("A valid key is required in the header x-api-key.")
