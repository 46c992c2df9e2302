"""What a simulated meter can be told, over HTTP or by the plant's timetable."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from fluxio_edge.registers import Metric

#: Of the line:
#: silent   no answer at all
#: drop     the connection is closed in place of an answer (on a serial line: silent)
#: slow     the answer comes after `delay_s`
#: busy     Modbus exception 6
#: illegal  Modbus exception 2, as with a register map of another firmware
#:
#: Of the values:
#: nan      no value for flow and velocity, as a sensor without an echo
#: stuck    the sensors keep what they measured; the totalizer goes on with the stuck flow
#: frozen   every register keeps what it held; what flows meanwhile is counted and shown afterwards
#: ghost    every register holds 0, as in a transmitter that is starting
#: swapped  the words of each quantity in the opposite order
Fault = Literal["silent", "drop", "slow", "busy", "illegal", "nan", "stuck", "frozen", "ghost", "swapped"]

LINE_FAULTS: Final[frozenset[Fault]] = frozenset({"silent", "drop", "slow", "busy", "illegal"})

Held = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]

#: What can be held; null lets the value follow the day again.
HOLDABLE: Final[tuple[Metric, ...]] = (
    "flow_rate",
    "level",
    "velocity",
    "temperature",
    "pressure",
    "battery_level",
    "signal_strength",
)

_WITHOUT_UNDOING: Final = frozenset({"totalizer", "fault_share", "delay_s"})


class Command(BaseModel):
    """What to change; fields that are not given stay."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    flow_rate: Held | None = None
    level: Held | None = None
    velocity: Held | None = None
    temperature: Held | None = None
    pressure: Held | None = None
    battery_level: Held | None = None
    signal_strength: Held | None = None
    #: Makes the totalizer go on from here, 0 as after a reset; null is no change.
    totalizer: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] | None = None
    fault: Fault | None = None
    #: The share of requests that a fault of the line meets, by seeded chance; null is all of them.
    fault_share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    #: How late a slow meter answers; null is 5 s.
    delay_s: Seconds | None = None

    def undone(self) -> Command:
        """The command that lets go of what this one holds; a totalizer is not set back."""
        return Command.model_validate(dict.fromkeys(self.model_fields_set - _WITHOUT_UNDOING))
