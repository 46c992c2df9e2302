"""One simulated transmitter: what it measures at a moment, and how it can be steered."""

from __future__ import annotations

import math
import threading
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from fluxio_edge.reading import Clock
from fluxio_edge.registers import Metric
from fluxio_edge.simulator.demand import Demand
from fluxio_edge.simulator.plant_file import SimulatedMeter

Fault = Literal["silent", "busy", "nan"]
Held = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]


class Command(BaseModel):
    """What to change; fields that are not given stay. null lets a value follow the day again.

    faults: "silent" answers nothing, "busy" answers each request with the Modbus exception 6, "nan"
    has no value for flow and velocity, as a sensor without an echo.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    flow_rate: Held | None = None
    level: Held | None = None
    velocity: Held | None = None
    temperature: Held | None = None
    #: Makes the totalizer go on from here; null is no change.
    totalizer: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] | None = None
    fault: Fault | None = None


class Meter:
    """A transmitter in a channel; may be used from any thread."""

    def __init__(self, settings: SimulatedMeter, *, clock: Clock, seed: str, utc_offset_h: float) -> None:
        """Starts out following the day, without a fault."""
        self.settings = settings
        self.fault: Fault | None = None
        #: How often it was asked, answered or not.
        self.requests = 0
        self._clock = clock
        self._demand = Demand(settings.mean_flow, seed=f"{seed}/{settings.name}", utc_offset_h=utc_offset_h)
        self._held: dict[Metric, float] = {}
        self._mutex = threading.Lock()
        # The totalizer was `_counted` at `_since`, and has integrated one unchanged flow from there.
        self._since = clock()
        self._counted = settings.totalizer_start + self._demand.volume(self._since)
        self._highest = self._counted

    def measure(self) -> dict[Metric, float]:
        """What the registers hold now, in our units; NaN under the fault "nan"."""
        with self._mutex:
            now = self._clock()
            flow = self._held.get("flow_rate", self._demand.flow(now))
            level = self._held.get("level", self._level(flow))
            values: dict[Metric, float] = {
                "flow_rate": flow,
                "level": level,
                "velocity": self._held.get("velocity", self._velocity(flow, level)),
                "temperature": self._held.get("temperature", self._temperature(now)),
                "totalizer": self._total(now),
            }
            if self.fault == "nan":
                values["flow_rate"] = values["velocity"] = math.nan
            return values

    def apply(self, command: Command) -> None:
        """Do what `command` says, from now on."""
        with self._mutex:
            now = self._clock()
            self._counted, self._since = self._total(now), now
            given = command.model_fields_set
            for metric in ("flow_rate", "level", "velocity", "temperature"):
                if metric in given:
                    value = getattr(command, metric)
                    if value is None:
                        self._held.pop(metric, None)
                    else:
                        self._held[metric] = value
            if command.totalizer is not None:
                self._counted = self._highest = command.totalizer
            if "fault" in given:
                self.fault = command.fault

    def _total(self, now: datetime) -> float:
        """m3 counted so far; reverse flow counts nothing, and a clock set back takes nothing away."""
        if (held := self._held.get("flow_rate")) is not None:
            added = max(held, 0.0) * (now - self._since).total_seconds() / 3600
        else:
            added = self._demand.volume(now) - self._demand.volume(self._since)
        self._highest = max(self._highest, self._counted + added)
        return self._highest

    def _level(self, flow: float) -> float:
        """m of water for a flow in m3/h: deeper with more of it, never quite dry."""
        share = abs(flow) / self.settings.mean_flow
        return max(0.02, self.settings.nominal_level * math.pow(share, 0.6))

    def _velocity(self, flow: float, level: float) -> float:
        """m/s: the flow over the wetted cross-section of a rectangular channel."""
        area = self.settings.channel_width * level
        return flow / 3600 / area if area > 0 else 0.0

    def _temperature(self, now: datetime) -> float:
        """degC: warmest in the afternoon."""
        hours = now.hour + now.minute / 60 + now.second / 3600
        return self.settings.mean_temperature + 0.8 * math.cos(math.tau * (hours - 16) / 24)
