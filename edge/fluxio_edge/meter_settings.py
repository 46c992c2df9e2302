"""`[bus]`, `[[buses]]` and `[[meters]]` of the agent's configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, Field, model_validator

from fluxio_edge.place import Framer, Parity, Place, SerialPlace, StopBits, TcpPlace
from fluxio_edge.toml_model import STRICT, Port, Seconds

DeviceId = Annotated[str, Field(min_length=1, max_length=200)]
BaudRate = Literal[300, 600, 1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200, 230_400]

#: The bus of meters that name none.
DEFAULT_BUS: Final = "bus"

_SERIAL_ONLY: Final = {"baud_rate", "parity", "stop_bits"}
_TCP_ONLY: Final = {"host", "port", "framer"}


class BusSettings(BaseModel):
    """`[bus]`: how meters are reached; over TCP a meter's own host and port take precedence."""

    model_config = STRICT

    host: str = "127.0.0.1"
    port: Port = 502
    #: "socket" is Modbus TCP; "rtu" is RTU frames through a serial-to-TCP converter, one at a time.
    framer: Framer = "socket"
    #: A serial device such as /dev/ttyUSB0, in place of host and port.
    device: Annotated[str | None, Field(min_length=1)] = None
    #: As Modbus over serial line 1.02 has them unless a meter says otherwise.
    baud_rate: BaudRate = 19_200
    parity: Parity = "even"
    stop_bits: StopBits = 1
    #: Longest wait for a connection or an answer.
    timeout_s: Seconds = 3.0
    #: How often an unanswered request is repeated before the meter counts as silent.
    retries: Annotated[int, Field(ge=0, le=10)] = 1
    #: Pause between requests; without it 3.5 characters on a serial device, none over TCP.
    pause_s: Annotated[float | None, Field(ge=0, le=10, allow_inf_nan=False)] = None
    #: Over Modbus TCP: one connection for all meters of a host and port, one request at a time.
    one_at_a_time: bool = False
    #: Longest wait between attempts at a meter that does not answer.
    backoff_max_s: Seconds = 60.0
    #: Longest wait between attempts at a connection.
    reconnect_max_s: Seconds = 30.0

    @model_validator(mode="after")
    def _serial_or_tcp(self) -> Self:
        wrong = self.model_fields_set & (_SERIAL_ONLY if self.device is None else _TCP_ONLY)
        if wrong:
            other = "is for a serial device: give device" if self.device is None else "does not go with device"
            raise ValueError(f"{' and '.join(sorted(wrong))} {other}")
        return self

    @property
    def kind(self) -> str:
        """In words."""
        if self.device is not None:
            return "RTU over serial"
        return "Modbus TCP" if self.framer == "socket" else "RTU over TCP"

    @property
    def is_shared(self) -> bool:
        """Whether its meters share one connection."""
        return self.device is not None or self.framer == "rtu" or self.one_at_a_time

    def place(self, host: str | None = None, port: int | None = None) -> Place:
        """Where it leads, for a meter with this host and port of its own."""
        if self.device is not None:
            return SerialPlace(self.device, self.baud_rate, self.parity, self.stop_bits)
        return TcpPlace(host or self.host, port or self.port, self.framer)

    @property
    def pause(self) -> float:
        """`pause_s`, or what the line needs."""
        if self.pause_s is not None:
            return self.pause_s
        place = self.place()
        return place.silence_s if isinstance(place, SerialPlace) else 0.0


class NamedBusSettings(BusSettings):
    """`[[buses]]`: one of several buses."""

    name: Annotated[str, Field(min_length=1, max_length=100)]


class MeterSettings(BaseModel):
    """`[[meters]]`: one transmitter."""

    model_config = STRICT

    device_id: DeviceId
    unit: Annotated[int, Field(ge=1, le=247)]
    profile: str
    interval_s: Seconds = 60.0
    #: The name of one of [[buses]]; without it [bus], or the only one there is.
    bus: str | None = None
    host: str | None = None
    port: Port | None = None


class MeterTables(BaseModel):
    """The part of the configuration that says which meters are read, and how."""

    model_config = STRICT

    bus: BusSettings = BusSettings()
    buses: list[NamedBusSettings] = []
    meters: Annotated[list[MeterSettings], Field(min_length=1)]

    @model_validator(mode="after")
    def _tables_agree(self) -> Self:
        faults = list(dict.fromkeys([*self._bus_faults(), *self._meter_faults()]))
        if faults:
            raise ValueError("\n".join(faults))
        return self

    @property
    def has_default_bus(self) -> bool:
        """Whether [bus] is one of the buses: it is if it is there, or if there is no other."""
        return "bus" in self.model_fields_set or not self.buses

    def with_bus_at(self, moved: Mapping[str, object]) -> Self:
        """The same with another host or port of [bus], unless that is no bus over TCP."""
        if not moved or not self.has_default_bus or self.bus.device is not None:
            return self
        return self.model_copy(update={"bus": self.bus.model_copy(update=moved)})

    def bus_name(self, meter: MeterSettings) -> str:
        """The name of the meter's bus, which may be none that there is."""
        if meter.bus is not None:
            return meter.bus
        return DEFAULT_BUS if self.has_default_bus or len(self.buses) > 1 else self.buses[0].name

    def bus_of(self, meter: MeterSettings) -> BusSettings:
        """The meter's bus."""
        name = self.bus_name(meter)
        return next((bus for bus in self.buses if bus.name == name), self.bus)

    def _bus_faults(self) -> Iterator[str]:
        names = [bus.name for bus in self.buses]
        for name in names:
            if names.count(name) > 1:
                yield f"bus {name} is listed twice"
            if name == DEFAULT_BUS:
                yield f"a bus is named {name}, which [bus] is: give it another name"
        lines = [str(bus.place()) for bus in (self.bus, *self.buses) if bus.device or bus.framer == "rtu"]
        for line in lines:
            if lines.count(line) > 1:
                yield f"{line} is a line of two buses: make them one, since only one may send at a time"

    def _meter_faults(self) -> Iterator[str]:
        known = {bus.name for bus in self.buses}
        ids = [meter.device_id for meter in self.meters]
        places = [(str(self.bus_of(meter).place(meter.host, meter.port)), meter.unit) for meter in self.meters]
        for meter, (place, unit) in zip(self.meters, places, strict=True):
            if ids.count(meter.device_id) > 1:
                yield f"device_id {meter.device_id} is listed twice"
            if places.count((place, unit)) > 1:
                yield f"unit {unit} at {place} is listed twice"
            if meter.bus is not None and meter.bus not in known:
                yield f"meter {meter.device_id}: there is no bus {meter.bus} ({', '.join(sorted(known)) or 'none'})"
            if meter.bus is None and not self.has_default_bus and len(self.buses) > 1:
                yield f"meter {meter.device_id}: which bus? There are {', '.join(sorted(known))}, and no [bus]"
            if self.bus_of(meter).device is not None and (meter.host or meter.port):
                yield f"meter {meter.device_id}: host and port do not go with a serial bus"
