"""What the API's answer to a POST of readings means for each of them."""

from __future__ import annotations

import email.utils
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

import httpx

from fluxio_edge.spool import Refused, Spooled

#: Verdicts after which a reading is the API's: stored, known already, or on the API's own disk.
_ACCEPTED: Final = frozenset({"new", "merged", "duplicate", "queued"})
#: Verdicts after which the same reading will never be taken.
_REFUSED: Final = frozenset({"conflict", "rejected"})
#: A result's code that is about the key, not about the reading.
_KEY_CODE: Final = "invalid_key"
#: Codes of the API's problem documents: it failed; the body did not arrive whole.
_FAULT_CODE: Final = "internal_error"
_BROKEN_OFF_CODE: Final = "invalid_request"

#: Longest wait that a Retry-After is believed.
_MAX_RETRY_AFTER: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Settled:
    """The API has answered for these readings (by seq)."""

    accepted: tuple[int, ...]
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class Unsettled:
    """The API has answered for none; all stay. `reason` is for the log.

    key     the key is refused (401, 403): pause
    body    the API refuses the body as a whole (400, 422 without results): find the reading it is due to
    size    the body is too large (413): send less at once
    fault   the API failed on the body (500): find out whether a reading is to blame
    later   the API says when to come back (429, 503), or a proxy has no API: wait `retry_after` seconds if it is set
    slow    no answer in time: wait, then send less at once
    away    no answer at all
    certificate  whoever answers there cannot show that it is the API
    strange an answer that is not the API's (a portal's page, a wrong address): wait
    """

    kind: Literal["key", "body", "size", "fault", "later", "slow", "away", "certificate", "strange"]
    reason: str
    code: str = ""
    retry_after: float | None = None


Outcome = Settled | Unsettled


def interpret(response: httpx.Response, batch: Sequence[Spooled], now: datetime) -> Outcome:
    """What `response` says about `batch`; see Settled and Unsettled."""
    status = response.status_code
    body = _json_object(response)
    named = body.get("code")
    of_the_api = isinstance(named, str) and bool(named)
    code = str(named or status)
    reason = f"HTTP {status}" + (f" ({code})" if code != str(status) else "")
    if status in (401, 403):
        return Unsettled("key", f"the API refuses the key: {reason}", code)
    if status == 413:
        return Unsettled("size", reason, code if of_the_api else "")
    if status in (429, 503):
        return Unsettled("later", reason, code, retry_after(response.headers.get("retry-after"), now))
    if status == 500 and code == _FAULT_CODE:
        return Unsettled("fault", reason, code)
    if status == 408 or (status == 400 and code == _BROKEN_OFF_CODE) or (status >= 500 and status not in (501, 505)):
        return Unsettled("later", reason, code)
    if status in (200, 202, 422):
        outcome = _settle(status, body, batch)
        if outcome is not None:
            return outcome
        if status != 422:
            return Unsettled("strange", f"{reason} without verdicts: is this the API's address?")
    if status in (400, 422) and of_the_api:
        return Unsettled("body", reason, code)
    return Unsettled("strange", f"{reason}: is this the API's address?", code)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds from a Retry-After header (a number or a date), 0 to one hour; None if unreadable."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = email.utils.parsedate_to_datetime(value)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER) if seconds == seconds else None


def _settle(status: int, body: dict[str, object], batch: Sequence[Spooled]) -> Outcome | None:
    """The verdict of each reading, or None if the body holds none."""
    results = body.get("results")
    if not isinstance(results, list):
        queued = status == 202 and body.get("success") is True
        return Settled(tuple(each.seq for each in batch), ()) if queued else None
    accepted: list[int] = []
    refused: list[Refused] = []
    for result in results:
        if not isinstance(result, dict):
            continue
        index, verdict = result.get("index"), result.get("verdict")
        if not isinstance(index, int) or not 0 <= index < len(batch):
            continue
        code = str(result.get("code") or verdict)
        if code == _KEY_CODE:
            return Unsettled("key", f"the API refuses the key: {code}", code)
        if verdict in _ACCEPTED:
            accepted.append(batch[index].seq)
        elif verdict in _REFUSED:
            refused.append(Refused(batch[index].seq, code, str(result.get("pointer") or "")))
    return Settled(tuple(accepted), tuple(refused)) if accepted or refused else None


def _json_object(response: httpx.Response) -> dict[str, object]:
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
