"""What a reading looks like on its way."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from fluxio_edge.reading import build_reading, iso_utc
from fluxio_edge.registers import Decoded

MOMENT = datetime(2026, 2, 18, 4, 22, 10, 125_999, tzinfo=UTC)


def test_a_reading_has_its_time_its_values_and_its_quality() -> None:
    reading = build_reading("M1", MOMENT, {"flow_rate": Decoded(450.0), "level": Decoded(0.0)})
    assert reading is not None
    assert json.loads(reading.body) == {
        "device_id": "M1",
        "created_at": "2026-02-18T04:22:10.125Z",
        "flow_rate": 450.0,
        "level": 0.0,
        "quality": "good",
    }
    assert (reading.device_id, reading.created_at) == ("M1", "2026-02-18T04:22:10.125Z")


def test_a_value_that_is_none_is_left_out_and_its_flag_kept() -> None:
    values = {
        "flow_rate": Decoded(None, "invalid_float"),
        "velocity": Decoded(None, "invalid_float"),
        "level": Decoded(0.2),
    }
    reading = build_reading("M1", MOMENT, values, partial=True)  # type: ignore[arg-type] # the keys are metrics
    assert reading is not None
    body = json.loads(reading.body)
    assert "flow_rate" not in body
    assert (body["level"], body["quality"], body["flags"]) == (0.2, "suspect", ["invalid_float", "partial"])


def test_nothing_measured_is_no_reading() -> None:
    assert build_reading("M1", MOMENT, {"flow_rate": Decoded(None, "invalid_float")}) is None


def test_times_are_written_in_utc() -> None:
    kolkata = timezone(timedelta(hours=5, minutes=30))
    assert iso_utc(MOMENT.astimezone(kolkata)) == "2026-02-18T04:22:10.125Z"
    with pytest.raises(ValueError, match="time zone"):
        iso_utc(MOMENT.replace(tzinfo=None))
