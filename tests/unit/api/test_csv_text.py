"""Readings as a spreadsheet opens them."""

from __future__ import annotations

import csv
import io

import pytest

from fluxio_api.people.csv_text import csv_lines


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
@pytest.mark.parametrize("column", ["device_id", "flags"])
def test_no_text_of_a_gateway_is_run_by_a_spreadsheet(column: str, start: str) -> None:
    text = f"{start}HYPERLINK(1)"
    reading: dict[str, object] = {column: [text] if column == "flags" else text, "flow_rate": -1.5}
    lines = io.StringIO("".join(csv_lines([reading])), newline="")
    (line,) = csv.DictReader(lines)
    assert line[column] == f"'{text}"
    assert line["flow_rate"] == "-1.5"
