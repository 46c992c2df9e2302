"""From one body to verdicts: for a gateway that waits, and for a body that was kept."""

from __future__ import annotations

import hashlib

from ..problems import InvalidJson, PayloadTooLarge
from . import strict_json
from .arrival import Arrival
from .batch import Refusal, TooManyReadingsError, normalise, split
from .ports import Letter, Readings
from .reading import Origin
from .results import Result, results_of

#: How many refusals a dead letter's detail names.
_NAMED_REFUSALS = 20


class KeyRefusedError(Exception):
    """The database no longer takes this key; nothing was stored."""


class Intake:
    """Reads bodies and has their readings stored; safe to share between threads."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings

    def take(self, arrival: Arrival) -> list[Result]:
        """Store what `arrival` holds; one result per reading, in the body's order. The same again is harmless.

        When this returns, every reading is committed or in the dead letters.
        Raises problems.Unavailable, after which the same may be taken again;
        InvalidJson, when the body is in the dead letters; PayloadTooLarge and
        KeyRefusedError, when nothing was kept.
        """
        origin = Origin(arrival.api_key_id, arrival.received_at, hashlib.sha256(arrival.body).hexdigest())
        batch = normalise(self._values(arrival), origin)
        judged = self._readings.store(batch.elements)
        if judged and all(one.code == "invalid_key" for one in judged):
            raise KeyRefusedError
        if batch.refusals:
            self._readings.keep(_letter(batch.refusals, arrival))
        return results_of(batch, judged)

    def bury(self, arrival: Arrival, reason: str, detail: str) -> None:
        """Keep a whole body in the dead letters; raises problems.Unavailable."""
        self._readings.keep(
            Letter(arrival.api_key_id, arrival.received_at, reason, detail, arrival.content_type, arrival.body)
        )

    def _values(self, arrival: Arrival) -> list[object]:
        """The readings as they were sent; a body that is no JSON goes to the dead letters first."""
        try:
            return split(arrival.body)
        except strict_json.NotJsonError as fault:
            if arrival.body:
                self.bury(arrival, "invalid_json", str(fault))
            raise InvalidJson(f"The body must be a JSON object or array: {fault}.") from None
        except TooManyReadingsError as fault:
            raise PayloadTooLarge(f"The body holds {fault}.", code="too_many_readings") from None


def _letter(refusals: list[Refusal], arrival: Arrival) -> Letter:
    """What of a body is no reading, as one JSON array, for the parser to read again one day."""
    faults = [f"{refusal.index}{refusal.pointer}" for refusal in refusals[:_NAMED_REFUSALS]]
    more = f" and {len(refusals) - _NAMED_REFUSALS} more" if len(refusals) > _NAMED_REFUSALS else ""
    return Letter(
        arrival.api_key_id,
        arrival.received_at,
        "invalid_value",
        f"invalid at {', '.join(faults)}{more} of the body",
        "application/json",
        strict_json.dump([refusal.raw for refusal in refusals]),
    )
