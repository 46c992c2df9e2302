from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from fluxio_api.ingest.units import UNITS, in_our_unit
from fluxio_api.people.keys import Metric

ROOT = Path(__file__).parents[3]
MIGRATION = ROOT / "supabase" / "migrations" / "20261125030200_flat_units.sql"
PAGE = ROOT / "dashboard_static" / "js" / "views" / "admin" / "key-limits.js"


@pytest.mark.parametrize(
    ("metric", "number", "unit", "ours"),
    [
        ("flow_rate", 0.123456, "m3/s", 444.4416),
        ("flow_rate", 34.293333, "l/s", 123.4559988),
        ("flow_rate", 7.5, "m3/min", 450.0),
        ("flow_rate", 24, "m3/d", 1.0),
        ("flow_rate", 7500, "l/min", 450.0),
        ("flow_rate", -450000.0, "l/h", -450.0),
        ("flow_rate", 0, "m3/s", 0.0),
        ("flow_rate", 12.5, "m3/h", 12.5),
        ("totalizer", 123456781, "l", 123456.781),
        ("level", 1501, "mm", 1.501),
        ("level", 150.1, "cm", 1.501),
        ("pressure", 210, "kPa", 2.1),
        ("pressure", 2100.0, "mbar", 2.1),
        ("pressure", 210_000, "Pa", 2.1),
    ],
)
def test_a_number_of_another_unit_becomes_ours_and_not_a_bit_more(
    metric: str, number: float, unit: str, ours: float
) -> None:
    assert in_our_unit(metric, number, unit) == ours


def test_the_database_takes_the_units_that_are_known_here_and_no_other() -> None:
    """The check of api_keys.flat_units and UNITS are one list."""
    check = MIGRATION.read_text().split("api_keys_flat_units_check check (")[1].split(");")[0]
    listed = {
        metric: (default, set(re.findall(r"'([^']+)'", units)))
        for metric, default, units in re.findall(r"->> '(\w+)', '([^']+)'\) in \(([^)]*)\)", check)
    }
    assert listed == {metric: (next(iter(units)), set(units)) for metric, units in UNITS.items()}


def test_people_are_offered_the_units_that_are_known_here_and_no_other() -> None:
    offered = PAGE.read_text().split("UNITS = {")[1].split("};")[0]
    listed = {metric: re.findall(r'"([^"]+)"', units) for metric, units in re.findall(r"(\w+): \[([^\]]+)\]", offered)}
    assert listed == {metric: list(units) for metric, units in UNITS.items()}
    assert get_args(Metric) == tuple(UNITS)
