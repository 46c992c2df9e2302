"""A POST while the database is away."""

from __future__ import annotations

from ...problems import InvalidJson, Unavailable
from ..arrival import Arrival
from ..intake import Intake
from ..results import Result
from .glance import glance
from .outage import Outage
from .spool import Spool
from .spool_file import SpoolError


class SpooledIntake:
    """Stores what the database takes, and keeps the rest; safe to share between threads."""

    def __init__(self, intake: Intake, spool: Spool, outage: Outage) -> None:
        self._intake = intake
        self._spool = spool
        self._outage = outage

    def take(self, arrival: Arrival) -> list[Result]:
        """As Intake.take, but while the database is away the body is kept and every result is `queued`.

        Raises what Intake.take raises; InvalidJson when the body is in the spool,
        on its way to the dead letters; Unavailable when the spool has no room.
        """
        if not self._outage.lasting:
            try:
                results = self._intake.take(arrival)
            except Unavailable:
                self._outage.failed()
            else:
                self._outage.stored()
                return results
        try:
            results = glance(arrival, limit=self._intake.max_body_bytes)
        except InvalidJson:
            if arrival.body:
                self._keep(arrival)
            raise
        if results:
            self._keep(arrival)
        return results

    def _keep(self, arrival: Arrival) -> None:
        try:
            self._spool.add(arrival)
        except SpoolError as error:
            raise Unavailable("The readings cannot be stored now; send the same request again later.") from error
