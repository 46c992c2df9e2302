"""Gateway keys as the database knows them."""

from __future__ import annotations

import logging

from pydantic import AwareDatetime, BaseModel, IPvAnyNetwork, TypeAdapter, ValidationError

from ..keyring import ApiKey
from ..problems import Unavailable
from .upstream import Refused, Upstream

_log = logging.getLogger(__name__)


class _Row(BaseModel):
    """What is needed of an answer; it may say more."""

    api_key_id: str
    expires_at: AwareDatetime | None
    flat_units: dict[str, str] = {}
    allowed_networks: tuple[IPvAnyNetwork, ...] | None = None


_ROWS = TypeAdapter(list[_Row])


class SupabaseKeys:
    """public.authenticate_api_key."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def find(self, key_hash: str) -> ApiKey | None:
        """The key with this SHA-256 [hex], or None if it is unknown, expired or revoked.

        Raises problems.Unavailable.
        """
        query = self._upstream.service.rpc("authenticate_api_key", {"key_hash": key_hash})
        try:
            data = self._upstream.call(query.execute, repeatable=True).data
        except Refused as error:
            _log.error("authenticate_api_key was refused with %s", error.code)
            raise Unavailable("Keys cannot be checked now; send the same request again later.") from error
        try:
            rows = _ROWS.validate_python(data)
        except ValidationError as error:
            _log.error("authenticate_api_key answered something else")
            raise Unavailable("Keys cannot be checked now; send the same request again later.") from error
        if not rows:
            return None
        [row] = rows[:1]
        return ApiKey(row.api_key_id, row.expires_at, row.allowed_networks, row.flat_units)
