"""Commands that look into a spool and change it, also while an agent has it open."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fluxio_edge.cli import main
from fluxio_edge.hindsight import Held
from fluxio_edge.reading import Reading
from fluxio_edge.spool import Refused, Spool

CODES = ("unknown_device", "conflict", "conflict")


def reading(number: int, device: str = "M1") -> Reading:
    created_at = f"2026-12-01T00:00:0{number}.000Z"
    body = {"device_id": device, "created_at": created_at, "flow_rate": number + 0.5, "quality": "good"}
    return Reading(device, created_at, json.dumps(body, separators=(",", ":")))


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """Readings 4 and 5 wait, 5 for the clock; 1 to 3 were refused, the third of M2."""
    with Spool(tmp_path / "s") as spool:
        spool.add_all([(reading(1), None), (reading(2), None), (reading(3, "M2"), None), (reading(4), None)])
        spool.add(reading(5), Held("boot", 5))
        spool.settle([], [Refused(seq, code, "/why") for seq, code in enumerate(CODES, 1)])
        yield spool


@pytest.fixture
def path(tmp_path: Path, spool: Spool) -> Path:
    return tmp_path / "s"


def edge(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments], env={"FLUXIO_EDGE_DATA": None})


def numbers(spool: Spool) -> list[float]:
    return [json.loads(each.reading.body)["flow_rate"] - 0.5 for each in spool.oldest(100)]


def test_backlog_counts_what_is_held_back(path: Path) -> None:
    assert edge("backlog", "--spool", path).stdout.splitlines() == [
        "waiting      2",
        "  measured   2026-12-01T00:00:04.000Z to 2026-12-01T00:00:04.000Z",
        "  held back  1, until the clock is set",
        "set aside    3",
        "dropped      0",
    ]


def test_backlog_exports_lines_that_the_api_takes(path: Path, spool: Spool) -> None:
    lines = edge("backlog", "--spool", path, "--export", "jsonl").stdout.splitlines()
    assert lines[0] == reading(4).body
    assert json.loads(lines[1]) == {
        **json.loads(reading(5).body),
        "quality": "suspect",
        "flags": ["clock_suspect"],
    }
    assert edge("backlog", "--spool", path, "--list", "1").stdout == reading(4).body + "\n"
    assert spool.counts().waiting == 2, "all stay"


def test_backlog_exports_a_table(path: Path, spool: Spool) -> None:
    spool.add(Reading("M3", "2026-12-01T00:00:06.000Z", '{"device_id":"M3","flags":["a","b"],"metadata":{"x":1}}'))
    rows = list(csv.DictReader(io.StringIO(edge("backlog", "--spool", path, "--export", "csv").stdout)))
    assert [row["device_id"] for row in rows] == ["M1", "M1", "M3"]
    assert (rows[0]["flow_rate"], rows[0]["level"], rows[0]["flags"]) == ("4.5", "", "")
    assert (rows[1]["flags"], rows[2]["flags"], rows[2]["metadata"]) == ("clock_suspect", "a b", '{"x":1}')


def test_a_long_backlog_is_exported_whole(path: Path, spool: Spool) -> None:
    spool.add_all([(reading(7), None)] * 1200)
    assert len(edge("backlog", "--spool", path, "--export", "jsonl").stdout.splitlines()) == 1202


def test_quarantine_lists_and_exports(path: Path) -> None:
    listed = edge("quarantine", "list", "--spool", path).stdout.splitlines()
    assert listed[0] == "1  M1  2026-12-01T00:00:01.000Z  unknown_device  /why"
    assert len(listed) == 3
    (line,) = edge("quarantine", "export", "--spool", path, "--device", "M2", "--code", "conflict").stdout.splitlines()
    exported = json.loads(line)
    assert exported["reading"] == json.loads(reading(3, "M2").body)
    assert (exported["seq"], exported["code"], exported["detail"]) == (3, "conflict", "/why")


def test_quarantined_readings_are_sent_again_by_a_running_agent(path: Path, spool: Spool) -> None:
    done = edge("quarantine", "resend", "--spool", path, "--code", "conflict")
    assert done.stdout == "2 reading(s) are sent again\n"
    assert spool.refresh()
    assert (numbers(spool), spool.waiting, spool.counts().quarantined) == ([4, 2, 3], 4, 1)


def test_quarantined_readings_can_be_dropped(path: Path, spool: Spool) -> None:
    assert (
        edge("quarantine", "drop", "--spool", path, "--seq", "1", "--seq", "3").stdout == "2 reading(s) are deleted\n"
    )
    assert edge("quarantine", "list", "--spool", path).stdout.split()[0] == "2"


@pytest.mark.parametrize("command", ["resend", "drop"])
def test_all_of_them_must_be_meant(path: Path, spool: Spool, command: str) -> None:
    assert "say which" in edge("quarantine", command, "--spool", path).stderr
    assert "say which" in edge("quarantine", command, "--spool", path, "--all", "--seq", "1").stderr
    assert spool.counts().quarantined == 3
    assert edge("quarantine", command, "--spool", path, "--all").stdout.startswith("3 ")
    assert spool.counts().quarantined == 0


def test_a_spool_that_is_missing_is_told_in_words(tmp_path: Path) -> None:
    assert "there is no spool at" in edge("quarantine", "list", "--spool", tmp_path / "none").stderr
    assert "give the agent's CONFIG" in edge("quarantine", "list").stderr
