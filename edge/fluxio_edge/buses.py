"""The buses that meters are read over, and each meter's link on them."""

from __future__ import annotations

import logging

from fluxio_edge.condition import Condition
from fluxio_edge.line import Line
from fluxio_edge.link import Link
from fluxio_edge.meter_settings import MeterSettings, MeterTables
from fluxio_edge.modbus import Connection

_log = logging.getLogger(__name__)


class Buses:
    """The Modbus connections: one for each meter over Modbus TCP, one for each line.

    With one each, a meter that does not answer never holds up another. A serial line, or those behind
    a serial-to-TCP converter, carry one request at a time, so there the meters share; see Line.
    """

    def __init__(self, tables: MeterTables) -> None:
        """None is open yet."""
        self._tables = tables
        self._open: dict[tuple[str, str, str], tuple[Connection, Line]] = {}

    def link(self, meter: MeterSettings) -> Link:
        """How the meter is read; its requests run beside those of other buses."""
        bus, name = self._tables.bus_of(meter), self._tables.bus_name(meter)
        place = bus.place(meter.host, meter.port)
        owner = "" if bus.is_shared else meter.device_id
        key = (name, str(place), owner)
        if key not in self._open:
            condition = Condition(f"bus {name}", _log) if bus.is_shared else None
            self._open[key] = (
                Connection(place, timeout_s=bus.timeout_s, reconnect_max_s=bus.reconnect_max_s, condition=condition),
                Line(pause_s=bus.pause, timeout_s=bus.timeout_s, shared=bus.is_shared),
            )
        connection, line = self._open[key]
        return Link(meter.unit, connection, line, timeout_s=bus.timeout_s, retries=bus.retries)

    def close(self) -> None:
        """Close them all."""
        for connection, _ in self._open.values():
            connection.close()
