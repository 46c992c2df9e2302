"""The TOML file that describes a plant."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, Field, model_validator

from fluxio_edge.simulator.command import Command
from fluxio_edge.toml_model import STRICT

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_.-]+$")]
Parity = Literal["none", "even", "odd"]
Positive = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]

#: The bus of the meters that name none; where it is, the command line says.
MAIN_BUS = "main"


class SimulatedBus(BaseModel):
    """`[[buses]]`: one more place where meters answer."""

    model_config = STRICT

    name: Name
    #: tcp: Modbus TCP; rtu_tcp: RTU frames over TCP, as behind a serial-to-TCP converter; serial: RTU.
    kind: Literal["tcp", "rtu_tcp", "serial"] = "tcp"
    #: Where to listen; port 0 lets the system choose. Not for serial.
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    #: For serial: a device such as /dev/ttyUSB0, or "pty" for a new pseudo terminal.
    device: str = "pty"
    #: As Modbus over serial line 1.02 has them; they mean nothing to a pseudo terminal.
    baud_rate: int = 19_200
    parity: Parity = "even"
    stop_bits: Literal[1, 2] = 1


class SimulatedMeter(BaseModel):
    """`[[meters]]`: one transmitter."""

    model_config = STRICT

    name: Name
    unit: Annotated[int, Field(ge=1, le=247)]
    bus: str = MAIN_BUS
    #: A shipped profile, or a TOML file of your own beside the plant's.
    profile: str = "nivus_750"
    #: m3/h over a day; the flow stays within 0.52 and 1.41 times this.
    mean_flow: Positive
    #: m3 on 2026-01-01.
    totalizer_start: Annotated[float, Field(ge=0, le=1e9)] = 0.0
    #: m3 at which the totalizer starts again from 0; null is never.
    totalizer_max: Positive | None = None
    #: m, of the rectangular channel.
    channel_width: Positive = 0.3
    #: m, at the mean flow.
    nominal_level: Positive = 0.12
    #: degC
    mean_temperature: Annotated[float, Field(ge=-20, le=90)] = 14.0
    #: bar, without flow.
    nominal_pressure: Positive = 3.0


class Event(Command):
    """`[[events]]`: a command at a time of its own."""

    #: To whom; null is to every meter.
    meters: Annotated[list[Name], Field(min_length=1)] | None = None
    #: Seconds from the plant's start, or a moment.
    at_s: Annotated[float, Field(ge=0)] = 0.0
    at: AwareDatetime | None = None
    #: How long what it holds is held; null is for good.
    for_s: Annotated[float, Field(gt=0)] | None = None
    #: From one beginning to the next; null is once.
    every_s: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.at is not None and "at_s" in self.model_fields_set:
            raise ValueError("give at or at_s, not both")
        if not self._given():
            raise ValueError("an event needs something to do, such as fault or flow_rate")
        if self.every_s is not None and self.for_s is not None and self.for_s >= self.every_s:
            raise ValueError("for_s must be shorter than every_s")
        return self

    def command(self) -> Command:
        """What is to be done."""
        return Command.model_validate({name: getattr(self, name) for name in self._given()})

    def _given(self) -> set[str]:
        return self.model_fields_set & Command.model_fields.keys()


class PlantFile(BaseModel):
    """The whole file."""

    model_config = STRICT

    #: Chooses the noise and the chance; the same seed gives the same plant.
    seed: str = "plant"
    #: Hours that the plant's clocks are ahead of UTC.
    utc_offset_h: Annotated[float, Field(ge=-12, le=14)] = 0.0
    buses: list[SimulatedBus] = []
    meters: Annotated[list[SimulatedMeter], Field(min_length=1)]
    events: list[Event] = []

    @model_validator(mode="after")
    def _each_once_and_known(self) -> Self:
        names = [meter.name for meter in self.meters]
        _once("name", names)
        buses = [MAIN_BUS, *(bus.name for bus in self.buses)]
        _once("bus", buses)
        for bus in buses:
            _once("unit", [meter.unit for meter in self.meters if meter.bus == bus], "" if bus == MAIN_BUS else bus)
        for meter in self.meters:
            if meter.bus not in buses:
                raise ValueError(f"meter {meter.name}: there is no bus {meter.bus}")
        for event in self.events:
            for name in event.meters or []:
                if name not in names:
                    raise ValueError(f"events: there is no meter {name}")
        return self


def _once(kind: str, values: list[str] | list[int], bus: str = "") -> None:
    seen: set[str | int] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{kind} {value} is listed twice" + (f" on bus {bus}" if bus else ""))
        seen.add(value)
