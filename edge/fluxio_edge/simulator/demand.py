"""How much water a place draws over the day, as a function of time alone.

A sum of sines: two for the day (least at night, peaks in the morning and the evening) and several
short ones whose periods share no divisor, which look like noise. Being a formula, it is the same on
every run, and its integral, which the totalizer needs, is exact and does not depend on how often
anybody looks.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime

_DAY_S = 86_400.0

#: (share of the mean, period in s, time of a peak in hours): together least around 2:00, most around 18:30.
_DAILY = ((0.27, _DAY_S, 15.5), (0.17, _DAY_S / 2, 7.5))

#: (share of the mean, period in s); together at most 7 % of the mean.
_NOISE = ((0.02, 1_709.0), (0.016, 523.0), (0.014, 131.0), (0.012, 41.0), (0.008, 13.0))

#: Demand is always within these shares of the mean.
LEAST, MOST = 0.52, 1.41

#: Totalizers count from here on.
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Wave:
    share: float
    omega: float  # radians per second
    phase: float

    def at(self, t: float) -> float:
        return self.share * math.cos(self.omega * t + self.phase)

    def integral(self, t: float) -> float:
        """From t = 0, in seconds."""
        return self.share / self.omega * (math.sin(self.omega * t + self.phase) - math.sin(self.phase))


class Demand:
    """The demand at one place with the mean `mean_flow` in m3/h; never negative."""

    def __init__(self, mean_flow: float, *, seed: str, utc_offset_h: float = 0.0) -> None:
        """`seed` chooses the noise; `utc_offset_h` is where the day's hours are counted."""
        chance = random.Random(seed)  # noqa: S311 (no secret)
        self._mean = mean_flow
        daily = (
            _Wave(share, math.tau / period, -math.tau * (peak_h - utc_offset_h) * 3600 / period)
            for share, period, peak_h in _DAILY
        )
        noise = (_Wave(share, math.tau / period, chance.uniform(0, math.tau)) for share, period in _NOISE)
        self._waves = (*daily, *noise)

    def flow(self, moment: datetime) -> float:
        """m3/h at `moment`."""
        t = (moment - EPOCH).total_seconds()
        return self._mean * (1 + sum(wave.at(t) for wave in self._waves))

    def volume(self, moment: datetime) -> float:
        """m3 drawn from EPOCH to `moment`; only grows."""
        t = (moment - EPOCH).total_seconds()
        return self._mean / 3600 * (t + sum(wave.integral(t) for wave in self._waves))
