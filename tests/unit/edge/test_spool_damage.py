"""A spool whose file is damaged: nothing of it is thrown away, and the agent goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from fluxio_edge.hindsight import Held
from fluxio_edge.reading import Reading
from fluxio_edge.spool import Refused, Spool
from fluxio_edge.spool_file import read_counts

COUNT = 400
PADDING = "y" * 200


def reading(number: int) -> Reading:
    return Reading("M1", f"2026-01-01T00:{number // 60:02}:{number % 60:02}.000Z", f'{{"n":{number},"x":"{PADDING}"}}')


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.sqlite3"


def fill(spool: Spool) -> None:
    spool.add_all([(reading(number), None) for number in range(1, COUNT + 1)])
    spool.settle([], [Refused(COUNT, "conflict")])


def zero_header(content: bytearray) -> None:
    content[:100] = bytes(100)


def scribble(content: bytearray) -> None:
    content[8 * 4096 : 10 * 4096] = b"\xa5" * 8192


def cut(content: bytearray) -> None:
    del content[12 * 4096 :]


def set_aside(path: Path) -> list[Path]:
    return [each for each in path.parent.glob("spool.sqlite3.damaged-*Z*") if not each.name.endswith(("-wal", "-shm"))]


@pytest.mark.parametrize("harm", [zero_header, scribble, cut])
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(
    path: Path, harm: Callable[[bytearray], None], caplog: pytest.LogCaptureFixture
) -> None:
    with Spool(path) as spool:
        fill(spool)
    content = bytearray(path.read_bytes())
    harm(content)
    path.write_bytes(content)
    with caplog.at_level(logging.INFO), Spool(path) as spool:
        recovered = [each.reading for each in spool.oldest(COUNT)]
        assert {each.body for each in recovered} <= {reading(number).body for number in range(1, COUNT)}
        if harm is scribble:
            assert len(recovered) > COUNT * 0.8, "what lies before and behind the damage"
        spool.add(reading(999))
        assert spool.waiting == len(recovered) + 1
        assert spool.counts().damaged == 1
    (aside,) = set_aside(path)
    assert aside.read_bytes() == content, "nothing is thrown away"
    assert "is damaged" in caplog.messages[0]
    assert aside.name in caplog.messages[0]
    assert caplog.messages[1].endswith(f"{len(recovered)} reading(s) of the damaged file were recovered")
    with Spool(path) as again:
        assert again.waiting == len(recovered) + 1


def test_damage_that_shows_while_the_agent_runs_stops_nothing(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Spool(path, settle_s=3600) as spool:
        fill(spool)
        spool.settle([1, 2], [])
        spool._file._connection.execute("pragma wal_checkpoint(truncate)")
        spool._file._connection.execute("pragma shrink_memory")
        content = bytearray(path.read_bytes())
        content[4096:] = b"\xa5" * (len(content) - 4096)
        path.write_bytes(content)
        assert len(spool.oldest(COUNT)) < COUNT
        spool.add(reading(999), Held("boot", 1))
        assert (spool.last_seq, spool.held, spool.counts().damaged) == (COUNT + 1, 1, 1)
    assert len(set_aside(path)) == 1
    assert len([message for message in caplog.messages if "is damaged" in message]) == 1
    assert read_counts(path).waiting >= 1


def test_a_second_damage_leaves_the_first_file_alone(path: Path) -> None:
    for _ in range(3):
        with Spool(path) as spool:
            fill(spool)
        path.write_bytes(b"\0" + b"\xff" * 5000)
        with Spool(path) as spool:
            assert spool.waiting == 0
    assert len(set_aside(path)) == 3
