"""From one body to verdicts: for a gateway that waits, and for a body that was kept."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping

from ..problems import InvalidJson, PayloadTooLarge, Unavailable
from . import strict_json
from .arrival import Arrival
from .batch import Batch, Leftover, Refusal, TooManyReadingsError, normalise, split
from .directory import Directory
from .lines import BadLine
from .ports import NOBODY, Devices, Letter, Readings
from .reading import Origin
from .results import Result, results_of
from .unpack import NotUnpackableError, TooLargeError, unpack

_log = logging.getLogger(__name__)

#: How many faults a dead letter's detail names.
_NAMED = 20

#: Largest body once it is unpacked [bytes], where nobody says otherwise.
MAX_BODY_BYTES = 1_048_576


class KeyRefusedError(Exception):
    """The database no longer takes this key; nothing was stored."""


class Intake:
    """Reads bodies and has their readings stored; safe to share between threads."""

    def __init__(self, readings: Readings, devices: Devices = NOBODY, *, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._readings = readings
        self._devices = devices
        self._directory = Directory(devices)
        #: Largest body once it is unpacked [bytes].
        self.max_body_bytes = max_body_bytes

    def take(self, arrival: Arrival) -> list[Result]:
        """Store what `arrival` holds; one result per reading, in the body's order. The same again is harmless.

        When this returns, every reading is committed or in the dead letters.
        Raises problems.Unavailable, after which the same may be taken again;
        InvalidJson, when the body is in the dead letters; PayloadTooLarge and
        KeyRefusedError, when nothing was kept.
        """
        try:
            batch = self.read(arrival)
            letters = letters_of(batch, arrival)
        except (NotUnpackableError, strict_json.NotJsonError, RecursionError) as error:
            # What could just be read may be nested too deep to be written again.
            fault = "nested too deep" if isinstance(error, RecursionError) else str(error)
            if arrival.body:
                self.bury(arrival, "invalid_json", fault)
            raise InvalidJson(f"The body must be a JSON object or array: {fault}.") from None
        judged = self._readings.store(batch.elements)
        if judged and all(one.code == "invalid_key" for one in judged):
            raise KeyRefusedError
        for letter in letters:
            self._readings.keep(letter)
        if batch.state or not batch.elements:
            self._keep_state(arrival, batch.state)
        return results_of(batch, judged)

    def bury(self, arrival: Arrival, reason: str, detail: str) -> None:
        """Keep a whole body in the dead letters; raises problems.Unavailable."""
        self._readings.keep(_whole(arrival, reason, detail))

    def read(self, arrival: Arrival) -> Batch:
        """What `arrival` holds; nothing is stored.

        Raises NotUnpackableError, strict_json.NotJsonError, PayloadTooLarge and
        problems.Unavailable.
        """
        origin = Origin(
            arrival.api_key_id,
            arrival.received_at,
            hashlib.sha256(arrival.body).hexdigest(),
            arrival.device_header,
            arrival.flat_units,
        )
        try:
            body = unpack(arrival.body, arrival.content_encoding, limit=self.max_body_bytes)
            return normalise(split(body, arrival.content_type), origin, self._directory)
        except TooLargeError as fault:
            raise PayloadTooLarge(f"The body is too large unpacked: {fault}.") from None
        except TooManyReadingsError as fault:
            raise PayloadTooLarge(f"The body holds {fault}.", code="too_many_readings") from None

    def _keep_state(self, arrival: Arrival, state: Mapping[str, object]) -> None:
        """Keep what the gateway says of itself; that must not cost a reading its answer."""
        if arrival.api_key_id is None:
            return
        try:
            self._devices.keep_state(arrival.api_key_id, arrival.received_at, state)
        except Unavailable:
            _log.warning("the state of the gateway of key %s was not kept", arrival.api_key_id)


def letters_of(batch: Batch, arrival: Arrival) -> list[Letter]:
    """What of a body is no reading: one letter a reason, for the parser to read again one day."""
    letters: list[Letter] = []
    for code, refused in _by(batch.refusals, "code").items():
        faults = [f"{one.index}{one.pointer}" for one in refused if isinstance(one, Refusal)]
        raw = [one.raw for one in refused]
        if code == "invalid_json":
            text = b"\n".join(line.text for line in raw if isinstance(line, BadLine))
            letters.append(_part(arrival, code, f"no JSON in {_listed(faults)} of the body's lines", text, ""))
        else:
            said = "invalid" if code == "invalid_value" else code
            letters.append(_part(arrival, code, f"{said} at {_listed(faults)} of the body", strict_json.dump(raw)))
    for reason, left in _by(batch.leftovers, "reason").items():
        about = list(dict.fromkeys(one.about for one in left if isinstance(one, Leftover)))
        letters.append(_part(arrival, reason, _listed(about), strict_json.dump([one.raw for one in left])))
    return letters


def _by(parts: Iterable[Refusal | Leftover], name: str) -> dict[str, list[Refusal | Leftover]]:
    sorted_parts: dict[str, list[Refusal | Leftover]] = {}
    for part in parts:
        sorted_parts.setdefault(str(getattr(part, name)), []).append(part)
    return sorted_parts


def _listed(faults: list[str]) -> str:
    more = f" and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
    return ", ".join(faults[:_NAMED]) + more


def _part(arrival: Arrival, reason: str, detail: str, body: bytes, content_type: str = "application/json") -> Letter:
    headers = {"x-device-id": arrival.device_header} if arrival.device_header else {}
    return Letter(
        arrival.api_key_id, arrival.received_at, reason, detail, content_type or "application/x-ndjson", body, headers
    )


def _whole(arrival: Arrival, reason: str, detail: str) -> Letter:
    headers = {"content-encoding": arrival.content_encoding, "x-device-id": arrival.device_header}
    return Letter(
        arrival.api_key_id, arrival.received_at, reason, detail, arrival.content_type, arrival.body,
        {name: value for name, value in headers.items() if value},
    )  # fmt: skip
