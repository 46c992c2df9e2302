"""What a gateway is told of a body that nobody has judged yet."""

from __future__ import annotations

from ...problems import InvalidJson, PayloadTooLarge
from .. import strict_json
from ..arrival import Arrival
from ..batch import TooManyReadingsError, split
from ..numbers import is_missing
from ..reading import device_id_of
from ..results import Result, result
from ..times import read_time
from ..unpack import NotUnpackableError, TooLargeError, unpack


def glance(arrival: Arrival, *, limit: int) -> list[Result]:
    """One `queued` result for each reading as far as they can be told apart without the database.

    That is so in a flat body, bad readings included: what is wrong with them is
    found when the spool is drained, and is in the dead letters then. `limit`:
    largest body unpacked [bytes]. Any other
    body has one result for the whole, one that holds nothing has none. Raises
    InvalidJson and PayloadTooLarge.
    """
    try:
        values = split(unpack(arrival.body, arrival.content_encoding, limit=limit), arrival.content_type)
    except TooLargeError as fault:
        raise PayloadTooLarge(f"The body is too large unpacked: {fault}.") from None
    except (NotUnpackableError, strict_json.NotJsonError) as fault:
        raise InvalidJson(f"The body must be a JSON object or array: {fault}.") from None
    except TooManyReadingsError as fault:
        raise PayloadTooLarge(f"The body holds {fault}.", code="too_many_readings") from None
    devices = [device_id_of(value) for value in values]
    if values and not any(devices):
        return [result(0, None, None, "queued", None, None)]
    return [
        result(index, device, _created_at(value, arrival), "queued", None, None)
        for index, (device, value) in enumerate(zip(devices, values, strict=True))
    ]


def _created_at(value: object, arrival: Arrival) -> str | None:
    """The time as it was sent, or the receive time for an untimed reading; a wrong clock is not seen here."""
    if not isinstance(value, dict):
        return None
    for name in ("created_at", "timestamp"):
        if not is_missing(value.get(name)):
            try:
                return read_time(value[name]).isoformat()
            except ValueError:
                return None
    return arrival.received_at.isoformat()
