"""Units of meters that are known by name, and what they are in ours."""

from __future__ import annotations

from typing import Final

from fluxio_edge.registers import Metric

_FOOT: Final = 0.3048
#: US liquid gallon and cubic foot in m3 (NIST SP 811, appendix B.8; both exact).
_GALLON: Final = 0.003785411784
_CUBIC_FOOT: Final = 0.028316846592

_LENGTHS: Final = {"m": 1.0, "dm": 0.1, "cm": 0.01, "mm": 0.001, "ft": _FOOT, "in": 0.0254}
_VOLUMES: Final = {"m3": 1.0, "l": 0.001, "hl": 0.1, "Ml": 1000.0, "gal_us": _GALLON, "ft3": _CUBIC_FOOT}

#: (factor, offset) by metric and the meter's unit: ours is theirs * factor + offset.
CONVERSIONS: Final[dict[Metric, dict[str, tuple[float, float]]]] = {
    "flow_rate": {
        "m3/h": (1.0, 0.0),
        "m3/s": (3600.0, 0.0),
        "m3/min": (60.0, 0.0),
        "m3/d": (1 / 24, 0.0),
        "l/s": (3.6, 0.0),
        "l/min": (0.06, 0.0),
        "l/h": (0.001, 0.0),
        "Ml/d": (1000 / 24, 0.0),
        "gal_us/min": (60 * _GALLON, 0.0),
        "ft3/s": (3600 * _CUBIC_FOOT, 0.0),
    },
    "totalizer": {unit: (factor, 0.0) for unit, factor in _VOLUMES.items()},
    "temperature": {"degC": (1.0, 0.0), "K": (1.0, -273.15), "degF": (5 / 9, -160 / 9)},
    "pressure": {
        "bar": (1.0, 0.0),
        "mbar": (0.001, 0.0),
        "hPa": (0.001, 0.0),
        "kPa": (0.01, 0.0),
        "MPa": (10.0, 0.0),
        "Pa": (0.00001, 0.0),
        "mH2O": (0.0980665, 0.0),
        "psi": (0.0689475729, 0.0),
    },
    "level": {unit: (factor, 0.0) for unit, factor in _LENGTHS.items()},
    "velocity": {f"{unit}/s": (factor, 0.0) for unit, factor in _LENGTHS.items()},
    "battery_level": {"%": (1.0, 0.0)},
    "signal_strength": {"dBm": (1.0, 0.0)},
}
