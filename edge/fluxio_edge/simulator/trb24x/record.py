"""What the gateway's Modbus client writes into its database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fluxio_edge.registers import Register
from fluxio_edge.simulator.trb24x.rutos_types import numbers, printed, rutos_type


@dataclass(frozen=True, slots=True)
class Record:
    """One Modbus request that was answered. A request that was not leaves no record.

    `id` grows by one; `moment` is the gateway's clock in its time zone, to the second. In RutOS a meter
    is a server and a register block a request, here one for each quantity, named as the metric.
    """

    id: int
    moment: datetime
    server_id: int
    server_name: str
    ip: str
    register: Register
    words: tuple[int, ...]

    @property
    def name(self) -> str:
        """The request's name."""
        return self.register.metric

    @property
    def first_register(self) -> int:
        """RutOS counts registers from 1."""
        return self.register.address + 1

    @property
    def full_address(self) -> str:
        """The object class (3 input, 4 holding) and five digits: 300011."""
        return f"{3 if self.register.function_code == 4 else 4}{self.first_register:05d}"

    @property
    def number(self) -> float | int:
        """The value in the meter's unit, not scaled; NaN if the meter says so."""
        return numbers(self.words, rutos_type(self.register))[0]

    @property
    def scaled(self) -> float:
        """The value in FluxIO's unit, as a script that converts would have it."""
        return self.number * self.register.scale + self.register.offset

    @property
    def timestamp(self) -> int:
        """Unix seconds."""
        return int(self.moment.timestamp())

    @property
    def iso_8601(self) -> str:
        """2026-02-18T09:52:10+0530: without a colon in the offset."""
        return self.moment.strftime("%Y-%m-%dT%H:%M:%S%z")

    def data(self, type_: str | None = None, *, brackets: bool = True) -> str:
        """The value as the text of a list: [0.125000]; `type_` is a RutOS type in place of the right one."""
        listed = ",".join(printed(each) for each in numbers(self.words, type_ or rutos_type(self.register)))
        return f"[{listed}]" if brackets else listed


@dataclass(frozen=True, slots=True)
class GatewayFacts:
    """What the gateway says about itself. `rssi` in dBm."""

    serial: str
    mac: str
    operator: str
    rssi: int
