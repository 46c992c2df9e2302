"""The gateway's clock, and whether it can be believed.

A gateway without a battery starts in 1970, at its firmware's date, or where it was switched off, and
is set seconds to hours later. Its clock is believed from the moment that the kernel calls it
synchronized, or that it agrees with the API's; and no more after it was stepped, until it is
confirmed anew. What is read meanwhile is held back, with the time since boot.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from fluxio_edge import RELEASED, host
from fluxio_edge.condition import Condition
from fluxio_edge.forward_settings import ClockSettings
from fluxio_edge.hindsight import Held, Hindsight
from fluxio_edge.reading import Reading

_log = logging.getLogger(__name__)

State = Literal["set", "doubted", "given up"]

#: No step is smaller; NTP slews what is less [s].
_STEP_S: Final = 2.0
#: No reading is stored later after it was taken [s].
_ON_ITS_WAY_S: Final = 300.0
#: Doubt that ends sooner is not worth a line: most often the API's first answer ends it [s].
_PATIENCE_S: Final = 60.0
#: For how long an estimate of the API's time is kept [s].
_STALE_S: Final = 3_600.0
#: How far a clock that is called synchronized may be from the API's before it is said [s].
_APART_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Sources:
    """Where times come from; tests give their own."""

    #: The gateway's clock [s since 1970].
    wall: Callable[[], float] = time.time
    since_boot: Callable[[], float] = host.since_boot
    is_synchronized: Callable[[], bool] = host.is_synchronized
    boot_id: Callable[[], str] = host.boot_id


class GatewayClock:
    """See the module. For one thread."""

    def __init__(self, settings: ClockSettings, sources: Sources | None = None) -> None:
        """Nothing is believed yet."""
        self._settings = settings
        self._sources = sources or Sources()
        self._boot = self._sources.boot_id()
        self._set = settings.trust == "always"
        #: When the boot began by this clock, and by the API's [s since 1970].
        self._began = self._sources.wall() - self._sources.since_boot()
        self._began_for_api: float | None = None
        self._round_trip = 0.0
        self._heard_at = 0.0
        #: The last step: when [s since boot], and what `_began` was before.
        self._step: tuple[float, float] | None = None
        self._doubted_at = self._sources.since_boot()
        #: The API's first answer of this doubt [s since boot].
        self._answered_at: float | None = None
        self._condition = Condition("clock", _log)

    def __call__(self) -> datetime:
        """The gateway's time, right or wrong."""
        self.look()
        return datetime.fromtimestamp(self._sources.wall(), UTC)

    @property
    def state(self) -> State:
        """set: believed. doubted: readings are held back. given up: they are sent as suspect."""
        if self._set:
            return "set"
        waited = None if self._answered_at is None else self._sources.since_boot() - self._answered_at
        return "given up" if waited is not None and waited >= self._settings.wait_s else "doubted"

    @property
    def ahead_of_api(self) -> float | None:
        """How far this clock is ahead of the API's [s], if that is known."""
        return None if self._began_for_api is None else self._began - self._began_for_api

    @property
    def knows_api(self) -> bool:
        """Whether the clock is believed or the API has answered since the doubt began."""
        return self._set or self._answered_at is not None

    def look(self) -> None:
        """Notice steps, and what confirms the clock. Call it often."""
        since_boot = self._sources.since_boot()
        began = self._sources.wall() - since_boot
        if abs(began - self._began) > _STEP_S:
            self._step = (since_boot, self._began)
            if self._set and self._settings.trust == "checked" and not self._sources.is_synchronized():
                self._set, self._doubted_at, self._answered_at = False, since_boot, None
                _log.warning("clock: was stepped by %+.1f s: to be confirmed", began - self._began)
        self._began = began
        if not self._set and self._is_confirmed():
            self._set = True
        self._tell(since_boot)

    def heard(self, api_time: datetime | None, round_trip: float) -> None:
        """The API answered just now, `round_trip` seconds after it was asked, and told its time or did not."""
        since_boot = self._sources.since_boot()
        if self._answered_at is None:
            self._answered_at = since_boot
            self._began_for_api = None
        if api_time is None:
            self.look()
            return
        # A Date has whole seconds, cut off.
        began = api_time.timestamp() + 0.5 - (since_boot - round_trip / 2)
        # One estimate for many readings keeps their spacing, and the quickest answer's is the best.
        stale = since_boot - self._heard_at > _STALE_S
        if self._began_for_api is None or round_trip < self._round_trip or stale:
            self._began_for_api, self._round_trip, self._heard_at = began, round_trip, since_boot
        self.look()

    def settle(self, reading: Reading) -> tuple[Reading, Held | None]:
        """`reading` as it is to be stored: as it is, held back, or as suspect."""
        self.look()
        since_boot = self._since_boot_of(datetime.fromisoformat(reading.created_at).timestamp())
        state = self.state
        if state == "doubted":
            return reading, Held(self._boot, since_boot)
        if self._step is None and state == "set":
            return reading, None
        hindsight = self.hindsight()
        if hindsight is None:
            return reading, Held(self._boot, since_boot)
        return hindsight.of_this_boot(reading, since_boot), None

    def hindsight(self) -> Hindsight | None:
        """What to give readings that are held back, None while they are to wait."""
        state = self.state
        if state == "set":
            return Hindsight(self._boot, self._began, trusted=True, earliest=RELEASED)
        if state == "given up":
            began = self._began if self._began_for_api is None else self._began_for_api
            return Hindsight(self._boot, began, trusted=False, earliest=RELEASED)
        return None

    def _is_confirmed(self) -> bool:
        if self._settings.trust == "always":
            return True
        if self._sources.is_synchronized() and self._sources.wall() >= RELEASED.timestamp():
            return True
        ahead = self.ahead_of_api
        return self._answered_at is not None and ahead is not None and abs(ahead) <= self._settings.tolerance_s

    def _since_boot_of(self, told: float) -> float:
        """When a reading was taken [s since boot] whose time this clock told a moment ago."""
        now = self._sources.since_boot()
        since_boot = told - self._began
        if self._step is not None:
            stepped_at, began_before = self._step
            before = told - began_before
            if now - stepped_at > _ON_ITS_WAY_S:
                self._step = None
            elif (since_boot < stepped_at or since_boot > now + _STEP_S) and before <= now:
                return before
        return min(since_boot, now)

    def _tell(self, since_boot: float) -> None:
        """One line for each change of what is wrong."""
        ahead = self.ahead_of_api
        if self.state == "given up":
            self._condition.trouble("given up", "is not set: readings are sent as suspect, at the API's time")
        elif not self._set:
            if self._sources.wall() < RELEASED.timestamp():
                self._condition.trouble("unset", f"is not set ({self._text()}): readings are held back")
            elif since_boot - self._doubted_at > _PATIENCE_S:
                self._condition.trouble("unsure", "is not confirmed by NTP or by the API: readings are held back")
        elif ahead is not None and abs(ahead) > _APART_S and self._settings.trust == "checked":
            apart = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the API's"
            self._condition.trouble("apart", f"is {apart}, though the kernel calls it synchronized")
        else:
            self._condition.well(f"is set ({self._text()})")

    def _text(self) -> str:
        return f"{datetime.fromtimestamp(self._sources.wall(), UTC):%Y-%m-%d %H:%M:%S} UTC"
