"""The schema's version as the database tells it."""

from __future__ import annotations

import logging

from ..problems import Unavailable
from .upstream import Refused, Upstream

_log = logging.getLogger(__name__)

#: PostgREST knows no such function: a schema from before it told its version.
_NO_SUCH_FUNCTION = "PGRST202"


class SupabaseSchema:
    """public.schema_version."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def version(self) -> str:
        """The timestamp of a migration, "" if the schema tells none; raises problems.Unavailable."""
        query = self._upstream.service.rpc("schema_version", {})
        try:
            return str(self._upstream.call(query.execute, repeatable=True).data)
        except Refused as error:
            if error.code != _NO_SUCH_FUNCTION:
                _log.error("schema_version was refused with %s", error.code)
                raise Unavailable("The schema's version cannot be told.") from error
            return ""
