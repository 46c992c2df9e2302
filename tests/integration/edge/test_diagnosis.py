"""A meter whose first values cannot be right gets one line that names the likely mistake, and nothing else changes."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path
from typing import Any

import pytest

from support.polling import Polled, poll_until
from support.rtu_line import FakeMeter, RtuLine, on_a_port

#: (what the profile says, value in the meter's unit), all bytes different.
VALUES = {10: 0.123456789, 12: 1.2345678, 14: 0.7654321, 16: 17.65432, 5200: 123456.78}


def meter(order: str = "CDAB", *, shift: int = 0, function_code: int = 4, all_of_it: bool = False) -> FakeMeter:
    """A Nivus 750 but for what is said here; `all_of_it` has words everywhere, 0 where nothing is kept."""
    meter = FakeMeter()
    if all_of_it:
        for code in (3, 4):
            meter.hold(code, 0, *[0] * 30)
            meter.hold(code, 5190, *[0] * 30)
    for address, value in VALUES.items():
        sent = struct.pack(">f", value)
        meter.hold(function_code, address + shift, *struct.unpack(">2H", bytes(sent["ABCD".index(x)] for x in order)))
    return meter


def poll(meter: FakeMeter, *, profile: str = "nivus_750", polls: int = 3) -> tuple[RtuLine, Polled]:
    line = RtuLine({1: meter})
    with on_a_port(line) as port:
        tables: dict[str, Any] = {
            "bus": {"port": port, "framer": "rtu", "timeout_s": 1, "backoff_max_s": 0.1},
            "meters": [{"device_id": "M1", "unit": 1, "profile": profile, "interval_s": 0.1}],
        }
        polled = asyncio.run(
            poll_until(tables, lambda p: len(p.of("M1")) >= polls or (len(line.asked) > 30 and not p.of("M1")))
        )
    return line, polled


FOUND = "flow_rate 444.444, level 1.23457, velocity 0.765432, temperature 17.6543, totalizer 123457"


@pytest.mark.parametrize("all_of_it", [False, True], ids=["mapped only", "zeros around"])
@pytest.mark.parametrize(
    ("made", "advice"),
    [
        ({"order": "ABCD"}, 'order = "ABCD" '),
        ({"order": "BADC"}, 'order = "BADC" '),
        ({"order": "DCBA"}, 'order = "DCBA" '),
        ({"shift": 1}, "addresses +1 (flow_rate at 11) "),
        ({"shift": -1}, "addresses -1 (flow_rate at 9) "),
        ({"function_code": 3}, "function_code = 3 "),
        ({"function_code": 3, "order": "ABCD"}, 'order = "ABCD" and function_code = 3 '),
        ({"function_code": 3, "shift": -1}, "addresses -1 (flow_rate at 9) and function_code = 3 "),
    ],
)
def test_the_likely_mistake_is_named_in_one_line(
    made: dict[str, Any], advice: str, all_of_it: bool, caplog: pytest.LogCaptureFixture
) -> None:
    line, _ = poll(meter(**made, all_of_it=all_of_it))
    told = [record.getMessage() for record in caplog.records if "would fit" in record.getMessage()]
    assert len(told) == 1, caplog.text
    assert f"{advice}gives {FOUND}" in told[0]
    assert told[0].count("gives flow_rate 4") <= 2, "what fits as well, by chance, comes with it"
    wrong = {(each.function_code, each.address, each.count) for each in line.asked} - {(4, 10, 8), (4, 5200, 2)}
    assert len(wrong) <= 16 + 6, "a bounded search"


def test_a_healthy_meter_is_asked_nothing_more(caplog: pytest.LogCaptureFixture) -> None:
    line, polled = poll(meter(all_of_it=True))
    assert {(each.address, each.count) for each in line.asked} == {(10, 8), (5200, 2)}
    assert polled.of("M1")[0]["quality"] == "good"
    assert "cannot be right" not in caplog.text


def test_what_is_stored_is_what_the_profile_says(caplog: pytest.LogCaptureFixture) -> None:
    _, polled = poll(meter("ABCD", all_of_it=True))
    assert "would fit" in caplog.text
    for body in polled.of("M1"):
        assert "implausible_order" in body["flags"]
        assert body.get("level") != pytest.approx(1.2345678)


def test_one_register_that_is_wrong_is_named_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = meter(all_of_it=True)
    made.hold(4, 12, *struct.unpack(">2H", struct.pack(">f", 1.2345678)))
    poll(made)
    assert 'level implausible_order; would fit: for level order = "ABCD" gives level 1.23457' in caplog.text


def test_words_that_fit_nothing_are_said_to(caplog: pytest.LogCaptureFixture) -> None:
    made = meter(all_of_it=True)
    for address in (10, 12, 14, 16, 5200):
        made.hold(4, address, 0x7F01, 0x7F01)
    poll(made)
    assert "no other order, type, neighbouring address or function code fits either" in caplog.text


def test_a_busy_meter_is_not_asked_more_than_usual(caplog: pytest.LogCaptureFixture) -> None:
    made = meter()
    made.most = 0
    line, _ = poll(made)
    assert caplog.text.count("refuses every request; no other order") == 1
    assert len(line.asked) > 30
