"""A line of the database is read and written without losing a bit of it."""

from __future__ import annotations

import hashlib
import json
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxio_api.archive import parquet
from fluxio_api.archive.lines import Sums, line_of, number_line_of, parse

#: As PostgreSQL wrote it; supabase/tests/test_52_archive.sql has the same.
LINE = (
    '["TAP_NORTH", 1768024800123456, 1768024801000000, "3fb999999999999a", "4059000000000000", null, null, null, null, '
    '97, null, "good", "[\\"late\\",\\"a \\\\\\"b\\\\\\"\\"]", '
    '"{\\"n\\": 12345678901234567890, \\"note\\": \\"1\\\\n2\\"}"]'
)

floats = st.none() | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
instants = st.integers(1_767_225_600_000_000, 1_767_311_999_999_999)
values = st.tuples(
    texts, instants, instants, floats, floats, floats, floats, floats, floats,
    st.none() | st.integers(0, 100), st.none() | st.integers(-140, 0), st.sampled_from(["good", "bad"]),
    st.lists(st.none() | texts), st.dictionaries(texts, floats | texts).map(json.dumps),
)  # fmt: skip


def test_the_databases_line_is_made_again() -> None:
    read = parse(LINE)
    assert read[3:5] == [0.1, 100.0]
    assert read[12] == ["late", 'a "b"']
    assert line_of(read) == LINE


@given(st.lists(values, min_size=1, max_size=5))
def test_a_file_gives_back_every_bit(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[object, ...]]) -> None:
    lines = [line_of(row) for row in rows]
    assert [line_of(parse(line)) for line in lines] == lines
    path = tmp_path_factory.mktemp("archive") / "month.parquet"
    parquet.write(path, [lines])
    with path.open("rb") as file:
        read = [row for batch in parquet.each(file, 2) for row in batch]
    assert [line_of(row) for row in read] == lines


@given(values)
def test_numbers_for_the_database_are_exact(row: tuple[object, ...]) -> None:
    numbers = json.loads(number_line_of(row), parse_float=str, parse_int=str)[3:9]
    sent = [None if number is None else struct.pack(">d", float(number)) for number in numbers]
    assert sent == [None if value is None else struct.pack(">d", value) for value in row[3:9]]


def test_sums_do_not_depend_on_the_order_and_notice_a_bit() -> None:
    def hash_of(*lines: str) -> str:
        sums = Sums()
        sums.add(lines)
        return sums.hash()

    assert hash_of("a", "b") == hash_of("b", "a")
    assert len({hash_of(), hash_of("a"), hash_of("a", "a"), hash_of("a", "b"), hash_of("a", "c")}) == 5
    assert hash_of() == hashlib.sha256(b"0 0 0").hexdigest()


def test_the_newest_come_first_and_only_whose_were_asked_for(tmp_path: Path) -> None:
    day = 86_400_000_000
    start = 1_767_225_600_000_000
    # More than a slice in the first day, so that it is read in several passes.
    crowded = [_line(f"D{number % 40:02}", start + number * 1_000_000) for number in range(80_000)]
    second = [_line("D00", start + day), _line("D01", start + day)]
    parquet.write(tmp_path / "month", [sorted(crowded[at : at + 5000]) for at in range(0, 80_000, 5000)] + [second])
    window = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)
    turns: list[str] = []

    class Turn:
        def __enter__(self) -> None:
            turns.append("begun")

        def __exit__(self, *_: object) -> None:
            turns.append("ended")

    with (tmp_path / "month").open("rb") as file:
        found = [(row[0], row[1]) for row in parquet.newest_first(file, ["D01", "D00", "X"], *window, Turn())]
    expected = [("D00", start + day), ("D01", start + day)]
    expected += [
        (f"D{number % 40:02}", start + number * 1_000_000) for number in range(79_999, -1, -1) if number % 40 < 2
    ]
    assert found == expected
    assert turns == ["begun", "ended"] * (len(turns) // 2)
    assert len(turns) > 2 * 3


def test_a_file_of_something_else_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "month").write_bytes(b"PAR1 or not")
    with (tmp_path / "month").open("rb") as file, pytest.raises(OSError, match="damaged"):
        list(parquet.each(file, 10))


def _line(device_id: str, created_at: int) -> str:
    return line_of([device_id, created_at, created_at, 1.5, *[None] * 7, "good", [], "{}"])
