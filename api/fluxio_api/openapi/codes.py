"""The codes of problems: their status, and what they mean to a caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from .. import contract


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of problem document."""

    status: int
    meaning: str
    model: type[BaseModel] = contract.Problem


CODES: Mapping[str, Code] = {
    "invalid_json": Code(400, "no JSON"),
    "invalid_request": Code(400, "a parameter or member is not what is documented; `errors` names each"),
    "invalid_key": Code(401, "the key is missing, unknown, expired or revoked"),
    "invalid_token": Code(401, "no token, or one that is expired or not a person's"),
    "forbidden": Code(403, "the person's role may not"),
    "not_found": Code(404, "no such row, or another organization's"),
    "conflict": Code(409, "it exists already, or its state forbids the change"),
    "payload_too_large": Code(413, "more than 1 MiB"),
    "too_many_readings": Code(413, "more than 1,000 readings"),
    "unsupported_encoding": Code(415, "a Content-Encoding that is not read"),
    "nothing_accepted": Code(422, "every reading conflicts or is rejected", contract.NothingAccepted),
    "rate_limited": Code(429, "too many requests"),
    "internal_error": Code(500, "a fault of ours, which is logged"),
    "database_unavailable": Code(503, "the database is away or busy: send the same again"),
    "archive_unavailable": Code(503, "readings that are in the archive alone cannot be read now: send the same again"),
    "timeout": Code(504, "the database took too long: ask for less"),
    "not_ready": Code(503, "something that requests need is missing; `checks` says what", contract.NotReady),
}
