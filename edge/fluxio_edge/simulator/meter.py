"""One simulated transmitter: what it measures at a moment, and how it can be steered."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fluxio_edge.reading import Clock
from fluxio_edge.registers import Metric
from fluxio_edge.simulator.command import HOLDABLE, LINE_FAULTS, Command, Fault
from fluxio_edge.simulator.demand import EPOCH, Demand
from fluxio_edge.simulator.plant_file import SimulatedMeter

_DELAY_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class State:
    """A meter at one moment: what its registers hold, in our units, and what is wrong with it."""

    values: dict[Metric, float]
    fault: Fault | None
    delay_s: float


class Meter:
    """A transmitter in a channel; may be used from any thread."""

    def __init__(
        self,
        settings: SimulatedMeter,
        *,
        clock: Clock,
        seed: str,
        utc_offset_h: float,
        timetable: Iterable[tuple[datetime, Command]] = (),
        start: datetime | None = None,
    ) -> None:
        """Starts out following the day, without a fault, at `start` or now; obeys `timetable`, which is by time."""
        self.settings = settings
        #: How often it was asked, answered or not.
        self.requests = 0
        self._clock = clock
        self._seed = f"{seed}/{settings.name}"
        self._demand = Demand(settings.mean_flow, seed=self._seed, utc_offset_h=utc_offset_h)
        self._timetable = iter(timetable)
        self._next = next(self._timetable, None)
        self._held: dict[Metric, float] = {}
        self._kept: dict[Metric, float] = {}  # what a stuck sensor or a frozen transmitter shows
        self._fault: Fault | None = None
        self._fault_share = 1.0
        self._delay_s = _DELAY_S
        self._mutex = threading.Lock()
        # The totalizer was `_counted` at `_since`, and has integrated one unchanged flow from there.
        self._since = start or clock()
        self._counted = settings.totalizer_start + self._demand.volume(self._since)
        self._highest = self._counted

    @property
    def fault(self) -> Fault | None:
        """What is wrong with it now."""
        return self.look().fault

    def measure(self) -> dict[Metric, float]:
        """What the registers hold now; NaN where there is no value."""
        return self.look().values

    def look(self) -> State:
        """How it is now."""
        with self._mutex:
            now = self._obey_timetable()
            return State(self._values(now), self._fault, self._delay_s)

    def ask(self) -> State:
        """How it is for one more request: a fault of the line may spare it."""
        with self._mutex:
            now = self._obey_timetable()
            self.requests += 1
            fault = self._fault
            if fault in LINE_FAULTS and self._fault_share < 1:
                chance = random.Random(f"{self._seed}/{self.requests}").random()  # noqa: S311 (no secret)
                fault = fault if chance < self._fault_share else None
            return State(self._values(now), fault, self._delay_s)

    def apply(self, command: Command) -> None:
        """Do what `command` says, from now on."""
        with self._mutex:
            self._apply(command, self._obey_timetable())

    def _obey_timetable(self) -> datetime:
        """Do what was due by now, as of when it was due; the time now."""
        now = self._clock()
        while self._next is not None and self._next[0] <= now:
            moment, command = self._next
            self._apply(command, moment)
            self._next = next(self._timetable, None)
        return now

    def _apply(self, command: Command, now: datetime) -> None:
        self._counted, self._since = self._total(now), now
        given = command.model_fields_set
        shown = self._values(now)
        for metric in HOLDABLE:
            if metric in given:
                value = getattr(command, metric)
                if value is None:
                    self._held.pop(metric, None)
                else:
                    self._held[metric] = value
        if command.totalizer is not None:
            self._counted = self._highest = command.totalizer
        if "fault_share" in given:
            self._fault_share = command.fault_share or 1.0
        if "delay_s" in given:
            self._delay_s = _DELAY_S if command.delay_s is None else command.delay_s
        if "fault" in given and command.fault != self._fault:
            self._fault = None
            self._kept = shown if command.fault == "frozen" else self._values(now)
            self._fault = command.fault

    def _values(self, now: datetime) -> dict[Metric, float]:
        if self._fault == "frozen":
            return dict(self._kept)
        flow = self._flow(now)
        level = self._held.get("level", self._level(flow))
        values: dict[Metric, float] = {
            "flow_rate": flow,
            "level": level,
            "velocity": self._velocity(flow, level),
            "temperature": self._temperature(now),
            "pressure": self._pressure(flow),
            "battery_level": self._battery(now),
            "signal_strength": self._signal(now),
            **self._held,
        }
        if self._fault == "stuck":
            values = dict(self._kept)
        elif self._fault == "nan":
            values["flow_rate"] = values["velocity"] = math.nan
        elif self._fault == "ghost":
            values = dict.fromkeys(values, 0.0)
        values["totalizer"] = 0.0 if self._fault == "ghost" else self._shown_total(now)
        return values

    def _flow(self, now: datetime) -> float:
        """m3/h that the totalizer counts."""
        if self._fault == "stuck":
            return self._kept["flow_rate"]
        return self._held.get("flow_rate", self._demand.flow(now))

    def _total(self, now: datetime) -> float:
        """m3 counted so far; reverse flow counts nothing, and a clock set back takes nothing away."""
        steady = self._kept["flow_rate"] if self._fault == "stuck" else self._held.get("flow_rate")
        if steady is not None:
            added = max(steady, 0.0) * (now - self._since).total_seconds() / 3600
        else:
            added = self._demand.volume(now) - self._demand.volume(self._since)
        self._highest = max(self._highest, self._counted + added)
        return self._highest

    def _shown_total(self, now: datetime) -> float:
        """m3 on the counter, which has only so many digits."""
        total, most = self._total(now), self.settings.totalizer_max
        return total if most is None else math.fmod(total, most)

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

    def _pressure(self, flow: float) -> float:
        """bar: falls with the square of the flow, by a tenth at the mean flow."""
        share = abs(flow) / self.settings.mean_flow
        return max(0.0, self.settings.nominal_pressure * (1 - 0.1 * share * share))

    def _battery(self, now: datetime) -> float:
        """%: one less every third day, and changed before it is empty."""
        days = (now - EPOCH).total_seconds() / 86_400
        return float(100 - int(days / 3) % 80)

    def _signal(self, now: datetime) -> float:
        """dBm: rises and falls over some three hours."""
        return float(round(-67 + 6 * math.cos(math.tau * (now - EPOCH).total_seconds() / 10_007)))
