"""Units that a sender of flat readings may use, as set on its key; never guessed from a number's size."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

#: What one of a unit is in the metric's own unit, which is the first of each; public.api_keys.flat_units.
UNITS: Final[dict[str, dict[str, Fraction]]] = {
    "flow_rate": {
        "m3/h": Fraction(1),
        "m3/s": Fraction(3600),
        "m3/min": Fraction(60),
        "m3/d": Fraction(1, 24),
        "l/s": Fraction(36, 10),
        "l/min": Fraction(6, 100),
        "l/h": Fraction(1, 1000),
    },
    "totalizer": {"m3": Fraction(1), "l": Fraction(1, 1000)},
    "level": {"m": Fraction(1), "cm": Fraction(1, 100), "mm": Fraction(1, 1000)},
    "pressure": {"bar": Fraction(1), "mbar": Fraction(1, 1000), "kPa": Fraction(1, 100), "Pa": Fraction(1, 100_000)},
}


def in_our_unit(metric: str, number: float, unit: str) -> float:
    """`number` of `unit` in the metric's own unit."""
    return scaled(number, UNITS[metric][unit])


def scaled(number: float, scale: Fraction, offset: Fraction = Fraction(0)) -> float:
    """`number` times `scale` plus `offset`, rounded once: 0.123456 m3/s is 444.4416 m3/h and not a bit more."""
    return float(exactly(number) * scale + offset)


def exactly(number: float) -> Fraction:
    """The decimal number that `number` is written as."""
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))
